"""Who asks: what a credential says about its holder, and what the use cases ask of the stores of credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol

import msgspec

from domain.boundary import whole
from domain.scalars import Identifier

Role = Literal["agency", "consortium", "evaluator", "auditor", "operator"]


class Membership(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom someone acts. `subject`: the agency, team, evaluator, auditor or operator."""

    role: Role
    subject: Identifier

    def __str__(self) -> str:
        return f"{self.role}:{self.subject}"


Url = Annotated[str, whole("https?://[!-~]{1,500}", "an address that begins with https://")]
Account = Annotated[str, whole("[ -~]{1,255}", "1 to 255 printable characters of ASCII")]


class ExternalIdentity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account at an OIDC issuer: its `iss` and `sub`."""

    issuer: Url
    subject: Account


def account_mark(issuer: str, subject: str) -> str:
    """What stands for an account in logs: `account-` and 16 digits of the SHA-256 over issuer, line feed and `sub`.

    A `sub` may be an address of e-mail. Who knows it finds its lines.
    """
    return "account-" + hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()[:16]


class IdentityTakenError(Exception):
    """The account is linked already: it stands for one person or client for ever."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `id`: of the key, the client or the person. `subject`: as in `Membership`."""

    id: str
    role: Role
    subject: str

    def acting(self, acting_for: str | None) -> Principal:
        """Themselves. Raises `NotMemberError` if they are to act for another."""
        if acting_for not in (None, str(Membership(self.role, self.subject))):
            raise NotMemberError(f"{self.id} does not act for that")
        return self


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person who asks, with every membership that they hold now. `session`: by which, if by one."""

    id: str
    memberships: tuple[Membership, ...]
    session: str | None = None

    def acting(self, acting_for: str | None) -> Principal:
        """The person for one membership, `role:subject`, which need not be said if it is the only one.

        Raises `NotMemberError`, `ActingForMissingError`.
        """
        chosen = [each for each in self.memberships if acting_for in (None, str(each))]
        if not chosen:
            raise NotMemberError(f"{self.id} does not act for {'anybody' if acting_for is None else 'that'}")
        if len(chosen) > 1:
            raise ActingForMissingError(f"{self.id} acts for {' and '.join(map(str, chosen))}: say for whom now")
        return Principal(id=self.id, role=chosen[0].role, subject=chosen[0].subject)


class NotMemberError(Exception):
    """Someone is known, but acts for nobody, or not for whom they say."""


class ActingForMissingError(Exception):
    """Someone acts for several and does not say for whom."""


class WrongCredentialError(Exception):
    """A credential is none; the sentence says why, and holds nothing of it.

    `claimed`: the id of the key or client that it names, or the mark of the account, if it names one.
    """

    def __init__(self, detail: str, claimed: str | None = None) -> None:
        super().__init__(detail)
        self.claimed = claimed


class TooManyRequestsError(Exception):
    """Nothing more is answered for a while. `seconds`: how long."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class Authenticator(Protocol):
    """Knows one kind of credential. Safe to call from many threads."""

    def authenticate(self, credential: str) -> Principal | Person | None:
        """The holder; `None` if the credential is of another kind.

        Raises `WrongCredentialError`, and takes as long for a wrong secret as for a right one.
        """
        ...

    def note_use(self, credential: str, holder: Principal | Person) -> None:
        """Remember when it was last used, to the minute. To be called off the path of the request."""
        ...


class Secret(Protocol):
    """A secret of the service's own. `value`: at least 32 bytes."""

    @property
    def id(self) -> str: ...
    @property
    def value(self) -> bytes: ...


class Secrets(Protocol):
    """Secrets of one kind, which are changed without downtime. Safe to call from many threads."""

    def current(self) -> Secret:
        """The one to make things with."""
        ...

    def find(self, id_: str) -> Secret | None:
        """The one of this id, whatever its state."""
        ...

    def every(self) -> Sequence[tuple[Secret, str]]:
        """All of them, each with its state: next, current or former."""
        ...

    def superseded(self, id_: str) -> datetime | None:
        """Since when another one is current in its place, if so."""
        ...


class ClientKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key that a client signs with. `public_key`: 32 bytes, Ed25519."""

    principal: Principal
    public_key: bytes


class Clients(Protocol):
    """Knows clients that sign for themselves. Safe to call from many threads."""

    def find(self, client_id: str, kid: str) -> ClientKey | None:
        """The key, unless it or its client is unknown or revoked."""
        ...

    def use_assertion(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Remember until then that it was used; false if it was before. Of many at once, one is told true."""
        ...

    def note_use(self, client_id: str) -> None:
        """See `Authenticator.note_use`."""
        ...


class Limit(Protocol):
    """So much a minute for each. Never raises; counts by itself where it cannot count together with others."""

    def spend(self, who: str) -> int | None:
        """Take one. The seconds to wait, if there is none left."""
        ...

    def spend_at_once(self, who: str) -> bool:
        """Take one if that needs no asking; false if it does, or if there is none left."""
        ...

    def exhausted(self, who: str) -> int | None:
        """The seconds to wait, if it is known that there is none left. Costs next to nothing."""
        ...
