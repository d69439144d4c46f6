"""Changing persons' keys, and those of endpoints: what is under each is encrypted anew under another key, while it is
read and written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from service.application.audit import audit
from service.application.erasing import Subject, SubjectErasedError
from service.storage.access_database import AccessDatabase
from service.storage.deliveries import SEALED
from service.storage.people import NAME
from service.storage.subject_keys import SubjectKeys

_NAMES: Final = "SELECT sealed_name FROM access.person WHERE person_id = %s AND sealed_name IS NOT NULL"
_NAME_AGAIN: Final = "UPDATE access.person SET sealed_name = %s WHERE person_id = %s AND sealed_name = %s"
_ACCOUNTS: Final = "SELECT mark, sealed FROM access.external_identity WHERE person_id = %s AND sealed IS NOT NULL"
_ACCOUNT_AGAIN: Final = "UPDATE access.external_identity SET sealed = %s WHERE mark = %s AND sealed = %s"
_FIELDS: Final = "SELECT commitment, sealed FROM access.sealed_field WHERE programme = %s AND subject = %s"
_ENDPOINTS: Final = "SELECT sealed FROM notice.endpoint WHERE programme = %s AND endpoint = %s AND sealed IS NOT NULL"
_ENDPOINT_AGAIN: Final = "UPDATE notice.endpoint SET sealed = %s WHERE endpoint = %s AND sealed = %s"
# What was erased meanwhile does not come back.
_FIELD_AGAIN: Final = """
    WITH gone AS (
        DELETE FROM access.sealed_field WHERE programme = %s AND subject = %s AND commitment = %s AND sealed = %s
        RETURNING programme, subject, field, commitment, sealed_at)
    INSERT INTO access.sealed_field (programme, subject, field, commitment, sealed_at, sealed)
    SELECT programme, subject, field, commitment, sealed_at, %s FROM gone"""


class Resealing:
    """The use case."""

    def __init__(self, database: AccessDatabase, keys: SubjectKeys) -> None:
        self._database = database
        self._keys = keys

    def __call__(self, operator: str) -> int:
        """Of how many persons the key was changed. One that was cut off is done again.

        Raises `KeysInUseError`, `LedgerUnavailableError`.
        """
        changed = 0
        with self._keys.held():
            for subject in self._keys.every():
                try:
                    # First what still rests on the key before, which goes now.
                    self._seal_again(subject)
                    self._keys.change(subject)
                    self._seal_again(subject)
                except SubjectErasedError:
                    continue
                changed += 1
        self._database.act(operator, "persons' keys changed", str(changed))
        audit("persons' keys changed", operator=operator, object=str(changed))
        return changed

    def _seal_again(self, subject: Subject) -> None:
        for what, sealed in self._sealed(subject):
            text = self._keys.open(subject, what, sealed)
            if text is None:
                continue
            again = self._keys.seal(subject, what, text)
            if what == SEALED:
                self._database.rows(_ENDPOINT_AGAIN, (again, subject.id, sealed))
            elif subject.programme:
                where = subject.programme, subject.id, what, sealed, again
                self._database.rows(_FIELD_AGAIN, where)
            elif what == NAME:
                self._database.rows(_NAME_AGAIN, (again, subject.id, sealed))
            else:
                self._database.rows(_ACCOUNT_AGAIN, (again, what, sealed))

    def _sealed(self, subject: Subject) -> Iterator[tuple[str, bytes]]:
        if subject.programme:
            yield from self._database.rows(_FIELDS, (subject.programme, subject.id))
            endpoints = self._database.rows(_ENDPOINTS, (subject.programme, subject.id))
            yield from ((SEALED, sealed) for (sealed,) in endpoints)
        else:
            yield from ((NAME, sealed) for (sealed,) in self._database.rows(_NAMES, (subject.id,)))
            yield from self._database.rows(_ACCOUNTS, (subject.id,))
