"""Compact JWS by Ed25519 (RFC 7515, 8037, 9864): one algorithm, three header parameters, nothing else is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from domain import base64url
from domain.boundary import whole
from domain.ed25519 import is_weak
from service.application.identity import WrongCredentialError

ALGORITHMS: Final = ("EdDSA", "Ed25519")
"""Two names of one algorithm; here both stand for Ed25519 alone."""
LIMIT: Final = 4096
"""Characters of a token."""

Kid = Annotated[str, whole("[A-Za-z0-9._~-]{1,128}", "1 to 128 letters, digits, dots, dashes")]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a header may say: a key that comes with the token, or an address of one, is never looked at."""

    alg: Literal["EdDSA", "Ed25519"]
    kid: Kid
    typ: str = ""


def registry(algorithms: Sequence[str]) -> jws.JWSRegistry:
    """Knows these algorithms and no others; both names of Ed25519 stand for it."""
    known = jws.JWSRegistry.algorithms
    models = {name: known["Ed25519" if name == "EdDSA" else name] for name in algorithms}
    made: type[jws.JWSRegistry] = type("Registry", (jws.JWSRegistry,), {"algorithms": models})
    return made(algorithms=algorithms)


_REGISTRY: Final = registry(ALGORITHMS)
_decode_header = msgspec.json.Decoder(Header).decode

Claims = TypeVar("Claims")


def read_unverified(token: str, decoder: msgspec.json.Decoder[Claims], *types: str) -> tuple[Header, Claims]:
    """Header and claims before the signature is verified: to find the key by. `types`: what `typ` may be.

    Raises `WrongCredentialError`.
    """
    head, body = split(token)
    try:
        header = _decode_header(head)
    except (ValueError, RecursionError):
        raise WrongCredentialError(
            f"the token's header holds kid, alg ({' or '.join(ALGORITHMS)}) and typ, nothing else"
        ) from None
    require_type(header.typ, *types)
    try:
        return header, decoder.decode(body)
    except (ValueError, RecursionError):
        raise WrongCredentialError("the token's claims are incomplete or not as they should be") from None


def split(token: str) -> tuple[bytes, bytes]:
    """The bytes of header and claims. Raises `WrongCredentialError`."""
    if len(token) > LIMIT:
        raise WrongCredentialError(f"a token has {LIMIT} characters at most")
    parts = token.split(".")
    if len(parts) != 3:
        raise WrongCredentialError("a signed token has three parts")
    try:
        return base64url.read(parts[0]), base64url.read(parts[1])
    except ValueError:
        raise WrongCredentialError("the parts of a token are base64url") from None


def require_type(typ: str, *types: str) -> None:
    """Raise `WrongCredentialError` unless a header's `typ` is one of them, the first of which is named."""
    if typ.lower().removeprefix("application/") not in types:
        raise WrongCredentialError(f"the token's typ is {types[0]}")


def require_signature(token: str, public_key: bytes) -> None:
    """Raise `WrongCredentialError` unless the token was signed with the private half of the key."""
    if is_weak(public_key):
        raise WrongCredentialError("the token's key is one for which anybody can sign")
    require_signed_by(token, _jwk(public_key), _REGISTRY)


def require_signed_by(token: str, key: Any, known: jws.JWSRegistry) -> None:
    """Raise `WrongCredentialError` unless the token was signed with the key, by an algorithm that is known."""
    try:
        jws.deserialize_compact(token, key, registry=known)
    except (JoseError, ValueError):
        raise WrongCredentialError("the token's signature is wrong") from None


def signed(claims: object, secret: bytes, *, kid: str, typ: str) -> str:
    """A token. `secret`: 32 bytes, the private key."""
    key = OKPKey(Ed25519PrivateKey.from_private_bytes(secret), None)
    header = {"alg": ALGORITHMS[0], "kid": kid, "typ": typ}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key, registry=_REGISTRY)


def public_half(secret: bytes) -> bytes:
    """The public key, 32 bytes, of a private one."""
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def public_jwk(public_key: bytes, kid: str | None = None) -> dict[str, Any]:
    """The key as a JWK. Without an id of its own it is named by its thumbprint (RFC 7638)."""
    key = _jwk(public_key)
    name = key.thumbprint() if kid is None else kid
    return {**key.as_dict(private=False), "kid": name, "use": "sig", "alg": ALGORITHMS[0]}


def _jwk(public_key: bytes) -> OKPKey:
    return OKPKey(Ed25519PublicKey.from_public_bytes(public_key), None)
