"""People: an opaque id, accounts elsewhere that are theirs, and for whom they act. Names stay out of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Final, Protocol

import msgspec

from domain.boundary import whole
from domain.refusal import InvalidCommandError
from service.application.administration import UnknownCredentialError
from service.application.audit import audit
from service.application.erasing import Subject
from service.application.identity import ExternalIdentity, Membership, Role

MOST: Final = 20
"""So many memberships, or accounts, a person is added with."""

Name = Annotated[str, whole(r"[^\x00-\x1f\x7f]{1,200}", "a text of 1 to 200 characters")]


class NewPerson(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person who is to be added. `name`: for the operators' list only."""

    name: Name | None = None
    memberships: tuple[Membership, ...] = ()
    identities: tuple[ExternalIdentity, ...] = ()


class MembershipRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A membership, with when it began and ended."""

    role: Role
    subject: str
    granted_at: datetime
    withdrawn_at: datetime | None


class PersonRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A person. `person_id`: what the ledger says."""

    person_id: str
    name: str | None
    created_at: datetime
    revoked_at: datetime | None
    memberships: tuple[MembershipRecord, ...]
    identities: tuple[ExternalIdentity, ...]


class PeopleStore(Protocol):
    """People. Whoever changes one is recorded with it. False: there is no such person, or they are revoked."""

    def add(self, asked: NewPerson, *, operator: str) -> str:
        """The id of a new person. Raises `IdentityTakenError`; then nothing is added."""
        ...

    def grant(self, person_id: str, membership: Membership, *, operator: str) -> bool:
        """Let them act for that from now on."""
        ...

    def withdraw(self, person_id: str, membership: Membership, *, operator: str) -> bool:
        """No longer; false as well if they have no such membership."""
        ...

    def link(self, person_id: str, identity: ExternalIdentity, *, operator: str) -> bool:
        """The account is theirs, for ever. Raises `IdentityTakenError`."""
        ...

    def revoke(self, person_id: str, *, operator: str) -> bool:
        """Refuse them from now on, for ever, with their sessions."""
        ...

    def erase(self, subject: Subject, *, operator: str) -> bool:
        """The same, and nothing is known about them any more; true again if it is repeated.

        Of a programme: nothing that was sealed about them there; false if nothing is, any more.
        """
        ...

    def every(self) -> Sequence[PersonRecord]:
        """All of them, the latest first."""
        ...

    def find(self, person_id: str) -> PersonRecord | None:
        """One of them."""
        ...


class People:
    """What operators do with people. `operator`: who does it; `forget`: called when something was taken away."""

    def __init__(self, store: PeopleStore, *, forget: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._forget = forget

    def every(self) -> Sequence[PersonRecord]:
        """All of them, the latest first."""
        return self._store.every()

    def person(self, person_id: str) -> PersonRecord:
        """Raises `UnknownCredentialError`."""
        found = self._store.find(person_id)
        if found is None:
            raise UnknownCredentialError("there is no such person")
        return found

    def add(self, asked: NewPerson, operator: str) -> PersonRecord:
        """Raises `IdentityTakenError`, `InvalidCommandError`."""
        for field in ("memberships", "identities"):
            given = getattr(asked, field)
            if len(given) > MOST or len(set(given)) < len(given):
                rule = f"A person is added with {MOST} {field} at most, each once."
                raise InvalidCommandError(f"{field}: {len(given)} were given", rule=rule, pointer=f"/{field}")
        person_id = self._store.add(asked, operator=operator)
        audit("person added", operator=operator, object=person_id, acts_for=" ".join(map(str, asked.memberships)))
        return self.person(person_id)

    def grant(self, person_id: str, membership: Membership, operator: str) -> PersonRecord:
        """Raises `UnknownCredentialError`."""
        granted = self._store.grant(person_id, membership, operator=operator)
        return self._changed(granted, "membership granted", person_id, operator, acts_for=str(membership))

    def withdraw(self, person_id: str, membership: Membership, operator: str) -> PersonRecord:
        """Raises `UnknownCredentialError`."""
        withdrawn = self._store.withdraw(person_id, membership, operator=operator)
        return self._changed(withdrawn, "membership withdrawn", person_id, operator, acts_for=str(membership))

    def link(self, person_id: str, identity: ExternalIdentity, operator: str) -> PersonRecord:
        """Raises `UnknownCredentialError`, `IdentityTakenError`."""
        linked = self._store.link(person_id, identity, operator=operator)
        return self._changed(linked, "identity linked", person_id, operator, issuer=identity.issuer)

    def revoke(self, person_id: str, operator: str) -> PersonRecord:
        """Raises `UnknownCredentialError`."""
        return self._changed(self._store.revoke(person_id, operator=operator), "person revoked", person_id, operator)

    def erase(self, subject: Subject, operator: str) -> None:
        """Whoever they act for; in a programme, whatever its charter says. Raises `UnknownCredentialError`."""
        if not self._store.erase(subject, operator=operator):
            raise UnknownCredentialError("there is no such person, or nothing is sealed about them there")
        self._forget()
        audit("person erased", operator=operator, object=subject.id, programme=subject.programme)

    def _changed(self, done: bool, act: str, person_id: str, operator: str, **details: str) -> PersonRecord:
        if not done:
            raise UnknownCredentialError("there is no such person or membership, or the person is revoked")
        self._forget()
        audit(act, operator=operator, object=person_id, **details)
        return self.person(person_id)
