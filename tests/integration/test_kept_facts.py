"""Facts that are kept between decisions are those that a fresh read would give, whatever happened in between."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import msgspec
import pytest
from eventsourcing.dcb.api import DCBQuery
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.boundary import Query
from domain.decision import Fact
from domain.event import Event, encode_data
from domain.record import StageRecord
from domain.score_events import ScoreSubmitted
from domain.stage_events import ScoringClosed
from domain.teams import Roster
from service.application import facts
from service.application.facts import KeptFacts, read_facts
from service.application.ports import Ledger, LedgerUnavailableError, Probed, RecordedEvent
from service.storage.ledger import Read
from tests.contract.test_ledger import new_event
from tests.domain.charters import PROGRAMME
from tests.domain.lives import LIVES
from tests.domain.test_stateful import lived
from tests.given import DECIDED_AT

STAGES = ("heat", "final")


class MemoryLedger:
    """Events as they are given; counts those that are read."""

    def __init__(self) -> None:
        self.events: list[RecordedEvent] = []
        self.read_events = 0

    def record(self, programme: str, event: Event) -> None:
        new = new_event(event.TYPE, *event.tags(programme), programme=programme)
        fields = {**msgspec.structs.asdict(new), "data": encode_data(event), "entry": b"", "recorded_at": DECIDED_AT}
        self.events.append(RecordedEvent(position=len(self.events) + 1, **fields))

    def head(self) -> int:
        return len(self.events)

    def read(self, query: DCBQuery, *, after: int = 0, upto: int | None = None) -> Read:
        found = [
            each
            for each in self.events[after:upto]
            if any(each.type in item.types and set(item.tags) <= set(each.tags) for item in query.items)
        ]
        self.read_events += len(found)
        return Read(len(self.events), found)

    def probe(self, query: Query) -> Probed:
        found = [each.position for each in self.events if query.matches(each.type, each.tags)]
        return Probed(len(self.events), found)

    def at(self, positions: Sequence[int]) -> list[RecordedEvent]:
        self.read_events += len(positions)
        return [self.events[position - 1] for position in positions]

    @property
    def whole(self) -> Ledger:
        """As one of which nothing else is asked."""
        return cast(Ledger, self)


def asked(programme: str, stage: str) -> tuple[Roster, StageRecord]:
    return Roster(programme), StageRecord(programme, stage)


def told(facts: Iterable[Fact]) -> bytes:
    """All that a roster and a record say."""
    roster, record = facts
    assert isinstance(roster, Roster)
    assert isinstance(record, StageRecord)
    said = (roster.status, record.roster.status, record.course, sorted(record.cells.items()))
    return msgspec.json.encode(said, order="deterministic")


def read(kept: KeptFacts, stage: str = "heat") -> bytes:
    empty = asked(PROGRAMME, stage)
    with kept.read(empty) as (known, _query, _head):
        return told(known[each] for each in empty)


@settings(deadline=None)
@given(
    lives=st.tuples(*[st.sampled_from(sorted(LIVES))] * 2),
    keep=st.sampled_from([0, 10, 40, 10_000]),
    turns=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9), st.sampled_from(STAGES)), max_size=30),
)
def test_kept_facts_say_what_fresh_ones_say(
    lives: tuple[str, str], keep: int, turns: list[tuple[int, int, str]]
) -> None:
    """Two programmes go on by turns; after each few events a decision asks about a stage of one of them."""
    ledger = MemoryLedger()
    kept = KeptFacts(ledger.whole, keep=keep)
    programmes = (PROGRAMME, "another")
    coming = [iter(lived(life)) for life in lives]
    for which, count, stage in turns:
        for event in itertools.islice(coming[which], count):
            ledger.record(programmes[which], event)
        fresh, empty = asked(programmes[which], stage), asked(programmes[which], stage)
        wanted = read_facts(ledger.whole, fresh)
        with kept.read(empty) as (known, query, head):
            assert (query, head) == wanted
            assert told(known[each] for each in empty) == told(fresh)


def recorded(life: str) -> MemoryLedger:
    ledger = MemoryLedger()
    for event in lived(life):
        ledger.record(PROGRAMME, event)
    return ledger


def test_a_kept_record_is_advanced_by_what_came_since() -> None:
    """The roster is read again; of the stage's record nothing, until something happens in it."""
    ledger = recorded("scored")
    kept = KeptFacts(ledger.whole)
    read(kept)
    cold, ledger.read_events = ledger.read_events, 0
    read(kept)
    again, ledger.read_events = ledger.read_events, 0
    ledger.record(PROGRAMME, ScoringClosed(stage="heat"))
    read(kept)
    assert ledger.read_events == again + 1 < cold


def test_no_more_is_kept_than_fits_and_the_longest_unasked_goes_first() -> None:
    ledger = recorded("granted")
    kept = KeptFacts(ledger.whole, keep=60)
    for stage in ("heat", "final", "heat"):
        read(kept, stage)
    assert [stage for _programme, stage in kept._records] == ["final", "heat"]
    small = KeptFacts(ledger.whole, keep=10)
    read(small, "heat")
    assert not small._records


def test_a_record_that_could_not_be_advanced_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = recorded("scored")
    kept = KeptFacts(ledger.whole)
    told_before = read(kept)
    for score in [each for each in lived("scored") if isinstance(each, ScoreSubmitted)][:3]:
        ledger.record(PROGRAMME, msgspec.structs.replace(score, evaluator="ev-00000000000000cc"))
    apply, seen = StageRecord.apply, itertools.count()

    def fail(record: StageRecord, position: int, event: Event) -> None:
        if next(seen) == 2:
            raise MemoryError
        apply(record, position, event)

    monkeypatch.setattr(StageRecord, "apply", fail)
    with pytest.raises(MemoryError):
        read(kept)
    monkeypatch.undo()
    fresh = asked(PROGRAMME, "heat")
    read_facts(ledger.whole, fresh)
    assert read(kept) == told(fresh) != told_before


def test_who_gets_no_turn_is_told_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "TURN_SECONDS", 0.1)
    kept = KeptFacts(recorded("scored").whole)
    with kept.read(asked(PROGRAMME, "heat")), ThreadPoolExecutor(1) as threads:
        with pytest.raises(LedgerUnavailableError) as caught:
            threads.submit(read, kept, "final").result()
        assert not caught.value.outcome_unknown
    read(kept, "final")
