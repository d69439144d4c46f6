"""Keys of the boundary index: 64 bits for what an event is found by, a type together with a tag."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

from eventsourcing.dcb.api import DCBQueryItem

from domain.boundary import QueryItem

ANY_TAG = ""
"""In place of a tag: an event is also found by its type alone."""


@functools.lru_cache(maxsize=1 << 14)
def hashed(name: str) -> int:
    """The first 8 bytes, signed, of SHA-256 over a type or a tag. A key is that of the type XOR that of the tag."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def event_keys(type_: str, tags: Iterable[str]) -> set[int]:
    """Every key that an event is found by: its type with each tag, and without any."""
    of_type = hashed(type_)
    return {of_type ^ hashed(ANY_TAG), *(of_type ^ hashed(tag) for tag in tags)}


@functools.lru_cache(maxsize=1024)
def type_keys(types: tuple[str, ...]) -> tuple[int, ...]:
    """What events of each type are found by, whatever their tags."""
    return tuple(hashed(type_) ^ hashed(ANY_TAG) for type_ in types)


def tag_key(tag: str) -> int:
    """What turns one of `type_keys` into the key of the type with the tag, by XOR."""
    return hashed(tag) ^ hashed(ANY_TAG)


def probe_tag(item: DCBQueryItem | QueryItem) -> str:
    """The tag that an item is probed by. Of several the longest: it names the most, so it is rarely the busiest."""
    if len(item.tags) == 1:
        return item.tags[0]
    return max(item.tags, key=lambda each: (len(each), each), default=ANY_TAG)


def probe_keys(item: DCBQueryItem | QueryItem) -> list[int]:
    """Keys, one for each type of the item, that every event matching it has one of; the other tags are re-checked."""
    of_tag = hashed(probe_tag(item))
    return [hashed(type_) ^ of_tag for type_ in item.types]
