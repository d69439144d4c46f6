"""What a caller shows: a key, or a token that it is given for an assertion that it signs."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from service.client.exchange import Exchange, Request, patiently, read

ASSERTION_SECONDS: Final = 60
_RENEWED_BEFORE: Final = 30.0
"""Seconds before a token ends, the next is asked for."""


class CredentialError(Exception):
    """The file holds no key of a client; the sentence says which file."""


class Credential(Protocol):
    """Where the `Authorization` of a request comes from."""

    def authorization(self, service: str, seconds: float) -> Exchange[str | None]:
        """The header's value. `service`: its address. `seconds`: for so long a busy service is asked again."""

    def forget(self) -> None:
        """The service took it for wrong: what is kept for a while is not to be shown again."""


class Nobody:
    """No credential: the public's view."""

    def authorization(self, service: str, seconds: float) -> Exchange[str | None]:
        """Nothing."""
        return None
        yield

    def forget(self) -> None:
        """There is nothing to."""


class ApiKey:
    """A key as `sillok keys issue` shows it once, or a token that was got elsewhere."""

    def __init__(self, key: str) -> None:
        self._key = key

    def authorization(self, service: str, seconds: float) -> Exchange[str | None]:
        """The same each time."""
        return f"Bearer {self._key}"
        yield

    def forget(self) -> None:
        """It is all there is."""


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    expires_in: int


class ClientCredentials:
    """A registered client's own key, private_key_jwt (RFC 7523): a token is asked for when there is none that lasts.

    `audience`: the issuer that the service says it is, if that is not its address.
    """

    def __init__(self, client_id: str, key: OKPKey, *, audience: str | None = None) -> None:
        self._client_id = client_id
        self._audience = audience
        self._key = key
        self._token = ""
        self._until = 0.0

    @classmethod
    def read(cls, client_id: str, file: Path, *, audience: str | None = None) -> ClientCredentials:
        """The private Ed25519 JWK in a file. Raises `CredentialError`."""
        try:
            key = OKPKey.import_key(json.loads(file.read_bytes()))
            if not key.is_private:
                raise CredentialError(f"{file} holds the public half of a key only")
        except OSError as error:
            raise CredentialError(f"{file}: {error.strerror}") from None
        except (ValueError, TypeError, KeyError, JoseError):
            # What is wrong is not repeated: it may be the key.
            raise CredentialError(f"{file} holds no private Ed25519 JWK (RFC 8037)") from None
        return cls(client_id, key, audience=audience)

    def authorization(self, service: str, seconds: float) -> Exchange[str | None]:
        """Raises `ServiceProblemError`, `UnreachableError`."""
        if time.monotonic() > self._until:
            asked = time.monotonic()
            answer = yield from patiently(lambda: self._asking(self._audience or service), seconds)
            token: _Token = read(answer, _Token)
            self._token, self._until = token.access_token, asked + token.expires_in - _RENEWED_BEFORE
        return f"Bearer {self._token}"

    def forget(self) -> None:
        """The next request asks for another token."""
        self._until = 0.0

    def _asking(self, audience: str) -> Request:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(audience),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", "/oauth/token", headers=headers, content=urlencode(form).encode())

    def _assertion(self, audience: str) -> str:
        header: dict[str, Any] = {"alg": "Ed25519", "kid": self._key.kid or self._key.thumbprint()}
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": audience,
            "exp": int(time.time()) + ASSERTION_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(header, claims, self._key, algorithms=["Ed25519"])
