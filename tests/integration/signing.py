"""A client that signs for itself, as an agency would write one."""

from __future__ import annotations

import base64
import itertools
import json
import re
import time
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.conftest import Headers, Running
from tests.playing import REHEARSAL, lines_of

ISSUER = "http://127.0.0.1:8000"
FORM = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
}
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
OTHER = Ed25519PrivateKey.generate()
"""A key that nobody registered."""
_numbers = itertools.count(1)


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwk_of(key: Ed25519PrivateKey, **members: str) -> dict[str, str]:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw), **members}


def compact(header: Any, claims: Any, key: Ed25519PrivateKey) -> str:
    """A token over exactly these bytes of header and claims."""
    parts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in (header, claims)]
    signed = ".".join(map(b64, parts))
    return f"{signed}.{b64(key.sign(signed.encode()))}"


class SigningClient:
    """A registered client, with its private key."""

    def __init__(self, running: Running, role: str = "agency", subject: str = "msit") -> None:
        self.running = running
        self.private = Ed25519PrivateKey.generate()
        self.operator: Headers = {"Authorization": f"Bearer {running.keys.operator}"}
        asked = {"role": role, "subject": subject, "keys": [jwk_of(self.private)]}
        answer = running.client.post("/v1/clients", json=asked, headers=self.operator)
        assert answer.status_code == 201, answer.text
        self.client_id: str = answer.json()["client_id"]
        self.kid: str = answer.json()["keys"][0]["kid"]

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Those of a good assertion, but for what is changed; `None` leaves one out."""
        now = int(time.time())
        found: dict[str, Any] = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": f"{ISSUER}/oauth/token",
            "exp": now + 60,
            "iat": now,
            "jti": f"{self.client_id}-{next(_numbers)}",
            **changed,
        }
        return {name: value for name, value in found.items() if value is not None}

    def header(self, **changed: Any) -> dict[str, Any]:
        found = {"alg": "EdDSA", "typ": "JWT", "kid": self.kid, **changed}
        return {name: value for name, value in found.items() if value is not None}

    def assertion(self, *, header: dict[str, Any] | None = None, **changed: Any) -> str:
        return compact(header or self.header(), self.claims(**changed), self.private)

    def ask(self, assertion: str, **form: str) -> httpx.Response:
        return self.running.client.post("/oauth/token", data={**FORM, "client_assertion": assertion, **form})

    def token(self) -> str:
        answer = self.ask(self.assertion())
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def faults(answer: httpx.Response, status: int, error: str) -> str:
    """What an OAuth error says."""
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    content = answer.json()
    assert set(content) == {"error", "error_description"}
    assert content["error"] == error
    assert DESCRIPTION.fullmatch(content["error_description"])
    return str(content["error_description"])


def submit(running: Running, token: str, key: str = "one") -> httpx.Response:
    line = lines_of(REHEARSAL)[0]
    headers = {**bearer(token), "Idempotency-Key": key}
    return running.client.post(f"/v1/programmes/{REHEARSAL}/decisions/publish-charter", json=line.body, headers=headers)
