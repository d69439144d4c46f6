"""Giving and taking away credentials: each act with the operator who did it, in the database and in the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal, Protocol

import msgspec

from domain import base64url
from domain.boundary import whole
from domain.ed25519 import is_weak
from domain.refusal import InvalidCommandError
from domain.scalars import Identifier
from service.application.audit import audit
from service.application.identity import ExternalIdentity, Role
from service.application.jose import Kid, public_jwk

KEYS_LIMIT: Final = 10
"""So many keys a client is registered with."""


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret. `last_used_at`: to the minute."""

    key_id: str
    role: Role
    subject: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class PublicKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A public key of a client. `x`: the key itself, as in its JWK."""

    kid: str
    x: str
    added_at: datetime
    revoked_at: datetime | None


class ClientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A client that signs for itself. `last_used_at`: to the minute."""

    client_id: str
    role: Role
    subject: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    keys: tuple[PublicKeyRecord, ...]
    identity: ExternalIdentity | None = None


class PublicJwk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public key, Ed25519 (RFC 8037); the private half stays with its owner. Without `kid` its thumbprint is one."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Annotated[str, whole("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", "32 bytes in base64url without padding")]
    kid: Kid | None = None
    use: Literal["sig"] = "sig"
    alg: Literal["EdDSA", "Ed25519"] = "EdDSA"

    def __post_init__(self) -> None:
        if is_weak(self.public_key):
            raise ValueError("x: a key of small order, for which anybody can sign")

    @property
    def public_key(self) -> bytes:
        return base64url.read(self.x)

    @property
    def name(self) -> str:
        return str(public_jwk(self.public_key, self.kid)["kid"])


KeyDays = Annotated[
    str,
    whole("[1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650", "a whole number of days from 1 to 3650"),
]


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key that is asked for. `subject`: the agency, team, evaluator, auditor or operator who is to hold it.

    `expires_in_days`: from now; without, it is good until it is revoked.
    """

    role: Role
    subject: Identifier
    expires_in_days: KeyDays | None = None


class NewClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client that is to be registered. `subject`: for whom it asks.

    `identity`: the account at an OIDC issuer whose tokens are its; then it needs no keys.
    """

    role: Role
    subject: Identifier
    keys: tuple[PublicJwk, ...] = ()
    identity: ExternalIdentity | None = None


class UnknownCredentialError(Exception):
    """There is no key or client of this id."""


class KeyStore(Protocol):
    """Keys. Whoever issues or revokes one is recorded with it."""

    def issue(self, role: Role, subject: str, *, operator: str, expires_at: datetime | None = None) -> str:
        """A new key; it is shown this once and cannot be read back."""
        ...

    def revoke(self, key_id: str, *, operator: str) -> bool:
        """Refuse the key from now on; false if there is none. Once revoked, it stays so."""
        ...

    def every(self) -> Sequence[KeyRecord]:
        """All of them, the latest first."""
        ...


class ClientStore(Protocol):
    """Clients. Whoever registers or revokes one, or a key of one, is recorded with it."""

    def register(
        self,
        role: Role,
        subject: str,
        keys: Sequence[tuple[str, bytes]],
        *,
        operator: str,
        identity: ExternalIdentity | None = None,
    ) -> str:
        """The id of a new client. `keys`: each its id and 32 bytes. Raises `IdentityTakenError`."""
        ...

    def add_key(self, client_id: str, kid: str, public_key: bytes, *, operator: str) -> bool:
        """False if the client is unknown or revoked. Raises `KidTakenError`: what an id stands for never changes."""
        ...

    def revoke_key(self, client_id: str, kid: str, *, operator: str) -> bool:
        """Refuse the key from now on, and tokens that were got with it; false if there is none."""
        ...

    def revoke(self, client_id: str, *, operator: str) -> bool:
        """Refuse the client from now on, and its tokens; false if there is none."""
        ...

    def every(self) -> Sequence[ClientRecord]:
        """All of them, the latest first."""
        ...

    def record(self, client_id: str) -> ClientRecord | None:
        """One of them."""
        ...


class KidTakenError(Exception):
    """The client has, or had, a key of this id."""


class Administration:
    """What operators do. `operator`: who does it; `forget`: called when something was revoked."""

    def __init__(self, keys: KeyStore, clients: ClientStore, *, forget: Callable[[], None] = lambda: None) -> None:
        self.keys = keys
        self.clients = clients
        self._forget = forget

    def issue_key(self, asked: NewKey, operator: str) -> str:
        """The new key, shown this once."""
        days = None if asked.expires_in_days is None else timedelta(days=int(asked.expires_in_days))
        ends = None if days is None else datetime.now(UTC) + days
        key = self.keys.issue(asked.role, asked.subject, operator=operator, expires_at=ends)
        self._tell("key issued", operator, key.partition(".")[0], role=asked.role, subject=asked.subject)
        return key

    def revoke_key(self, key_id: str, operator: str) -> None:
        """Raises `UnknownCredentialError`."""
        self._done(self.keys.revoke(key_id, operator=operator), "there is no such key")
        self._tell("key revoked", operator, key_id)

    def register_client(self, asked: NewClient, operator: str) -> ClientRecord:
        """Raises `KidTakenError` if two keys have one id, `InvalidCommandError` if there are none or too many.

        Raises `IdentityTakenError`.
        """
        if not (asked.identity is None) <= len(asked.keys) <= KEYS_LIMIT:
            rule = f"A client signs with one of 1 to {KEYS_LIMIT} keys, or has an account at an issuer."
            raise InvalidCommandError(f"keys: {len(asked.keys)} were given", rule=rule, pointer="/keys")
        keys = [(jwk.name, jwk.public_key) for jwk in asked.keys]
        if len({name for name, _key in keys}) < len(keys):
            raise KidTakenError("two keys of one id")
        client_id = self.clients.register(asked.role, asked.subject, keys, operator=operator, identity=asked.identity)
        self._tell("client registered", operator, client_id, role=asked.role, subject=asked.subject)
        return self.client(client_id)

    def client(self, client_id: str) -> ClientRecord:
        """Raises `UnknownCredentialError`."""
        found = self.clients.record(client_id)
        if found is None:
            raise UnknownCredentialError("there is no such client")
        return found

    def add_client_key(self, client_id: str, jwk: PublicJwk, operator: str) -> ClientRecord:
        """Raises `UnknownCredentialError`, `KidTakenError`."""
        added = self.clients.add_key(client_id, jwk.name, jwk.public_key, operator=operator)
        self._done(added, "there is no such client, or it is revoked")
        self._tell("client key added", operator, client_id, kid=jwk.name)
        return self.client(client_id)

    def revoke_client_key(self, client_id: str, kid: str, operator: str) -> None:
        """Raises `UnknownCredentialError`."""
        revoked = self.clients.revoke_key(client_id, kid, operator=operator)
        self._done(revoked, "the client has no such key")
        self._tell("client key revoked", operator, client_id, kid=kid)

    def revoke_client(self, client_id: str, operator: str) -> None:
        """Raises `UnknownCredentialError`."""
        self._done(self.clients.revoke(client_id, operator=operator), "there is no such client")
        self._tell("client revoked", operator, client_id)

    def _done(self, done: bool, otherwise: str) -> None:
        if not done:
            raise UnknownCredentialError(otherwise)
        self._forget()

    def _tell(self, act: str, operator: str, object_: str, **details: str) -> None:
        audit(act, operator=operator, object=object_, **details)
