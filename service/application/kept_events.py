"""Events that decisions have read, kept decoded: what is recorded never changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import msgspec

from domain.boundary import Query
from domain.event import Event, decode_data
from service.application.ports import Ledger

KEPT_BYTES: Final = 64 * 1024 * 1024
"""Of the data of events that are kept, as recorded."""


class KeptEvent(msgspec.Struct, frozen=True):
    """`size`: bytes of its data."""

    position: int
    type: str
    tags: frozenset[str]
    event: Event
    size: int


class KeptEvents:
    """Where a boundary's events stand is asked each time; only those that are not known yet are read.

    Safe to call from many threads.
    """

    def __init__(self, ledger: Ledger, *, keep: int = KEPT_BYTES) -> None:
        self._ledger = ledger
        self._keep = keep
        self._kept: OrderedDict[int, KeptEvent] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def read(self, query: Query) -> tuple[int, list[KeptEvent]]:
        """The head, and every event that matches, in order, from one snapshot. Raises `LedgerUnavailableError`."""
        head, found = self.candidates(query)
        return head, [each for each in found if query.matches(each.type, each.tags)]

    def candidates(self, query: Query) -> tuple[int, list[KeptEvent]]:
        """As `read`, and perhaps others: whoever asks for many things knows faster which of them an event matches."""
        probed = self._ledger.probe(query)
        known = self._known(probed.positions)
        missing = [position for position in probed.positions if position not in known]
        if missing:
            known.update(self._read(missing))
        return probed.head, [known[position] for position in probed.positions]

    def _known(self, positions: Sequence[int]) -> dict[int, KeptEvent]:
        with self._lock:
            known = {position: self._kept[position] for position in positions if position in self._kept}
            for position in known:
                self._kept.move_to_end(position)
        return known

    def _read(self, positions: Sequence[int]) -> dict[int, KeptEvent]:
        read = {
            each.position: KeptEvent(
                each.position,
                each.type,
                frozenset(each.tags),
                decode_data(each.type, each.version, each.data),
                len(each.data),
            )
            for each in self._ledger.at(positions)
        }
        with self._lock:
            new = {position: each for position, each in read.items() if position not in self._kept}
            self._kept.update(new)
            self._bytes += sum(each.size for each in new.values())
            while self._bytes > self._keep:
                _position, forgotten = self._kept.popitem(last=False)
                self._bytes -= forgotten.size
        return read
