"""Ed25519 (RFC 8032), as far as the domain knows of it: how long things are, and that somebody can verify."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

KEY_BYTES: Final = 32

Verify = Callable[[bytes, bytes, bytes], bool]
"""Public key (32 bytes), message, signature (64 bytes) → whether it is right."""
