"""Base64url without padding (RFC 4648, 5; RFC 7515, appendix C)."""

from __future__ import annotations

import base64


def written(content: bytes) -> str:
    """The one way to write bytes."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def read(text: str) -> bytes:
    """The bytes. Raises `ValueError` unless the text is what `written` makes of them."""
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if written(content) != text:
        raise ValueError("not base64url without padding")
    return content
