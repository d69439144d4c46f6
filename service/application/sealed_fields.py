"""What the record holds only a commitment to: sealed for it, and told to whoever has to know, until it is erased."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Protocol

import msgspec

from domain import base64url
from domain.decision import refuse_if
from domain.disclosure import Reader
from domain.legible import illegible_fields
from domain.privacy import LegalBasis, SubjectId
from domain.refusal import Refusal
from domain.scalars import Text
from domain.sealed_fields import SALT_BYTES, ErasedSubjectError, Field, SealedFields, field_commitment
from service.application.audit import audit
from service.application.erasing import Subject, SubjectErasedError
from service.application.facts import read_facts
from service.application.ports import Ledger
from service.application.reading import Queries


class PersonalDataNotYoursError(Refusal):
    """Personal data is for the agencies that the charter lets seal it; auditors read it, too."""

    KIND = "forbidden"


class FieldText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field of a person's, to be sealed."""

    subject: SubjectId
    field: Field
    text: Text


class FieldCommitment(msgspec.Struct, frozen=True, kw_only=True):
    """What `seal-field` is to put on record: its command, as it stands."""

    subject: str
    field: Field
    commitment: str


class Opening(msgspec.Struct, frozen=True):
    """What a commitment is to. `salt`: 32 bytes in base64url, without which it cannot be verified."""

    salt: str
    text: str


class OpenedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field. `position`: at which the commitment is on record; null if it is not. `opening`: null once erased."""

    field: Field
    commitment: str
    position: int | None = None
    opening: Opening | None


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    position: int
    legal_basis: LegalBasis


class SubjectAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a programme, as of the ledger's `position`."""

    programme: str
    subject: str
    position: int
    erased: Erased | None
    fields: tuple[OpenedField, ...]


class FieldStore(Protocol):
    """Fields in encryption, each person's under a key of their own. Both raise `LedgerUnavailableError`."""

    def keep(self, subject: Subject, field: Field, commitment: str, opening: Opening) -> None:
        """Keep it. Raises `SubjectErasedError`."""

    def of(self, subject: Subject) -> Sequence[OpenedField]:
        """Every field of theirs, in order of time, without positions; closed if the key is gone."""


class PersonalData:
    """Sealed fields of the persons of programmes."""

    def __init__(self, ledger: Ledger, queries: Queries, store: FieldStore) -> None:
        self._ledger = ledger
        self._queries = queries
        self._store = store

    def require_sealing(self, programme: str, reader: Reader) -> None:
        """Raise `PersonalDataNotYoursError` unless an agency asks that may put commitments on record."""
        if not self._seals(programme, reader):
            raise PersonalDataNotYoursError(
                f"{reader.subject or 'the public'} seals no personal data in {programme}",
                rule="Personal data is sealed by agencies with the mandate to seal-field.",
            )

    def seal(self, programme: str, asked: FieldText, reader: Reader) -> FieldCommitment:
        """Keep a text, and commit to it.

        Raises `PersonalDataNotYoursError`, `InvalidCommandError`, `ErasedSubjectError`.
        """
        self.require_sealing(programme, reader)
        refuse_if(illegible_fields(asked), rule="What is recorded can be seen, and is written in one way.")
        salt = secrets.token_bytes(SALT_BYTES)
        commitment = field_commitment(
            salt, programme=programme, subject=asked.subject, field=asked.field, text=asked.text
        )
        opening = Opening(base64url.written(salt), asked.text)
        try:
            self._store.keep(Subject(asked.subject, programme), asked.field, commitment, opening)
        except SubjectErasedError as error:
            raise ErasedSubjectError(str(error), rule="Nothing more is recorded about who was erased.") from None
        audit("field sealed", principal=reader.owns, object=asked.subject, field=asked.field)
        return FieldCommitment(subject=asked.subject, field=asked.field, commitment=commitment)

    def of(self, programme: str, subject: str, reader: Reader) -> SubjectAnswer:
        """What is known about a person. Raises `PersonalDataNotYoursError`."""
        if reader.role != "auditor" and not self._seals(programme, reader):
            raise PersonalDataNotYoursError(
                f"personal data of {programme} is not for {reader.subject or 'the public'}",
                rule="Personal data is read by agencies with the mandate to seal-field, and auditors.",
            )
        known = SealedFields(programme, subject)
        _query, head = read_facts(self._ledger, (known,))
        kept = {each.commitment: each for each in self._store.of(Subject(subject, programme))}
        recorded = {each.commitment: position for position, each in known.sealed.items()}
        fields = [
            OpenedField(field=each.field, commitment=each.commitment, position=position, opening=None)
            if each.commitment not in kept
            else msgspec.structs.replace(kept[each.commitment], position=position)
            for position, each in known.sealed.items()
        ]
        fields += [each for each in kept.values() if each.commitment not in recorded]
        erased = None
        if known.erased is not None:
            position, event = known.erased
            erased = Erased(position=position, legal_basis=event.legal_basis)
        audit("personal data read", principal=reader.owns, object=subject)
        return SubjectAnswer(programme=programme, subject=subject, position=head, erased=erased, fields=tuple(fields))

    def _seals(self, programme: str, reader: Reader) -> bool:
        """Raises `UnknownProgrammeError`."""
        charter = self._queries.disclosure(programme, reader).charter
        return reader.role == "agency" and charter.may(reader.subject, "seal-field")
