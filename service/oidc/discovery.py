"""What an issuer says of itself (OpenID Connect Discovery) and the keys that it signs with, kept for a while."""

from __future__ import annotations

import functools
import ssl
import threading
import time
from typing import Any, Final

import httpx
import msgspec
import structlog

from service.application.issuer_jws import IssuerKey, IssuerUnavailableError, issuer_key
from service.application.transport import is_private

WELL_KNOWN: Final = "/.well-known/openid-configuration"
AGAIN_SECONDS: Final = 60.0
"""So long the issuer is left alone after it was asked, whatever it answered."""
KEPT_SECONDS: Final = 600.0
"""After so long it is asked again, so that a key that it withdrew is refused."""
_TIMEOUT_SECONDS: Final = 5.0
_OTHERS_SECONDS: Final = 2.0
_BODY_LIMIT: Final = 256 * 1024

_log = structlog.get_logger()


class Metadata(msgspec.Struct, frozen=True):
    """What is used of what an issuer says of itself."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


def http_client() -> httpx.Client:
    """For calls to the issuer: bounded in time; no redirects, and no proxies of the environment."""
    return httpx.Client(verify=_tls(), timeout=_TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Whom to trust, read once for a process: that costs some 50 ms."""
    return httpx.create_ssl_context(trust_env=False)


class Issuer:
    """`IssuerKeys` of the issuer at an address, and what it says of itself. Safe to call from many threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._metadata: Metadata | None = None
        self._keys: dict[str, IssuerKey] = {}

    def find(self, kid: str | None, alg: str) -> IssuerKey | None:
        """See `IssuerKeys.find`."""
        found = self._known(kid, alg)
        if found is None:
            self._ask(wait=True)
        elif time.monotonic() >= self._asked + KEPT_SECONDS:
            self._ask(wait=False)
        else:
            return found
        return self._known(kid, alg)

    def _known(self, kid: str | None, alg: str) -> IssuerKey | None:
        if kid is not None:
            return self._keys.get(kid)
        good = [key for key in self._keys.values() if alg in key.algorithms]
        return good[0] if len(good) == 1 else None

    def metadata(self) -> Metadata:
        """What it says of itself. Raises `IssuerUnavailableError`."""
        if self._metadata is None:
            self._ask(wait=True)
        assert self._metadata is not None
        return self._metadata

    def _ask(self, *, wait: bool) -> None:
        """Learn metadata and keys anew, unless it was tried within a minute. What is known stays if that fails.

        `wait`: for someone else who is asking, a moment.
        """
        if self._lock.acquire(timeout=_OTHERS_SECONDS if wait else 0):
            try:
                if time.monotonic() >= self._asked + AGAIN_SECONDS:
                    self._asked = time.monotonic()
                    self._learn()
            finally:
                self._lock.release()
        if self._metadata is None:
            raise IssuerUnavailableError(f"the issuer {self.url} did not answer; it is asked again in a minute")

    def _learn(self) -> None:
        try:
            metadata = msgspec.json.decode(self._get(self.url.rstrip("/") + WELL_KNOWN), type=Metadata)
            self._require_sound(metadata)
            found = msgspec.json.decode(self._get(metadata.jwks_uri), type=_KeySet)
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, UnicodeDecodeError) as error:
            _log.warning("the issuer does not answer", issuer=self.url, error=type(error).__name__)
        except IssuerUnavailableError as error:
            _log.warning("the issuer does not answer", issuer=self.url, error=str(error))
        else:
            keys = [key for each in found.keys if (key := issuer_key(each)) is not None]
            self._metadata, self._keys = metadata, {key.kid: key for key in keys}

    def _require_sound(self, metadata: Metadata) -> None:
        if metadata.issuer != self.url:
            raise IssuerUnavailableError("it calls itself by another name")
        endpoints = (metadata.jwks_uri, metadata.authorization_endpoint, metadata.token_endpoint)
        if not all(is_private(each) for each in endpoints if each is not None):
            raise IssuerUnavailableError("an address that it names is not https://")

    def _get(self, url: str) -> bytes:
        with http_client() as http, http.stream("GET", url, headers={"Accept": "application/json"}) as response:
            if response.status_code != 200:
                raise IssuerUnavailableError(f"it answered {response.status_code}")
            content = b""
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > _BODY_LIMIT:
                    raise IssuerUnavailableError("it answered too much")
            return content
