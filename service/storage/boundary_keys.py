"""Keys of the boundary index: 64 bits of a hash of what a query may ask for."""

from __future__ import annotations

import functools
import hashlib
import struct
from collections.abc import Iterable

from eventsourcing.dcb.api import DCBQueryItem


@functools.lru_cache(maxsize=65536)
def key(*parts: str) -> int:
    """The first 8 bytes, signed, of SHA-256 over the length-prefixed parts."""
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        hashed.update(struct.pack(">I", len(encoded)) + encoded)
    return int.from_bytes(hashed.digest()[:8], "big", signed=True)


def event_keys(type_: str, tags: Iterable[str]) -> set[int]:
    """Every key that an event is found by: its type, each tag, each type with tag."""
    keys = {key("type", type_)}
    for tag in tags:
        keys.add(key("tag", tag))
        keys.add(key("type+tag", type_, tag))
    return keys


def probe_keys(item: DCBQueryItem) -> list[int]:
    """Keys that every event matching the item has one of; empty if the item matches everything.

    Of several tags the longest is probed: it names the most, so it is rarely the busiest. The others are re-checked.
    """
    if not item.tags:
        return [key("type", type_) for type_ in item.types]
    tag = max(item.tags, key=lambda each: (len(each), each))
    if not item.types:
        return [key("tag", tag)]
    return [key("type+tag", type_, tag) for type_ in item.types]
