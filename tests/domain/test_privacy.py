"""Erasure of personal data."""

from __future__ import annotations

import msgspec
import pytest

from domain.privacy import NoLegalBasisError, SubjectAlreadyErasedError, SubjectErased
from domain.refusal import NotMandatedError
from tests.domain import charters
from tests.given import given

PERSON = charters.JURY[0]
ERASE = {"subject": PERSON, "legal_basis": "request-of-subject"}
ERASED = SubjectErased(subject=PERSON, legal_basis="request-of-subject")


def test_a_person_s_data_is_erased_on_a_legal_basis() -> None:
    given(charters.charter()).when("erase-subject", ERASE).then(ERASED)


def test_nothing_is_erased_without_legal_basis() -> None:
    given(charters.charter()).when("erase-subject", {"subject": PERSON}).refused(NoLegalBasisError, "/legal_basis")


def test_a_legal_basis_is_one_that_the_law_knows() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"legal_basis"):
        given(charters.charter()).when("erase-subject", {**ERASE, "legal_basis": "convenience"}).decide()


def test_a_person_s_data_is_erased_once_and_that_of_others_apart() -> None:
    given(charters.charter(), ERASED).when("erase-subject", ERASE).refused(SubjectAlreadyErasedError)
    other = {**ERASE, "subject": charters.JURY[1]}
    assert given(background=[charters.charter(), ERASED]).when("erase-subject", other).decide()


def test_a_person_is_named_by_an_opaque_id() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"subject"):
        given(charters.charter()).when("erase-subject", {**ERASE, "subject": "kim-cheolsu"}).decide()


def test_who_has_no_mandate_erases_nothing() -> None:
    given(charters.charter()).by("other").when("erase-subject", ERASE).refused(NotMandatedError)
