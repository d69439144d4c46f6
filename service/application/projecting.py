"""Advancing projections: fold what is new, and keep rows and position together."""

from __future__ import annotations

import itertools
import time
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from operator import attrgetter
from typing import Final, Literal

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.charter import CharterPublished
from domain.event import decoder
from domain.views import EPOCH, Occurrence, PoisonEventError, Rows, View, epoch_of
from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.grants import GRANTS
from domain.views.standings import STANDINGS
from domain.views.timeline import TIMELINE
from domain.views.workload import WORKLOAD
from service.application.ports import PAGE, Ledger, StreamedEvent
from service.application.view_ports import BuildState, Turn, ViewStore

VIEWS: Final = (STANDINGS, GRANTS, AUDIT_TRAIL, TIMELINE, WORKLOAD)
"""Every projection of this release; each is partitioned by programme."""

BATCH: Final = 2_000

Pages = Generator[list[StreamedEvent], None, None]

_BUSY_TRIES: Final = 5
_BUSY_SECONDS: Final = 0.01


class Advanced(msgspec.Struct, frozen=True):
    """`advanced`: there may be more. `current`: up to the head. `halted`: it cannot go on, and says why.

    `busy`: another worker has the build. `paused`: an operator stopped the view.
    """

    outcome: Literal["advanced", "current", "halted", "busy", "paused"]
    position: int = 0
    because: str | None = None


def occurrences(events: Iterable[StreamedEvent]) -> Iterator[Occurrence]:
    """Recorded events, decoded in their current version. One that cannot be decoded is poison."""
    for each in events:
        try:
            event = decoder(each.type, each.version)(each.data)
        except (LookupError, msgspec.DecodeError) as cause:
            raise PoisonEventError(each.position, cause) from cause
        yield Occurrence(each.position, each.recorded_at, each.version, each.envelope, event)


def fold_stretch(ledger: Ledger, view: View, programme: str, rows: Rows, *, after: int = 0, upto: int) -> None:
    """Fold events with `after` < position ≤ `upto` into rows that nobody stores. Raises `PoisonEventError`."""
    pages = ledger.stream(programme, after=after, upto=upto, envelopes=view.envelopes, times=view.times)
    view.fold(rows, occurrences(itertools.chain.from_iterable(pages)))


class ReadOnce:
    """A ledger's head, and a page after a position up to it, asked once for all views: most stand at the same one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._head = ledger.head()
        self._pages: dict[tuple[str, int, int], list[StreamedEvent]] = {}

    def head(self) -> int:
        """As it was then."""
        return self._head

    def stream(self, programme: str, *, after: int, upto: int, page: int, envelopes: bool, times: bool) -> Pages:
        """As `Ledger.stream`, one page only; with envelopes and times in any case, as some view looks at them."""
        asked = (programme, after, upto)
        if asked not in self._pages:
            with closing(self._ledger.stream(programme, after=after, upto=upto, page=page)) as pages:
                self._pages[asked] = next(pages, [])
        yield self._pages[asked]


class AdvanceProjection:
    """The use case. Exactly once in effect: rows and position change in one transaction."""

    def __init__(self, ledger: Ledger, store: ViewStore, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._ledger = ledger
        self._store = store
        self._pause = pause
        self._programmes: dict[str, None] = {}
        self._looked_upto = 0

    def __call__(
        self, view: View, programme: str, *, batch: int = BATCH, state: BuildState = "live", upto: int | None = None
    ) -> Advanced:
        """Fold one batch, of positions ≤ `upto`. A poison event halts the build just before it, in the open."""
        return self._step(self._ledger, view, programme, batch=batch, state=state, upto=upto)

    def _step(
        self,
        ledger: Ledger | ReadOnce,
        view: View,
        programme: str,
        *,
        batch: int = BATCH,
        state: BuildState = "live",
        upto: int | None = None,
    ) -> Advanced:
        try:
            return self._advance(ledger, view, programme, batch, state, upto)
        except PoisonEventError as found:
            poison = found
        while True:
            try:
                return self._halt(view, programme, state, poison)
            except PoisonEventError as earlier:  # of events that are poison together the last is found first
                poison = earlier

    def _advance(
        self, ledger: Ledger | ReadOnce, view: View, programme: str, batch: int, state: BuildState, upto: int | None
    ) -> Advanced:
        with self._store.turn(view, programme, state) as turn:
            if isinstance(turn, str):
                return Advanced(turn)
            if turn.stale is not None:
                return Advanced("halted", turn.position, turn.stale)
            more = _fold(ledger, view, programme, turn, batch=batch, upto=upto)
            return Advanced("advanced" if more else "current", turn.position)

    def fold(self, view: View, programme: str, turn: Turn, *, batch: int | None, upto: int | None) -> bool:
        """Fold what comes after the turn's position, of at most `batch` events; whether there may be more.

        The position goes to the head that was captured before, unless there is more. Raises `PoisonEventError`.
        """
        return _fold(self._ledger, view, programme, turn, batch=batch, upto=upto)

    def _halt(self, view: View, programme: str, state: BuildState, poison: PoisonEventError) -> Advanced:
        with self._store.turn(view, programme, state) as turn:
            if isinstance(turn, str):
                return Advanced(turn)
            if turn.position < poison.position:
                self.fold(view, programme, turn, batch=None, upto=poison.position - 1)
                turn.stale = str(poison)
            return Advanced("halted", turn.position, turn.stale)

    def catch_up(self, programme: str, *, seconds: float | None = None) -> bool:
        """Advance every view of a programme in turns until there is nothing more to fold, or for so long.

        Whether there is nothing more; not so either if another worker had a view all the time, who may have looked for
        news before the latest came.
        """
        started = time.monotonic()
        left = False
        waiting = list(VIEWS) if programme in self._programmes or programme in self.programmes() else []
        while waiting:
            once = ReadOnce(self._ledger)
            steps = [(view, self._patiently(once, view, programme).outcome) for view in waiting]
            waiting = [view for view, outcome in steps if outcome == "advanced"]
            left = left or any(outcome == "busy" for _view, outcome in steps)
            if waiting and seconds is not None and time.monotonic() - started > seconds:
                return False
        return not left

    def _patiently(self, once: ReadOnce, view: View, programme: str) -> Advanced:
        """One batch, of a build that another worker may have for a moment."""
        step = self._step(once, view, programme)
        for _ in range(_BUSY_TRIES):
            if step.outcome != "busy":
                break
            self._pause(_BUSY_SECONDS)
            step = self._step(once, view, programme)
        return step

    def programmes(self) -> list[str]:
        """Every programme that has a charter, in order of publication; what was found before is not read again."""
        query = DCBQuery(items=[DCBQueryItem(types=[CharterPublished.TYPE])])
        found = self._ledger.read(query, after=self._looked_upto)
        self._programmes.update((each.programme, None) for each in found)
        self._looked_upto = found.head
        return list(self._programmes)


def _fold(
    ledger: Ledger | ReadOnce, view: View, programme: str, turn: Turn, *, batch: int | None, upto: int | None
) -> bool:
    head = ledger.head()
    end = head if upto is None else min(head, upto)
    page = PAGE if batch is None else min(batch, PAGE)
    pages = ledger.stream(
        programme, after=turn.position, upto=end, page=page, envelopes=view.envelopes, times=view.times
    )
    upto_batch = None if batch is None else turn.folded + batch
    with closing(pages):
        for events in pages:
            for epoch, recorded in _by_epoch(events):
                turn.begin(epoch)
                view.fold(turn.rows, occurrences(recorded))
            turn.folded += len(events)
            if upto_batch is not None and turn.folded >= upto_batch:
                turn.position = events[-1].position
                return True
    turn.position = max(turn.position, end)
    return False


def _by_epoch(events: Sequence[StreamedEvent]) -> Iterator[tuple[int, Sequence[StreamedEvent]]]:
    """A page, cut where epochs end."""
    begin = 0
    while begin < len(events):
        epoch = epoch_of(events[begin].position)
        end = bisect_right(events, (epoch + 1) * EPOCH, begin, key=attrgetter("position"))
        yield epoch, events[begin:end]
        begin = end
