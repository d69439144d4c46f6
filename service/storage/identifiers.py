"""UUIDv7 (RFC 9562, 5.7): time-ordered, so that the index of event ids grows at its end."""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

from service.random_pieces import random_piece

_RANDOM: Final = 0xFFF << 64 | (2**62 - 1)
_VERSION_AND_VARIANT: Final = 0x7 << 76 | 0b10 << 62


def uuid7() -> UUID:
    """48 bits of milliseconds since 1970, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000 & (2**48 - 1)
    return UUID(int=milliseconds << 80 | _VERSION_AND_VARIANT | int.from_bytes(random_piece(), "big") & _RANDOM)
