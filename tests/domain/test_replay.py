"""Views folded again: the same digests in every release, and however the events come."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from domain.event import decode_data
from domain.views import MemoryRows
from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.replay import VIEWS, Digests, Replay, rows_digest
from service.application.projecting import occurrences
from tests.domain.recorded import life
from tests.releases import KEPT, digests_of, replayed


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.name)
def test_what_a_release_came_to_this_one_comes_to(file: Path) -> None:
    """Standings whatever the version of their view: their digest is published."""
    before = msgspec.json.decode(digests_of(file).read_bytes(), type=list[Digests])
    for was, found in zip(before, replayed(file), strict=True):
        assert (found.programme, found.position, found.events) == (was.programme, was.position, was.events)
        assert found.standings == was.standings
        same = [name for name, version in was.versions.items() if version == found.versions.get(name)]
        for name in same:
            assert getattr(found, name.replace("-", "_")) == getattr(was, name.replace("-", "_"))


def test_digests_do_not_depend_on_how_many_events_come_at_a_time() -> None:
    taken = list(occurrences(life("granted")))
    together, one_by_one = Replay("programme", list(VIEWS.values())), Replay("programme", list(VIEWS.values()))
    together.take(taken)
    for each in taken:
        one_by_one.take([each])
    assert together.digests(len(taken)) == one_by_one.digests(len(taken))


def test_a_stage_that_takes_scores_has_the_digest_of_its_standings_then() -> None:
    events = life("granted")
    closed = next(each.position for each in events if each.type == "ScoringClosed")
    replay = Replay("programme", [VIEWS["standings"]])
    replay.take(list(occurrences(events[: closed - 1])))
    found = replay.digests(closed - 1)
    assert list(found.standings or {}) == ["heat"]
    assert all((found.standings or {}).values())
    assert (found.grants, found.audit_trail) == (None, None)


def test_the_trail_s_digest_is_that_of_its_rows() -> None:
    """Though they are not kept."""
    events, rows = life("granted"), MemoryRows()
    AUDIT_TRAIL.fold(rows, occurrences(events))
    replay = Replay("programme", [AUDIT_TRAIL])
    replay.take(list(occurrences(events)))
    assert replay.digests(len(events)).audit_trail == rows_digest(rows)
    assert len(rows.rows) > len(events) == len([decode_data(each.type, each.version, each.data) for each in events])
