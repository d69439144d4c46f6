"""What of a programme's story is told, what is planned, and which deadlines run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.call_events import AdditionalCallOpened, CallClosedWithoutSelection
from domain.charter_document import Charter, canonical, parse
from domain.event import EVENTS, Event, encode_data
from domain.stage_events import ResultsPublished, ScoringReopened, StageFinalised
from domain.views import MemoryRows
from domain.views.audit_trail import Entry
from domain.views.timeline import STORY, deadlines, fold, planned
from tests.domain.charters import document, names, scored
from tests.domain.occurrences import occurrence

UNTIL = "2026-01-22T15:00:00.000000Z"
"""The end of 22 January in Seoul."""
PUBLISHED = ResultsPublished(stage="heat", publishers=("owner",), objections_until=UNTIL)
CALLED = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="2026-02-10")
WHY: Any = names("why")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def charter(opens: str = "2026-03-02", closes: str = "undisclosed", call: str = "2026-02-10") -> Charter:
    made = document()
    made["stages"][1]["calendar"] = {"opens": opens, "closes": closes}
    made["calls"][0]["closes"] = call
    return parse(canonical(made))


def entry(position: int, event: Event) -> Entry:
    data = msgspec.Raw(encode_data(event))
    return Entry(position=position, type=event.TYPE, version=event.VERSION, recorded_at=UNTIL, data=data)


def running(when: str, *events: Event) -> list[tuple[str, str, str]]:
    entries = [entry(position, event) for position, event in enumerate(events, 1)]
    return [(each.kind, each.subject, each.until) for each in deadlines(charter(), entries, at(when))]


def test_every_type_of_the_story_is_one_of_events() -> None:
    assert set(EVENTS) >= STORY


def test_sheets_are_no_part_of_the_story() -> None:
    rows = MemoryRows()
    events = scored()
    fold(rows, [occurrence(position, event) for position, event in enumerate(events, 1)])
    told = [position for position, event in enumerate(events, 1) if event.TYPE in STORY]
    assert [key for key in rows.rows if key != "charter"] == [f"{position:016d}" for position in told]
    assert 0 < len(told) < len(events)


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("2026-02-10T14:59:59", ["2026-02-10", "2026-03-02"]),
        ("2026-02-10T15:00:00", ["2026-03-02"]),
        ("2026-03-02T15:00:00", []),
    ],
)
def test_a_planned_day_is_ahead_until_it_ends_on_the_programme_s_clock(when: str, days: list[str]) -> None:
    assert [each.day for each in planned(charter(), at(when))] == days


def test_of_an_undisclosed_day_nothing_is_said() -> None:
    assert planned(charter("undisclosed", "undisclosed", "undisclosed"), at("2026-01-01")) == ()


def test_a_planned_day_is_told_in_both_languages() -> None:
    call, stage = planned(charter(), at("2026-01-01"))
    assert (call.says.en, stage.says.en) == (
        "Last day to apply to “Refill”: 10 February 2026.",
        "final is planned to open: 2 March 2026.",
    )
    assert stage.says.ko == "final (ko) 개시 예정일: 2026년 3월 2일."


def test_a_window_for_objections_runs_until_it_ends_or_the_stage_is_final_or_open_again() -> None:
    window = ("objections", "heat", UNTIL)
    assert running("2026-01-22T14:59:59", PUBLISHED) == [window]
    assert running("2026-01-22T15:00:00", PUBLISHED) == []
    assert running("2026-01-20", PUBLISHED, StageFinalised(stage="heat")) == []
    assert running("2026-01-20", PUBLISHED, ScoringReopened(stage="heat", reason=WHY)) == []
    assert running("2026-01-20", PUBLISHED, StageFinalised(stage="final")) == [window]
    assert running("2026-01-20", msgspec.structs.replace(PUBLISHED, objections_until=None)) == []


def test_the_last_day_of_a_window_is_told_in_both_languages() -> None:
    (window,) = deadlines(charter(), [entry(9, PUBLISHED)], at("2026-01-20"))
    assert window.position == 9
    assert window.says.en == "Last day to object to the results of heat: 22 January 2026."
    assert window.says.ko == "heat (ko) 결과에 대한 이의신청 마감일: 2026년 1월 22일."


def test_a_call_runs_until_its_last_day_ends_or_it_is_closed() -> None:
    assert running("2026-02-10T14:00:00", CALLED) == [("applications", "refill", "2026-02-10T15:00:00.000000Z")]
    assert running("2026-02-10T15:00:00", CALLED) == []
    assert running("2026-02-01", CALLED, CallClosedWithoutSelection(call="refill", stage="heat", reason=WHY)) == []


def test_the_last_day_of_a_call_is_that_of_the_charter_in_force() -> None:
    def until(closes: str) -> list[str]:
        return [each.until for each in deadlines(charter(call=closes), [entry(1, CALLED)], at("2026-02-01"))]

    assert until("2026-02-20") == ["2026-02-20T15:00:00.000000Z"]
    assert until("undisclosed") == []
