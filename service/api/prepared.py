"""What is answered, before it is told whom it goes to."""

from __future__ import annotations

import hashlib

import msgspec

encoded = msgspec.json.Encoder(order="deterministic").encode
"""The JSON of an answer."""


class Prepared(msgspec.Struct, frozen=True, weakref=True):
    """What is answered, whoever asks in whichever coding. `etag`: without quotes, of the body as it is."""

    body: bytes
    media_type: str
    etag: str
    headers: dict[str, str]


def prepared(
    content: object, *, media_type: str = "application/json", headers: dict[str, str] | None = None
) -> Prepared:
    """A body as it is, or what is to be sent as JSON."""
    body = content if isinstance(content, bytes) else encoded(content)
    return Prepared(body, media_type, hashlib.sha256(body).hexdigest()[:32], headers or {})
