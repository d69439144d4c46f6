"""Sealed fields: what has to be on record about a natural person is committed to, and kept elsewhere."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from typing import Final, Literal

from domain.boundary import QueryItem, tag
from domain.decision import Case, Command, decision
from domain.event import Event, event
from domain.privacy import SubjectErased, SubjectId
from domain.refusal import Refusal
from domain.scalars import Sha256
from domain.sentences import Says, Words

Field = Literal["name", "affiliation", "contact", "statement"]
"""What a sealed field is."""
SALT_BYTES: Final = 32
_DOMAIN: Final = b"sillok-sealed-field/1"


def field_commitment(salt: bytes, *, programme: str, subject: str, field: str, text: str) -> str:
    """The commitment to a field, as 64 hexadecimal digits.

    SHA-256 over the name of this form and then salt, programme, subject, field and text, each as length (4 bytes,
    big-endian) and UTF-8 bytes. The salt (32 random bytes) keeps a name from being guessed, and goes with it. Raises
    `ValueError` for a salt of another length.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"salt: {SALT_BYTES} bytes, not {len(salt)}")
    parts = (salt, *(each.encode() for each in (programme, subject, field, text)))
    return hashlib.sha256(_DOMAIN + b"".join(struct.pack(">I", len(each)) + each for each in parts)).hexdigest()


class ErasedSubjectError(Refusal):
    """Nothing more is put on record about a person whose data was erased."""


class FieldAlreadySealedError(Refusal):
    """A commitment is put on record once."""


@event(
    "FieldSealed",
    public="agencies",
    says=Says(
        title=Words("Personal data committed to", "개인정보 봉인"),
        en="{actor} put a commitment to the {field} of {subject} on record",
        ko="{actor}이(가) {subject}의 {field}을(를) 봉인한 값을 기록하였다",
        terms={
            "field": {
                "name": Words("name", "성명"),
                "affiliation": Words("affiliation", "소속"),
                "contact": Words("contact details", "연락처"),
                "statement": Words("statement", "진술"),
            }
        },
    ),
)
class FieldSealed(Event, frozen=True, kw_only=True):
    """A field of a person's is what `commitment` is to; what it says is kept apart, until the person is erased."""

    subject: str
    field: Field
    commitment: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("subject", programme, self.subject),)


class SealedFields:
    """A fact: the fields of one person that were committed to, by position; and whether the person was erased."""

    def __init__(self, programme: str, subject: str) -> None:
        types = (FieldSealed.TYPE, SubjectErased.TYPE)
        self.selects = (QueryItem(types=types, tags=(tag("subject", programme, subject),)),)
        self.sealed: dict[int, FieldSealed] = {}
        self.erased: tuple[int, SubjectErased] | None = None

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, SubjectErased):
            self.erased = position, event
        elif isinstance(event, FieldSealed):
            self.sealed[position] = event


class SealField(Command, frozen=True, kw_only=True):
    """`subject`: the person's opaque id. `commitment`: as the service gave it for the text (`field_commitment`)."""

    subject: SubjectId
    field: Field
    commitment: Sha256


@decision(
    "seal-field", SealField, comes_to=(FieldSealed,), needs=lambda command, p: (SealedFields(p, command.subject),)
)
def seal_field(command: SealField, _case: Case, known: SealedFields) -> Iterator[Event]:
    """Put a commitment to a field of a natural person on record."""
    if known.erased is not None:
        raise ErasedSubjectError(
            f"{command.subject} was erased at position {known.erased[0]}",
            rule="Nothing more is recorded about who was erased.",
        )
    for position, each in known.sealed.items():
        if each.commitment == command.commitment:
            raise FieldAlreadySealedError(
                f"the commitment is at position {position}", rule="A commitment is put on record once."
            )
    yield FieldSealed(subject=command.subject, field=command.field, commitment=command.commitment)
