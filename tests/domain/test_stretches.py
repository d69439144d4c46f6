"""From which event to which a stage, its scoring, its window to object and a call were open."""

from __future__ import annotations

from domain.call_events import CallClosedWithoutSelection
from domain.event import Event
from domain.stage_events import ScoringClosed, ScoringReopened, StageFinalised, StageOpened
from domain.views.stretches import stretches
from tests.domain.test_timeline import CALLED, PUBLISHED, UNTIL, WHY, charter, entry

OPENED = StageOpened(stage="heat", teams=("a", "b"))
CLOSED = ScoringClosed(stage="heat")
REOPENED = ScoringReopened(stage="heat", reason=WHY)
FINALISED = StageFinalised(stage="heat")


def told(*events: Event, **rules: str) -> list[tuple[str, int, int | None]]:
    entries = [entry(position, event) for position, event in enumerate(events, 1)]
    return [(each.phase, each.since, each.ended) for each in stretches(charter(**rules), entries)]


def test_scoring_ends_before_the_stage_does() -> None:
    assert told(OPENED) == [("stage", 1, None), ("scoring", 1, None)]
    assert told(OPENED, CLOSED, PUBLISHED, FINALISED) == [("stage", 1, 4), ("scoring", 1, 2), ("objections", 3, 4)]


def test_what_is_open_again_is_a_stretch_of_its_own() -> None:
    assert told(OPENED, CLOSED, PUBLISHED, REOPENED, CLOSED, PUBLISHED) == [
        ("stage", 1, None),
        ("scoring", 1, 2),
        ("objections", 3, 4),
        ("scoring", 4, 5),
        ("objections", 6, None),
    ]


def test_a_call_has_a_window_to_apply_only_where_its_last_day_is_known() -> None:
    assert told(CALLED) == [("call", 1, None), ("applications", 1, None)]
    assert told(CALLED, call="undisclosed") == [("call", 1, None)]
    closed = CallClosedWithoutSelection(call="refill", stage="heat", reason=WHY)
    assert told(CALLED, closed) == [("call", 1, 2), ("applications", 1, 2)]


def test_a_window_says_when_it_closes_by_itself() -> None:
    (window,) = stretches(charter(), [entry(1, PUBLISHED)])
    assert window.until == UNTIL
