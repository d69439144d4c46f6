"""Signatures of webhooks (Standard Webhooks 1.0.0): `v1`, HMAC-SHA256, and `v1a`, Ed25519, by secrets of each endpoint.

What is signed is `{id}.{seconds since 1970}.{body}`; no id has a full stop.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain import base64url

SECRET_BYTES: Final = 32
OVERLAP: Final = timedelta(hours=24)
"""So long a secret that was rotated goes on signing beside the new one."""


class EndpointSecret(msgspec.Struct, frozen=True, kw_only=True):
    """`shared`: known to the receiver. `seed`: of the Ed25519 key, which nobody is shown. `until`: when it ends."""

    shared: bytes
    seed: bytes
    until: datetime | None = None

    @property
    def text(self) -> str:
        """As receivers take it."""
        return f"whsec_{base64.b64encode(self.shared).decode()}"

    @property
    def public_key(self) -> str:
        """As receivers take it."""
        return f"whpk_{base64.b64encode(self._key().public_key().public_bytes_raw()).decode()}"

    def challenge(self) -> str:
        """What only who reads what is sent to the endpoint can know: not even who registered it does."""
        return base64url.written(hmac.digest(self.seed, b"challenge", "sha256")[:18])

    def signatures(self, signed: bytes) -> Sequence[str]:
        mac, signature = hmac.digest(self.shared, signed, "sha256"), self._key().sign(signed)
        return f"v1,{base64.b64encode(mac).decode()}", f"v1a,{base64.b64encode(signature).decode()}"

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


EndpointSecrets = tuple[EndpointSecret, ...]
"""The current one first; those after it end."""


def fresh_secrets() -> EndpointSecrets:
    """For a new endpoint."""
    return (EndpointSecret(shared=secrets.token_bytes(SECRET_BYTES), seed=secrets.token_bytes(SECRET_BYTES)),)


def rotated(kept: EndpointSecrets, now: datetime) -> EndpointSecrets:
    """With a new current one; the one before goes on for `OVERLAP`."""
    current, *former = kept
    ending = msgspec.structs.replace(current, until=now + OVERLAP)
    return (*fresh_secrets(), ending, *(each for each in former if each.until is not None and each.until > now))


def signed_headers(kept: EndpointSecrets, id_: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers that a webhook is verified by."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((id_.encode(), timestamp.encode(), body))
    signing = [each for each in kept if each.until is None or each.until > now]
    signatures = (signature for each in signing for signature in each.signatures(signed))
    return {"webhook-id": id_, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}
