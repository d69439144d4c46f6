"""Signatures over decisions: detached JWS (RFC 7515, appendix F) with Ed25519 (RFC 8037, RFC 9864).

A signature is `header..signature`, each part base64url without padding. Signed are the bytes `header.command`, the
command being base64url of the very bytes that the ledger keeps. The header says what else is meant by it: programme,
decision, the request's own name (`jti`, the Idempotency-Key) and when it was made (`iat`), so that nobody can hold a
signed command back, nor submit it again, elsewhere or as another decision.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from domain import base64url
from domain.decision import Command
from domain.ed25519 import Verify
from domain.envelope import Actor
from domain.json_text import repeated_key
from domain.keys import Keys, KeyUnknownError, NotOwnAgencyError, PublicKey, RegisterKey, is_of
from domain.refusal import Refusal

SIGNED_BEFORE: Final = timedelta(hours=24)
"""How long before the decision a signature may be made: time to carry a command to a signing device and back."""
CLOCKS_APART: Final = timedelta(seconds=60)
MAX_LENGTH: Final = 2048
"""Characters of a signature."""

_PARTS: Final = re.compile(r"([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]{86})")
_RULE: Final = "A signature is a detached JWS of the very command, by a live key of whoever decides."


class SignatureMalformedError(Refusal):
    """The signature is no detached JWS of a decision."""

    KIND = "invalid"


class SignatureMismatchError(Refusal):
    """The signature was made for something else, or not by this key."""

    KIND = "forbidden"


class SignatureTooOldError(Refusal):
    """The signature was made too long before the decision, or after it."""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The protected header. `kid`: the key as the agency registered it. `iat`: seconds since 1970 (RFC 7519)."""

    alg: Literal["EdDSA", "Ed25519"]
    typ: Literal["sillok-decision+jws"]
    kid: str
    programme: str
    decision: str
    jti: str
    iat: int


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that was read. `protected`: its header's bytes as they were signed."""

    header: Header
    protected: bytes
    value: bytes

    def signed(self, command: bytes) -> bytes:
        """The bytes that are signed, of a command."""
        return signing_input(self.protected, command)


def signing_input(protected: bytes, command: bytes) -> bytes:
    """What is signed: `protected`, the header in base64url, and the command."""
    return protected + b"." + base64url.written(command).encode()


def signed_name(together: str, number: int) -> str:
    """Under which name a line of those that are recorded together is signed: a signature is good for one line.

    No idempotency key has a space, so none is named so.
    """
    return f"{together} {number}"


def read_signature(text: str) -> Signature:
    """A signature from its text. Raises `SignatureMalformedError`."""
    parts = _PARTS.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if parts is None:
        raise _malformed(f"not header..signature in base64url of at most {MAX_LENGTH} characters")
    protected, value = _decoded(parts[1]), _decoded(parts[2])
    try:
        repeated = repeated_key(protected.decode())
        header = msgspec.json.decode(protected, type=Header)
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise _malformed(f"its header: {error}") from None
    if repeated is not None:
        raise _malformed("its header: a field stands twice")
    return Signature(header=header, protected=parts[1].encode(), value=value)


def _malformed(detail: str) -> SignatureMalformedError:
    return SignatureMalformedError(f"JWS-Signature: {detail}", rule=_RULE)


def _decoded(text: str) -> bytes:
    """Written in one way only: no other text stands for the same bytes."""
    try:
        return base64url.read(text)
    except ValueError as error:
        raise _malformed(str(error)) from None


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What a signature has to be over: who decides what, in which words, as which request, at what time."""

    programme: str
    decision: str
    command: bytes
    actor: Actor
    request: str
    decided_at: datetime


def require_signature(signature: Signature, of: Signed, parsed: Command, keys: Keys, verify: Verify) -> str:
    """The id of the key that signed. `keys`: as they stood before the decision. Raises a `Refusal`."""
    header = signature.header
    wanted = {"programme": of.programme, "decision": of.decision, "jti": of.request}
    for field, value in wanted.items():
        if getattr(header, field) != value:
            raise SignatureMismatchError(
                f"JWS-Signature: made for {field} {getattr(header, field)[:80]!r}, not {value!r}", rule=_RULE
            )
    _require_time(header.iat, of.decided_at)
    jwk = _key_of(header.kid, of.actor, parsed, keys)
    if not verify(_decoded(jwk.x), signature.signed(of.command), signature.value):
        raise SignatureMismatchError(f"JWS-Signature: not that of key {header.kid} over this command", rule=_RULE)
    return header.kid


def _require_time(issued: int, decided_at: datetime) -> None:
    try:
        age = decided_at - datetime.fromtimestamp(issued, UTC)
    except (ValueError, OverflowError, OSError):
        raise _malformed("its header: iat is no time") from None
    if not -CLOCKS_APART <= age <= SIGNED_BEFORE:
        raise SignatureTooOldError(
            f"JWS-Signature: made {age.total_seconds():.0f} seconds before the decision",
            rule=f"A decision is signed within the {SIGNED_BEFORE.total_seconds() / 3600:.0f} hours before it.",
        )


def _key_of(kid: str, actor: Actor, parsed: Command, keys: Keys) -> PublicKey:
    """A live key of the actor, or the one that it is about to register: it shows that it holds its private part."""
    if isinstance(parsed, RegisterKey) and parsed.key == kid and keys.state(kid) == "unregistered":
        return parsed.jwk
    registered = keys.registered.get(kid)
    if registered is None:
        raise KeyUnknownError(f"JWS-Signature: no key {kid[:80]!r} is registered", rule=_RULE)
    if not is_of(registered, actor):
        raise NotOwnAgencyError(f"JWS-Signature: {kid} is no key of {actor.agency}", rule=_RULE)
    keys.require_live(kid)
    return registered.jwk
