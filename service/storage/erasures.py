"""Everything in the database that is known about persons, and how it goes."""

from __future__ import annotations

from typing import Final

from service.application.erasing import Subject
from service.storage.access_database import AccessDatabase
from service.storage.subject_keys import SubjectKeys

_ACCOUNTS: Final = """
    SELECT p.person_id FROM access.person p
    WHERE (p.person_id = %(id)s OR EXISTS (
            SELECT FROM access.membership m
            WHERE m.person_id = p.person_id AND m.role = 'evaluator' AND m.subject = %(id)s))
        AND NOT EXISTS (
            SELECT FROM access.membership m
            WHERE m.person_id = p.person_id AND m.role NOT IN ('evaluator', 'consortium')
                AND NOT (m.role = 'agency' AND m.subject = %(by)s))"""

_FORGET: Final = (
    "UPDATE access.person SET name = NULL, sealed_name = NULL, revoked_at = coalesce(revoked_at, now())"
    " WHERE person_id = %(id)s AND (name IS NOT NULL OR sealed_name IS NOT NULL OR revoked_at IS NULL)",
    "DELETE FROM access.external_identity WHERE person_id = %(id)s",
    "DELETE FROM access.session WHERE person_id = %(id)s",
    "DELETE FROM access.sign_in_link WHERE person_id = %(id)s",
)
_FORGET_FIELDS: Final = "DELETE FROM access.sealed_field WHERE programme = %(programme)s AND subject = %(id)s"


class PostgresErasures:
    """`Erasures` of the database and the store of keys."""

    def __init__(self, database: AccessDatabase, keys: SubjectKeys) -> None:
        self._database = database
        self._keys = keys

    def erase(self, subject: Subject, *, by: str) -> None:
        """See `Erasures.erase`."""
        self._forget(subject)
        for (person_id,) in self._database.rows(_ACCOUNTS, {"id": subject.id, "by": by}):
            self._forget(Subject(person_id))

    def erase_again(self) -> None:
        """See `Erasures.erase_again`."""
        for each in self._keys.erased():
            self._forget(each)

    def _forget(self, subject: Subject) -> None:
        # The key first: what is sealed after it is gone is refused, so nothing comes after the rows are deleted.
        self._keys.erase(subject)
        statements = (_FORGET_FIELDS,) if subject.programme else _FORGET
        with self._database.connection() as connection, connection.transaction():
            for each in statements:
                connection.execute(each, {"id": subject.id, "programme": subject.programme})
