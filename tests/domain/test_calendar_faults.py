"""The days of a charter in the order in which decisions let things happen."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.domain.charters import document
from tests.domain.faulty import found_in, planned

ORDER = (
    "/stages/0/calendar/opens",
    "/stages/0/calendar/closes",
    "/calls/0/closes",
    "/stages/1/calendar/opens",
    "/stages/1/calendar/closes",
    "/calls/1/closes",
)
"""Each comes after those before it; a call opens once its stage has outcomes, the next stage after the call's end."""
CALLS = (ORDER[2], ORDER[5])


def faults(days: dict[str, str], **changes: Any) -> list[tuple[str, str]]:
    """Of the small charter with a call after each of its stages; a day that is not said is undisclosed."""
    stages = document()["stages"]
    for i, stage in enumerate(stages):
        place = f"/stages/{i}/calendar"
        opens, closes = (days.get(f"{place}/{each}", "undisclosed") for each in ("opens", "closes"))
        stage["calendar"] = planned(opens, closes)
    call = document()["calls"][0]
    calls = [
        {**call, "id": stage["id"], "after": stage["id"], "closes": days.get(f"/calls/{i}/closes", "undisclosed")}
        for i, stage in enumerate(stages)
    ]
    return found_in(**{"stages": stages, "calls": calls, **changes})


@pytest.mark.parametrize(("first", "then"), list(combinations(ORDER, 2)))
def test_every_day_comes_after_those_that_decisions_put_before_it(first: str, then: str) -> None:
    """Whatever else is undisclosed; what waits for a call waits for the end of its last day."""
    assert faults({first: "2026-02-01", then: "2026-02-02"}) == []
    same = [each[0] for each in faults({first: "2026-02-01", then: "2026-02-01"})]
    assert same == ([then] if first in CALLS else [])
    ((place, detail),) = faults({first: "2026-02-01", then: "2026-01-31"})
    assert place == then
    assert "2026-01-31 is" in detail
    assert "2026-02-01" in detail


def test_a_day_is_held_against_the_latest_of_those_before_it() -> None:
    days = ("2026-01-01", "2026-03-01", "2026-03-02", "2026-03-02", "2026-02-01", "undisclosed")
    says = "is not after 2026-03-02, when call 1 closes, which comes first"
    assert faults(dict(zip(ORDER, days, strict=True))) == [
        ("/stages/1/calendar/opens", f"2026-03-02 {says}"),
        ("/stages/1/calendar/closes", f"2026-02-01 {says}"),
    ]


def test_calls_that_follow_one_stage_close_in_any_order_and_a_stage_may_have_no_calendar() -> None:
    call = document()["calls"][0]
    calls = [{**call, "id": day, "closes": day} for day in ("2026-03-01", "2026-02-01")]
    assert faults({}, calls=calls) == []
    stages = document()["stages"]
    stages[0]["calendar"] = planned("2026-01-01", "2026-02-28")
    late = [{**call, "after": "final", "closes": "2026-01-15"}]
    ((place, _detail),) = found_in(stages=stages, calls=late)
    assert place == "/calls/0/closes"


def test_a_call_that_follows_no_stage_is_held_against_no_day() -> None:
    calls = [{**document()["calls"][0], "after": "dusk", "closes": "2025-01-01"}]
    assert [place for place, _ in faults({ORDER[0]: "2026-01-01"}, calls=calls)] == ["/calls/0/after"]
