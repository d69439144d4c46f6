"""Tokens that an OIDC issuer signed, by the public keys that it publishes: a few algorithms, never a shared secret."""

from __future__ import annotations

from typing import Any, Final, Protocol

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from service.application.identity import WrongCredentialError
from service.application.jose import registry, require_signed_by, require_type, split

OF_KEYS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("RSA", ""): ("RS256",),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA", "Ed25519"),
}
"""Which algorithms a key is good for, by its type and curve, whatever a token's header says."""
_ALGORITHMS: Final = tuple(name for names in OF_KEYS.values() for name in names)
_KINDS: Final[dict[str, type[RSAKey | ECKey | OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_SHORTEST_RSA: Final = 2048


class IssuerHeader(msgspec.Struct, frozen=True):
    """What is looked at of a header: keys, or addresses of keys, that come with a token are not."""

    alg: str
    kid: str | None = None
    typ: str = ""
    crit: Any = None


class IssuerKey(msgspec.Struct, frozen=True):
    """A public key of an issuer, and what it is good for."""

    kid: str
    algorithms: tuple[str, ...]
    key: Any


class IssuerUnavailableError(Exception):
    """The issuer does not answer, or not as OIDC has it; the sentence says what was asked of it."""


class IssuerKeys(Protocol):
    """The keys that an issuer publishes. Safe to call from many threads."""

    def find(self, kid: str | None, alg: str) -> IssuerKey | None:
        """The key of this id, or without one the only key for the algorithm.

        Asks the issuer again if it is not known, once a minute at most.

        What was known goes on being known while the issuer does not answer. Raises `IssuerUnavailableError` if it never
        did.
        """
        ...


_REGISTRY: Final = registry(_ALGORITHMS)
_decode_header = msgspec.json.Decoder(IssuerHeader).decode
_decode_claims = msgspec.json.Decoder(dict[str, Any]).decode


def issuer_key(jwk: dict[str, Any]) -> IssuerKey | None:
    """A key of a JWK set; `None` if it is not for what is taken here: of another kind, too short, or for encryption."""
    kty = jwk.get("kty")
    algorithms = OF_KEYS.get((str(kty), "" if kty == "RSA" else str(jwk.get("crv"))), ())
    algorithms = tuple(each for each in algorithms if jwk.get("alg") in (None, each))
    if not algorithms or jwk.get("use") not in (None, "sig"):
        return None
    if kty == "RSA" and len(str(jwk.get("n"))) * 6 < _SHORTEST_RSA:
        return None
    try:
        key = _KINDS[str(kty)].import_key(
            {name: jwk[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in jwk}
        )
    except (JoseError, ValueError, TypeError):
        return None
    return IssuerKey(str(jwk.get("kid") or key.thumbprint()), algorithms, key)


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, before its signature is verified. Raises `WrongCredentialError`."""
    _header, body = split(token)
    try:
        return _decode_claims(body)
    except (ValueError, RecursionError):
        raise WrongCredentialError("the token's claims cannot be read") from None


def verified(token: str, keys: IssuerKeys, *types: str) -> tuple[IssuerHeader, dict[str, Any]]:
    """Header and claims of a token that the issuer signed. `types`: what `typ` may be.

    Raises `WrongCredentialError`, `IssuerUnavailableError`.
    """
    head, _body = split(token)
    try:
        header = _decode_header(head)
    except (ValueError, RecursionError):
        raise WrongCredentialError("the token's header holds at least alg") from None
    require_type(header.typ, *types)
    if header.alg not in _ALGORITHMS or header.crit is not None:
        raise WrongCredentialError(f"a token is signed by {', '.join(_ALGORITHMS)}, without critical headers")
    key = keys.find(header.kid, header.alg)
    if key is None:
        raise WrongCredentialError("the token was signed with none of the issuer's keys")
    if header.alg not in key.algorithms:
        raise WrongCredentialError("the token's alg is not that of the issuer's key")
    require_signed_by(token, key.key, _REGISTRY)
    return header, claims_of(token)
