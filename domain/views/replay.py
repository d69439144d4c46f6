"""Views folded again from the first event on, and the digests by which two who did so compare what they have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from domain.bounds import Contradiction
from domain.views import MemoryRows, Occurrence, View, keyed
from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.grants import GRANTS
from domain.views.standings import STANDINGS, as_of, compute

VIEWS: Mapping[str, View] = {each.name: each for each in (STANDINGS, GRANTS, AUDIT_TRAIL)}
"""That are replayed."""


class Digests(msgspec.Struct, frozen=True, kw_only=True):
    """What the views of a programme come to at a position. `standings`: by stage, as shown there; null where facts
    contradict each other. Of the others SHA-256 (hex) over their rows in order of their keys, each as `key length,
    value length:`, key and value. `versions`: of the views; another version of one may have other rows.
    """

    programme: str
    position: int
    events: int
    versions: Mapping[str, int]
    standings: Mapping[str, str | None] | None = None
    grants: str | None = None
    audit_trail: str | None = None


class Replay:
    """A fold over the events of a programme into some of the views; what is replayed is kept by nobody."""

    def __init__(self, programme: str, views: Sequence[View]) -> None:
        self._programme = programme
        self._rows = {view.name: _Passing() if view is AUDIT_TRAIL else MemoryRows() for view in views}
        self._events = 0

    @property
    def views(self) -> Sequence[str]:
        return list(self._rows)

    def take(self, page: Sequence[Occurrence]) -> None:
        """The next events. Raises `PoisonEventError`."""
        for name, rows in self._rows.items():
            VIEWS[name].fold(rows, page)
        self._events += len(page)

    def digests(self, position: int) -> Digests:
        """Of the views at a position, up to which every event was taken."""
        standings, grants, trail = (self._rows.get(each.name) for each in (STANDINGS, GRANTS, AUDIT_TRAIL))
        return Digests(
            programme=self._programme,
            position=position,
            events=self._events,
            versions={name: VIEWS[name].version for name in self._rows},
            standings=None if standings is None else dict(_standings(standings, position)),
            grants=None if grants is None else rows_digest(grants),
            audit_trail=None if trail is None else rows_digest(trail),
        )


def _standings(rows: MemoryRows, position: int) -> list[tuple[str, str | None]]:
    stored = keyed(rows.scan("standings/"), "standings/")
    return [(stage, _digest(rows, stage, found, position)) for stage, found in stored]


def _digest(rows: MemoryRows, stage: str, stored: bytes, position: int) -> str | None:
    try:
        found = as_of(stored, position) if stored else compute(rows, stage, position)
    except Contradiction:
        return None
    return None if found is None else found.digest


class _Passing(MemoryRows):
    """Rows of which entries, whose keys are positions and only grow, are hashed and let go."""

    def __init__(self) -> None:
        super().__init__()
        self.hashed = hashlib.sha256()

    def put(self, key: str, value: bytes) -> None:
        if key[0].isdigit():
            self.hashed.update(_row(key, value))
        else:
            super().put(key, value)


def rows_digest(rows: MemoryRows) -> str:
    """As `Digests` says."""
    hashed = rows.hashed.copy() if isinstance(rows, _Passing) else hashlib.sha256()
    for key, value in rows.scan(""):
        hashed.update(_row(key, value))
    return hashed.hexdigest()


def _row(key: str, value: bytes) -> bytes:
    """A row as it is hashed."""
    name = key.encode()
    return b"%d %d:" % (len(name), len(value)) + name + value
