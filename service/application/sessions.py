"""Sessions of people who signed in: a secret in a cookie, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

import msgspec

from domain import base64url
from service.application.administration import UnknownCredentialError
from service.application.audit import audit
from service.application.identity import Person, Principal, WrongCredentialError

LIFETIME: Final = timedelta(hours=12)
IDLE: Final = timedelta(minutes=30)
"""So long a session lasts without a request; use is noted to the minute."""

Way = Literal["issuer", "link"]


class SessionEndedError(WrongCredentialError):
    """A cookie is of no session that lasts."""


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A session that lasts. `used_at`: to the minute. `ends_at`: at the latest."""

    session_id: str
    signed_in_by: Way
    started_at: datetime
    used_at: datetime
    ends_at: datetime


class SessionStore(Protocol):
    """Sessions. A session lasts until it is ended, too long idle or too old, or its person revoked."""

    def start(self, secret_hash: bytes, person_id: str, way: Way, *, lifetime: timedelta) -> str | None:
        """The id of a new session; `None` if the person is unknown or revoked."""
        ...

    def find(self, secret_hash: bytes, *, idle: timedelta) -> Person | None:
        """Whose session lasts, with what they are a member of."""
        ...

    def note_use(self, session_id: str) -> None:
        """It was used now."""
        ...

    def every(self, person_id: str, *, idle: timedelta) -> Sequence[SessionRecord]:
        """Those of a person that last, the latest first."""
        ...

    def end(self, person_id: str, session_id: str) -> bool:
        """End it; false if the person has no such session that lasts."""
        ...


class Sessions:
    """Starts, knows and ends sessions. An `Authenticator` of cookies. `forget`: called when one was ended."""

    def __init__(self, store: SessionStore, *, forget: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._forget = forget

    def start(self, person_id: str, way: Way) -> str:
        """The secret of a new session, which nobody chose. Raises `WrongCredentialError` for a revoked person."""
        secret = secrets.token_urlsafe(32)
        session_id = self._store.start(hash_of(secret), person_id, way, lifetime=LIFETIME)
        if session_id is None:
            raise WrongCredentialError("the person is unknown or revoked", person_id)
        audit("signed in", person=person_id, session=session_id, by=way)
        return secret

    def authenticate(self, credential: str) -> Person:
        """See `Authenticator.authenticate`. Raises `SessionEndedError`."""
        found = self._store.find(hash_of(credential), idle=IDLE)
        if found is None:
            raise SessionEndedError("the session has ended: sign in again")
        return found

    def note_use(self, credential: str, holder: Principal | Person) -> None:
        """See `Authenticator.note_use`."""
        assert isinstance(holder, Person)
        assert holder.session is not None
        self._store.note_use(holder.session)

    def every(self, person_id: str) -> Sequence[SessionRecord]:
        """Those of a person that last, the latest first."""
        return self._store.every(person_id, idle=IDLE)

    def end(self, person_id: str, session_id: str, *, by: str) -> None:
        """`by`: the person or operator who ends it. Raises `UnknownCredentialError`."""
        if not self._store.end(person_id, session_id):
            raise UnknownCredentialError("there is no such session, or it has ended")
        self._forget()
        audit("session ended", person=person_id, session=session_id, by=by)

    def end_former(self, secret: str) -> None:
        """End the session of a browser that has another now, if it lasts."""
        found = self._store.find(hash_of(secret), idle=IDLE)
        if found is not None and found.session is not None and self._store.end(found.id, found.session):
            self._forget()
            audit("session ended", person=found.id, session=found.session, by="another sign-in")


def hash_of(secret: str) -> bytes:
    """What is kept of a secret of 256 random bits: 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


def csrf_token(secret: str) -> str:
    """What the pages of a session say with each change, and no other site knows; by it nobody learns the secret."""
    return derived(secret, "csrf")


def derived(secret: str, *purpose: str) -> str:
    """Another secret from one, 43 characters: by one nobody learns the other."""
    digest = hmac.digest(secret.encode(), "\0".join(purpose).encode(), hashlib.sha256)
    return base64url.written(digest)
