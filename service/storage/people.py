"""People, for whom they act, and whose accounts at issuers are theirs, or a client's."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from psycopg.errors import UniqueViolation

from domain.envelope import PERSON
from service.application.erasing import Subject, SubjectErasedError
from service.application.identity import ExternalIdentity, IdentityTakenError, Membership, Person, Principal
from service.application.people import (
    MembershipRecord,
    NewPerson,
    PersonRecord,
)
from service.storage.access_database import AccessDatabase
from service.storage.erasures import PostgresErasures
from service.storage.subject_keys import SubjectKeys

_ADD: Final = "INSERT INTO access.person (person_id, sealed_name) VALUES (%s, %s)"

NAME: Final = "name"
"""As what a person's name is sealed."""
_IN_CLEAR: Final = "SELECT person_id, name FROM access.person WHERE name IS NOT NULL"
_SEAL: Final = "UPDATE access.person SET name = NULL, sealed_name = %s WHERE person_id = %s AND name = %s"

_GRANT: Final = """
    INSERT INTO access.membership (person_id, role, subject)
    SELECT person_id, %s, %s FROM access.person WHERE person_id = %s AND revoked_at IS NULL
    ON CONFLICT (person_id, role, subject) DO UPDATE
    SET granted_at = CASE WHEN membership.withdrawn_at IS NULL THEN membership.granted_at ELSE now() END,
        withdrawn_at = NULL"""

_WITHDRAW: Final = """
    UPDATE access.membership SET withdrawn_at = now()
    WHERE role = %s AND subject = %s AND person_id = %s AND withdrawn_at IS NULL"""

_LINK: Final = """
    INSERT INTO access.external_identity (issuer, subject, mark, sealed, person_id)
    SELECT %(issuer)s, %(mark)s, %(mark)s, %(sealed)s, person_id
    FROM access.person WHERE person_id = %(person)s AND revoked_at IS NULL"""

_ACCOUNTS_IN_CLEAR: Final = "SELECT issuer, subject, person_id FROM access.external_identity WHERE mark IS NULL"
_SEAL_ACCOUNT: Final = """
    UPDATE access.external_identity
    SET mark = %(mark)s, sealed = %(sealed)s, subject = CASE WHEN person_id IS NULL THEN subject ELSE %(mark)s END
    WHERE issuer = %(issuer)s AND subject = %(account)s AND mark IS NULL"""

_REVOKE: Final = "UPDATE access.person SET revoked_at = coalesce(revoked_at, now()) WHERE person_id = %s"
_THERE: Final = "SELECT FROM access.person WHERE person_id = %(id)s"
_SEALED_THERE: Final = """
    SELECT 1 FROM access.sealed_field WHERE programme = %(programme)s AND subject = %(id)s
    UNION ALL
    SELECT 1 FROM notice.endpoint WHERE programme = %(programme)s AND endpoint = %(id)s AND sealed IS NOT NULL"""
_END_SESSIONS: Final = "UPDATE access.session SET ended_at = now() WHERE person_id = %s AND ended_at IS NULL"

_EVERY: Final = """
    SELECT p.person_id, p.sealed_name, p.created_at, p.revoked_at,
        ARRAY(SELECT jsonb_build_object('role', role, 'subject', subject, 'granted_at', granted_at,
                                        'withdrawn_at', withdrawn_at)
              FROM access.membership m WHERE m.person_id = p.person_id ORDER BY role, subject),
        ARRAY(SELECT jsonb_build_object('issuer', issuer, 'mark', mark, 'sealed', encode(sealed, 'base64'))
              FROM access.external_identity i WHERE i.person_id = p.person_id AND sealed IS NOT NULL)
    FROM access.person p"""

_HOLDER: Final = """
    SELECT i.person_id, NULL::text, NULL::text, NULL::text FROM access.external_identity i
    JOIN access.person p ON p.person_id = i.person_id AND p.revoked_at IS NULL
    WHERE i.mark = %(mark)s
    UNION ALL
    SELECT NULL, c.client_id, c.role, c.subject FROM access.external_identity i
    JOIN access.client c ON c.client_id = i.client_id AND c.revoked_at IS NULL
    WHERE i.mark = %(mark)s"""

_ACTIVE: Final = """
    SELECT role, subject FROM access.membership WHERE person_id = %s AND withdrawn_at IS NULL ORDER BY role, subject"""


class PostgresPeople:
    """`PeopleStore` and `Identities` in PostgreSQL, names encrypted under `keys`."""

    def __init__(self, database: AccessDatabase, keys: SubjectKeys) -> None:
        self._database = database
        self._keys = keys

    def add(self, asked: NewPerson, *, operator: str) -> str:
        """See `PeopleStore.add`."""
        person_id = f"{PERSON}{secrets.token_hex(8)}"
        sealed_name = None if asked.name is None else self._sealed(person_id, asked.name)
        granted = [(_GRANT, (each.role, each.subject, person_id)) for each in asked.memberships]
        linked = [(_LINK, self._account(person_id, each.issuer, each.subject)) for each in asked.identities]
        try:
            self._database.act(operator, "person added", person_id, (_ADD, (person_id, sealed_name)), *granted, *linked)
        except UniqueViolation:
            raise IdentityTakenError("an account is linked already") from None
        return person_id

    def grant(self, person_id: str, membership: Membership, *, operator: str) -> bool:
        """See `PeopleStore.grant`."""
        granted = (_GRANT, (membership.role, membership.subject, person_id))
        return self._database.act(operator, "membership granted", f"{person_id} {membership}", granted)

    def withdraw(self, person_id: str, membership: Membership, *, operator: str) -> bool:
        """See `PeopleStore.withdraw`."""
        withdrawn = (_WITHDRAW, (membership.role, membership.subject, person_id))
        return self._database.act(operator, "membership withdrawn", f"{person_id} {membership}", withdrawn)

    def link(self, person_id: str, identity: ExternalIdentity, *, operator: str) -> bool:
        """See `PeopleStore.link`."""
        try:
            linked = (_LINK, self._account(person_id, identity.issuer, identity.subject))
            return self._database.act(operator, "identity linked", f"{person_id} {identity.issuer}", linked)
        except SubjectErasedError:
            return False
        except UniqueViolation:
            raise IdentityTakenError("the account is linked already") from None

    def revoke(self, person_id: str, *, operator: str) -> bool:
        """See `PeopleStore.revoke`."""
        ended = (_END_SESSIONS, (person_id,))
        return self._database.act(operator, "person revoked", person_id, (_REVOKE, (person_id,)), ended)

    def erase(self, subject: Subject, *, operator: str) -> bool:
        """See `PeopleStore.erase`."""
        there = _SEALED_THERE if subject.programme else _THERE
        object_ = f"{subject.programme} {subject.id}".strip()
        if not self._database.act(operator, "person erased", object_, (there, msgspec.structs.asdict(subject))):
            return False
        PostgresErasures(self._database, self._keys).erase(subject)
        return True

    def every(self) -> Sequence[PersonRecord]:
        """See `PeopleStore.every`."""
        return [self._record(row) for row in self._database.rows(f"{_EVERY} ORDER BY p.created_at DESC, p.person_id")]

    def find(self, person_id: str) -> PersonRecord | None:
        """See `PeopleStore.find`."""
        rows = self._database.rows(f"{_EVERY} WHERE p.person_id = %s", (person_id,))
        return self._record(rows[0]) if rows else None

    def holder_of(self, issuer: str, subject: str) -> Person | Principal | None:
        """See `Identities.holder_of`."""
        rows = self._database.rows(_HOLDER, {"mark": self._keys.mark(issuer, subject)})
        if not rows:
            return None
        person_id, client_id, role, its_subject = rows[0]
        if client_id is not None:
            return Principal(id=client_id, role=role, subject=its_subject)
        return Person(id=person_id, memberships=memberships(self._database, person_id))

    def seal_what_is_in_clear(self) -> None:
        """Encrypt the names, and mark the accounts, that an earlier release left in clear."""
        for person_id, name in self._database.rows(_IN_CLEAR):
            try:
                self._database.rows(_SEAL, (self._sealed(person_id, name), person_id, name))
            except SubjectErasedError:
                continue
        for issuer, account, person_id in self._database.rows(_ACCOUNTS_IN_CLEAR):
            try:
                sealed = self._account(person_id, issuer, account)
            except SubjectErasedError:
                continue
            self._database.rows(_SEAL_ACCOUNT, {**sealed, "account": account})

    def _account(self, person_id: str | None, issuer: str, account: str) -> dict[str, Any]:
        """What is kept of an account: of a client's, which is no person's, nothing is encrypted."""
        mark = self._keys.mark(issuer, account)
        sealed = None if person_id is None else self._keys.seal(Subject(person_id), mark, account.encode())
        return {"issuer": issuer, "mark": mark, "sealed": sealed, "person": person_id}

    def _opened(self, person_id: str, issuer: str, sealed: str, mark: str) -> ExternalIdentity | None:
        account = self._keys.open(Subject(person_id), mark, base64.b64decode(sealed))
        return None if account is None else ExternalIdentity(issuer=issuer, subject=account.decode())

    def _sealed(self, person_id: str, name: str) -> bytes:
        return self._keys.seal(Subject(person_id), NAME, name.encode())

    def _record(self, row: tuple[Any, ...]) -> PersonRecord:
        person_id, sealed_name, created_at, revoked_at, acts_for, accounts = row
        opened = [self._opened(person_id, each["issuer"], each["sealed"], each["mark"]) for each in accounts]
        name = None if sealed_name is None else self._keys.open(Subject(person_id), NAME, sealed_name)
        return PersonRecord(
            person_id=person_id,
            name=None if name is None else name.decode(),
            created_at=created_at,
            revoked_at=revoked_at,
            memberships=tuple(msgspec.convert(each, MembershipRecord) for each in acts_for),
            identities=tuple(sorted(filter(None, opened), key=lambda each: (each.issuer, each.subject))),
        )


def memberships(database: AccessDatabase, person_id: str) -> tuple[Membership, ...]:
    """For whom a person acts now."""
    return tuple(Membership(role, subject) for role, subject in database.rows(_ACTIVE, (person_id,)))
