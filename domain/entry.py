"""The ledger entry ❄: the bytes that the Merkle tree commits to, one entry an event.

Version 1, all integers big-endian, `text` = length (4 bytes) + UTF-8 bytes:

    version  1 byte   0x01
    position 8 bytes
    programme text
    type     text
    event version 4 bytes
    recorded_at 8 bytes, signed: microseconds since 1970-01-01T00:00:00Z
    commitment 32 bytes: SHA-256(salt ‖ length(4) envelope ‖ length(4) data)

The salt (16 random bytes) keeps an unpublished score from being guessed from its hash; the lengths keep bytes
from being moved between envelope and data. Vectors: `tests/domain/vectors/entry.json`.
"""

from __future__ import annotations

import functools
import hashlib
import struct

ENTRY_VERSION = 1
SALT_BYTES = 16

_length = struct.Struct(">I").pack
_begin = struct.Struct(">BQ").pack
_time = struct.Struct(">q").pack


def commitment(salt: bytes, envelope: bytes, data: bytes) -> bytes:
    """32 bytes that commit to the whole private part. `salt` is 16 bytes (`ValueError` otherwise)."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"salt: {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(b"".join((salt, _length(len(envelope)), envelope, _length(len(data)), data))).digest()


@functools.lru_cache(maxsize=1 << 10)
def _named(programme: str, type_: str, version: int) -> bytes:
    """The part that events of one programme and type have in common."""
    name, of_type = programme.encode(), type_.encode()
    return b"".join((_length(len(name)), name, _length(len(of_type)), of_type, _length(version)))


def encode_entry(
    *, position: int, programme: str, type_: str, version: int, recorded_at_us: int, commitment: bytes
) -> bytes:
    """The entry's bytes. The database builds the same bytes under the head lock (`ledger.entry_v1`).

    Raises `ValueError` for numbers that have no place in it.
    """
    try:
        named = _named(programme, type_, version)
        return b"".join((_begin(ENTRY_VERSION, position), named, _time(recorded_at_us), commitment))
    except struct.error as error:
        raise ValueError(str(error)) from None
