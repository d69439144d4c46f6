"""Standings as a view, and the bytes that their digest is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.event import Event
from domain.record import StageRecord
from domain.scalars import Names
from domain.standings import canonical
from domain.views import MemoryRows
from domain.views.standings import STANDINGS, as_of, compute, counts
from tests.domain import charters
from tests.domain.charters import PROGRAMME
from tests.domain.lives import LIVES
from tests.domain.occurrences import occurrence
from tests.domain.test_stateful import lived
from tests.playing import HARBOUR, PUBLIC_RECORD, REHEARSAL, lines_of, play, standings


def folded(events: Sequence[Event], size: int) -> MemoryRows:
    rows = MemoryRows()
    for start in range(0, len(events), size):
        batch = events[start : start + size]
        STANDINGS.fold(rows, [occurrence(start + n, event) for n, event in enumerate(batch, start=1)])
    return rows


@given(st.integers(1, 40))
def test_rows_do_not_depend_on_how_events_are_gathered_into_batches(size: int) -> None:
    assert folded(charters.consolidated(), size).rows == folded(charters.consolidated(), 100).rows


def test_while_a_stage_takes_scores_its_standings_are_computed_for_those_who_ask() -> None:
    scored, closed = folded(charters.scored(), 7), folded(charters.closed(), 7)
    assert scored.get("standings/heat") == b""
    stored = closed.get("standings/heat")
    assert stored
    asked = compute(scored, "heat", len(charters.scored()))
    assert asked is not None
    assert asked.rows == as_of(stored, 1).rows
    assert compute(scored, "heats", 1) is None


@pytest.mark.parametrize("life", LIVES)
def test_events_are_counted_by_the_stage_that_tags_them(life: str) -> None:
    """An additional call is after a stage, and of none: that it was opened tells that a seat is vacant."""
    events = lived(life)
    counted = Counter(
        (each.removeprefix(f"stage:{PROGRAMME}/"), event.TYPE)
        for event in events
        for each in event.tags(PROGRAMME)
        if each.startswith("stage:")
    )
    rows = folded(events, 7)
    stages = {stage for stage, _type in counted}
    assert {(stage, type_): n for stage in stages for type_, n in counts(rows, stage).items()} == counted


def test_the_view_and_the_decider_come_to_the_same_standings() -> None:
    events = play(REHEARSAL, lines_of(REHEARSAL))
    stored = folded(events, 500).get("standings/stage-1")
    assert stored
    assert as_of(stored, len(events)) == standings(REHEARSAL, "stage-1", events)


@given(st.lists(st.builds(Names, en=st.text(), ko=st.text())), st.none() | st.integers(-100, 10**9))
def test_the_digest_is_over_rfc_8785_bytes(names: list[Names], number: int | None) -> None:
    """Whatever stands in a name: control characters, line separators, astral planes."""
    assert canonical([names, number]) == rfc8785.dumps(msgspec.to_builtins([names, number]))


def test_the_digest_of_the_programmes_is_over_rfc_8785_bytes() -> None:
    for programme, stage in ((PUBLIC_RECORD, "stage-1"), (REHEARSAL, "stage-1"), (HARBOUR, "trial")):
        rows = standings(programme, stage, play(programme, lines_of(programme))).rows
        assert canonical(rows) == rfc8785.dumps(msgspec.to_builtins(rows))


def test_a_fact_of_the_record_takes_what_the_view_takes() -> None:
    """What the one selects and the other ignores would make two standings of one history."""
    record = StageRecord("programme", "heat")
    for position, event in enumerate(charters.closed(), start=1):
        if any(item.matches(event.TYPE, event.tags("programme")) for item in record.selects):
            record.apply(position, event)
    rows = folded(charters.closed(), 100)
    assert msgspec.json.decode(rows.get("course/heat") or b"") == msgspec.to_builtins(record.course)
