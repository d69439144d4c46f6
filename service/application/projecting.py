"""Advancing projections: fold what is new, and keep rows and position together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.charter import CharterPublished
from domain.event import decode_data
from domain.views import Occurrence, PoisonEventError, View
from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.grants import GRANTS
from domain.views.standings import STANDINGS
from service.application.ports import Ledger, ReadResult, RecordedEvent, StreamedEvent, ViewStore

VIEWS: Final = (STANDINGS, GRANTS, AUDIT_TRAIL)
"""Every projection of this release; each is partitioned by programme."""

BATCH: Final = 500


class Advanced(msgspec.Struct, frozen=True):
    """`busy`: another worker has the partition. `halted`: it cannot go on, and says why."""

    outcome: Literal["advanced", "current", "busy", "halted"]
    position: int
    because: str | None = None


def occurrences(events: Iterable[StreamedEvent]) -> Iterator[Occurrence]:
    """Recorded events, decoded in their current version. One that cannot be decoded is poison."""
    for each in events:
        try:
            event = decode_data(each.type, each.version, each.data)
        except (LookupError, msgspec.DecodeError) as cause:
            raise PoisonEventError(each.position, cause) from cause
        yield Occurrence(each.position, each.recorded_at, each.version, each.envelope, event)


class AdvanceProjection:
    """The use case. Exactly once in effect: rows and position change in one transaction."""

    def __init__(self, ledger: Ledger, store: ViewStore) -> None:
        self._ledger = ledger
        self._store = store

    def __call__(self, view: View, programme: str, *, batch: int = BATCH) -> Advanced:
        """Fold one batch. A poison event halts the programme's view just before it, in the open."""
        try:
            return self._advance(view, programme, batch)
        except PoisonEventError as poison:
            return self._halt(view, programme, poison)

    def _advance(self, view: View, programme: str, batch: int) -> Advanced:
        with self._store.turn(view.projection, programme) as turn:
            if turn is None:
                return Advanced("busy", 0)
            before = turn.position
            found = self._ledger.read_programme(programme, after=before, limit=batch)
            events = list(found)
            view.fold(turn.rows, occurrences(events))
            turn.position = reached(found, events, batch)
            turn.stale = None
            return Advanced("advanced" if events else "current", turn.position)

    def _halt(self, view: View, programme: str, poison: PoisonEventError) -> Advanced:
        because = str(poison)
        with self._store.turn(view.projection, programme) as turn:
            if turn is None:
                return Advanced("busy", 0)
            sound = list(self._ledger.read_programme(programme, after=turn.position, upto=poison.position - 1))
            view.fold(turn.rows, occurrences(sound))
            turn.position = max(turn.position, poison.position - 1)
            turn.stale = because
            return Advanced("halted", turn.position, because)

    def catch_up(self, programme: str) -> list[Advanced]:
        """Advance every view of a programme until there is nothing more to fold; the last step of each."""
        steps = []
        for view in VIEWS:
            step = self(view, programme)
            while step.outcome == "advanced":
                step = self(view, programme)
            steps.append(step)
        return steps

    def programmes(self) -> list[str]:
        """Every programme that has a charter, in order of publication."""
        query = DCBQuery(items=[DCBQueryItem(types=[CharterPublished.TYPE])])
        return list(dict.fromkeys(each.programme for each in self._ledger.read(query)))


def reached(found: ReadResult, events: list[RecordedEvent], batch: int) -> int:
    """The position that a batch brings a view to: the head that was read, unless there is more before it."""
    return events[-1].position if len(events) == batch else found.head
