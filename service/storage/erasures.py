"""Everything in the database that is known about persons, and how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.application.erasing import Account, Subject
from service.application.identity import Membership
from service.storage.access_database import AccessDatabase
from service.storage.subject_keys import SubjectKeys

_ACCOUNTS: Final = """
    SELECT p.person_id,
        ARRAY(SELECT ARRAY[m.role::text, m.subject] FROM access.membership m
              WHERE m.person_id = p.person_id ORDER BY m.role, m.subject)
    FROM access.person p
    WHERE (p.person_id = %(id)s OR EXISTS (
            SELECT FROM access.membership m
            WHERE m.person_id = p.person_id AND m.role = 'evaluator' AND m.subject = %(id)s))
        AND (p.revoked_at IS NULL OR num_nonnulls(p.name, p.sealed_name) > 0 OR EXISTS (
            SELECT FROM access.external_identity i WHERE i.person_id = p.person_id))"""

_FORGET: Final = (
    "UPDATE access.person SET name = NULL, sealed_name = NULL, revoked_at = coalesce(revoked_at, now())"
    " WHERE person_id = %(id)s AND (name IS NOT NULL OR sealed_name IS NOT NULL OR revoked_at IS NULL)",
    "DELETE FROM access.external_identity WHERE person_id = %(id)s",
    "DELETE FROM access.session WHERE person_id = %(id)s",
    "DELETE FROM access.sign_in_link WHERE person_id = %(id)s",
)
_FORGET_FIELDS: Final = (
    "DELETE FROM access.sealed_field WHERE programme = %(programme)s AND subject = %(id)s",
    "UPDATE notice.delivery SET state = 'dead', answer = 'its endpoint was erased', settled_at = now()"
    " WHERE state = 'pending' AND endpoint IN"
    " (SELECT endpoint FROM notice.endpoint WHERE programme = %(programme)s AND endpoint = %(id)s)",
    "UPDATE notice.endpoint SET state = 'removed', sealed = NULL, due_at = NULL"
    " WHERE programme = %(programme)s AND endpoint = %(id)s AND state <> 'removed'",
)


class PostgresErasures:
    """`Erasures` of the database and the store of keys."""

    def __init__(self, database: AccessDatabase, keys: SubjectKeys) -> None:
        self._database = database
        self._keys = keys

    def accounts(self, id_: str) -> Sequence[Account]:
        """See `Erasures.accounts`."""
        return [
            Account(person_id, tuple(Membership(*each) for each in acts_for))
            for person_id, acts_for in self._database.rows(_ACCOUNTS, {"id": id_})
        ]

    def erase_again(self) -> None:
        """See `Erasures.erase_again`."""
        for each in self._keys.erased():
            self.erase(each)

    def erase(self, subject: Subject) -> None:
        """See `Erasures.erase`."""
        # The key first: what is sealed after it is gone is refused, so nothing comes after the rows are deleted.
        self._keys.erase(subject)
        statements = _FORGET_FIELDS if subject.programme else _FORGET
        with self._database.connection() as connection, connection.transaction():
            for each in statements:
                connection.execute(each, {"id": subject.id, "programme": subject.programme})
