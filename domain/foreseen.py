"""What a preview foresees, as digests: an approval may name those of the preview that its author looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from domain.event import Event
from domain.scalars import Sha256


class Foreseen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """SHA-256 (hex) of each: the `events` that would be recorded, and what would change of teams, of standings, and of
    pools and grants (`holdings`)."""

    events: Sha256
    teams: Sha256
    standings: Sha256
    holdings: Sha256

    def differing(self, other: Foreseen) -> tuple[str, ...]:
        """What is not the same in both."""
        return tuple(each for each in self.__struct_fields__ if getattr(self, each) != getattr(other, each))


def effects_of(events: Iterable[Event], rests_on: bytes = b"") -> str:
    """SHA-256 (hex) over events, but for what only says when and by whom they were decided, and what they rest on."""
    hashed = hashlib.sha256()
    for each in events:
        hashed.update(hashlib.sha256(each.TYPE.encode()).digest() + hashlib.sha256(each.substance()).digest())
    if rests_on:
        hashed.update(hashlib.sha256(rests_on).digest())
    return hashed.hexdigest()
