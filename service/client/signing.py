"""Signing decisions with an agency's own key, which never leaves the agency."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain import base64url
from domain.keys import PublicKey
from domain.signatures import Header, signing_input


class SigningKeyError(Exception):
    """The file holds no signing key, or would be overwritten; the sentence says which file."""


class _PrivateJwk(msgspec.Struct, frozen=True, kw_only=True):
    """A private JWK of RFC 8037."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    kid: str
    x: str
    d: str


class SigningKey:
    """An Ed25519 key and the id that the agency registers it under."""

    def __init__(self, kid: str, private: Ed25519PrivateKey) -> None:
        self.kid = kid
        self._private = private

    @classmethod
    def make(cls, kid: str) -> SigningKey:
        """A new key."""
        return cls(kid, Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, file: Path) -> SigningKey:
        """The key in a file that `write` wrote. Raises `SigningKeyError`."""
        try:
            found = msgspec.json.decode(file.read_bytes(), type=_PrivateJwk)
            key = cls(found.kid, Ed25519PrivateKey.from_private_bytes(base64url.read(found.d)))
        except OSError as error:
            raise SigningKeyError(f"{file}: {error.strerror}") from None
        except (msgspec.DecodeError, ValueError):
            # What is wrong is not repeated: it may be the key.
            raise SigningKeyError(f"{file} holds no private Ed25519 JWK (RFC 8037) with a kid") from None
        if key.public.x != found.x:
            raise SigningKeyError(f"{file}: its x is not the public part of its d")
        return key

    @property
    def public(self) -> PublicKey:
        """What the agency registers."""
        return PublicKey(kty="OKP", crv="Ed25519", x=base64url.written(self._private.public_key().public_bytes_raw()))

    def write(self, file: Path) -> None:
        """Keep the key in a new file that its owner alone may read. Raises `SigningKeyError`."""
        jwk = _PrivateJwk(kid=self.kid, x=self.public.x, d=base64url.written(self._private.private_bytes_raw()))
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise SigningKeyError(f"{file}: {error.strerror}") from None
        with os.fdopen(descriptor, "wb") as output:
            output.write(msgspec.json.encode(jwk) + b"\n")
            output.flush()
            with contextlib.suppress(OSError):
                os.fsync(output.fileno())

    def sign(
        self, command: bytes, *, programme: str, decision: str, request: str, made_at: datetime | None = None
    ) -> str:
        """The JWS-Signature of a request. `command`: its exact body. `request`: its Idempotency-Key."""
        header = Header(
            alg="EdDSA",
            typ="sillok-decision+jws",
            kid=self.kid,
            programme=programme,
            decision=decision,
            jti=request,
            iat=int((made_at or datetime.now(UTC)).timestamp()),
        )
        protected = base64url.written(msgspec.json.encode(header)).encode()
        return f"{protected.decode()}..{base64url.written(self._private.sign(signing_input(protected, command)))}"
