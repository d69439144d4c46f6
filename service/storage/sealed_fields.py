"""Sealed fields: encrypted in the database, their keys apart from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from domain.sealed_fields import Field
from service.application.erasing import Subject
from service.application.sealed_fields import OpenedField, Opening
from service.storage.access_database import AccessDatabase
from service.storage.subject_keys import SubjectKeys

_KEEP: Final = """
    INSERT INTO access.sealed_field (programme, subject, field, commitment, sealed) VALUES (%s, %s, %s, %s, %s)"""
_OF: Final = """
    SELECT field, commitment, sealed FROM access.sealed_field
    WHERE programme = %s AND subject = %s ORDER BY sealed_at, commitment"""


class PostgresFields:
    """`FieldStore` in PostgreSQL."""

    def __init__(self, database: AccessDatabase, keys: SubjectKeys) -> None:
        self._database = database
        self._keys = keys

    def keep(self, subject: Subject, field: Field, commitment: str, opening: Opening) -> None:
        """See `FieldStore.keep`."""
        sealed = self._keys.seal(subject, commitment, msgspec.json.encode(opening))
        self._database.rows(_KEEP, (subject.programme, subject.id, field, commitment, sealed))

    def of(self, subject: Subject) -> Sequence[OpenedField]:
        """See `FieldStore.of`."""
        found = []
        for field, commitment, sealed in self._database.rows(_OF, (subject.programme, subject.id)):
            opened = self._keys.open(subject, commitment, sealed)
            opening = None if opened is None else msgspec.json.decode(opened, type=Opening)
            found.append(OpenedField(field=field, commitment=commitment, opening=opening))
        return found
