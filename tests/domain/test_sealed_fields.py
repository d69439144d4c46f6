"""Sealed fields: commitments on record, one at a time, and none any more once the person is erased."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from domain.privacy import SubjectErased
from domain.sealed_fields import (
    SALT_BYTES,
    ErasedSubjectError,
    FieldAlreadySealedError,
    FieldSealed,
    field_commitment,
)
from tests.domain import charters
from tests.given import given

PERSON = charters.JURY[0]
SEAL: dict[str, Any] = {"subject": PERSON, "field": "name", "commitment": "a" * 64}
SEALED = FieldSealed(subject=PERSON, field="name", commitment="a" * 64)
ERASED = SubjectErased(subject=PERSON, legal_basis="request-of-subject")


def test_a_commitment_goes_on_record_and_another_one_beside_it() -> None:
    given(charters.charter()).when("seal-field", SEAL).then(SEALED)
    other = msgspec.structs.replace(SEALED, commitment="b" * 64)
    given(charters.charter(), SEALED).when("seal-field", {**SEAL, "commitment": "b" * 64}).then(other)


def test_a_commitment_goes_on_record_once() -> None:
    given(charters.charter(), SEALED).when("seal-field", SEAL).refused(FieldAlreadySealedError)


def test_nothing_is_recorded_about_who_was_erased() -> None:
    given(charters.charter(), SEALED, ERASED).when("seal-field", {**SEAL, "commitment": "b" * 64}).refused(
        ErasedSubjectError
    )


def test_a_person_with_sealed_fields_is_erased_as_any_other() -> None:
    background = [charters.charter(), SEALED]
    body = {"subject": PERSON, "legal_basis": "request-of-subject"}
    assert given(background=background).when("erase-subject", body).decide()


@pytest.mark.parametrize(("field", "value"), [("subject", "kim"), ("field", "salary"), ("commitment", "A" * 64)])
def test_a_commitment_is_of_a_known_shape(field: str, value: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        given(charters.charter()).when("seal-field", {**SEAL, field: value}).decide()


def test_the_commitment_is_what_its_description_says() -> None:
    """Worked out here by hand: whoever holds salt and text verifies it with nothing but SHA-256."""
    said = b"sillok-sealed-field/1" + b"\0\0\0\x20" + b"\7" * 32 + b"\0\0\0\1p" + b"\0\0\0\4ev-1" + b"\0\0\0\4name"
    text = "홍길동"
    said += b"\0\0\0\x09" + text.encode()
    named = {"programme": "p", "subject": "ev-1", "field": "name", "text": text}
    assert field_commitment(b"\7" * SALT_BYTES, **named) == hashlib.sha256(said).hexdigest()
    assert field_commitment(b"\7" * SALT_BYTES, **{**named, "programme": "pe", "subject": "v-1"}) != (
        field_commitment(b"\7" * SALT_BYTES, **named)
    )
    with pytest.raises(ValueError, match="salt"):
        field_commitment(b"", **named)
