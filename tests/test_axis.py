"""The axis of time on the pages: in proportion, but for what is cut out; round times on the clock of the programme."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.axis import APART, BREAK, DAY, SECOND, Axis, microseconds, ticks_of_order, ticks_of_time

JANUARY = microseconds("2026-01-31T15:00:00.000000Z")
"""The first of February in Seoul."""


@given(st.lists(st.integers(0, 10**16), min_size=1, max_size=40), st.booleans())
def test_what_comes_later_stands_further_to_the_right(values: list[int], running: bool) -> None:
    axis = Axis(values, running=running)
    places = [axis.at(each) for each in axis.values]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] <= 100 - BREAK * running + 1e-6
    ticks = [each.at for each in ticks_of_time(axis, "Asia/Seoul")]
    assert all(after - before >= APART for before, after in pairwise(ticks))


def test_distances_are_in_proportion() -> None:
    axis = Axis([0, 10, 20, 40], running=False)
    assert axis.breaks == []
    assert [axis.at(each) for each in (0, 5, 10, 20, 40)] == [0, 12.5, 25, 50, 100]


def test_what_is_longer_than_all_else_is_cut_out() -> None:
    axis = Axis([0, 1, 2, 3, 1000, 1001], running=False)
    assert axis.at(1000) - axis.at(3) == BREAK
    assert axis.at(1) - axis.at(0) == pytest.approx(axis.at(1001) - axis.at(1000))
    assert axis.breaks == [pytest.approx(axis.at(3) + BREAK / 2)]
    assert axis.hides(500)
    assert not axis.hides(2)


def test_room_is_left_for_what_still_runs() -> None:
    assert Axis([0, 1, 2], running=True).at(2) == 100 - BREAK
    assert Axis([5], running=True).at(5) == 0


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ([4 * SECOND, 10 * SECOND], ["00:00:00", "00:00:04", "00:00:10"]),
        ([9 * 3600 * SECOND, 18 * 3600 * SECOND], ["00:00", "09:00", "18:00"]),
        ([14 * DAY, 28 * DAY], ["2026. 2. 1.", "2026. 2. 15.", "2026. 3. 1."]),
        ([200 * DAY, 400 * DAY], ["2026. 2. 1.", "2026. 8. 1.", "2027. 3. 8."]),
    ],
)
def test_ticks_are_round_on_the_clock_of_the_programme(after: list[int], says: list[str]) -> None:
    axis = Axis([JANUARY, *(JANUARY + each for each in after)], running=False)
    told = [each.says.ko for each in ticks_of_time(axis, "Asia/Seoul")]
    assert told[0] == says[0]
    assert told[-1] == says[-1]
    assert set(says[:1] + says[-1:]) <= set(told)
    assert len(told) >= 3


def test_another_day_is_told_by_its_date() -> None:
    axis = Axis([JANUARY, JANUARY + SECOND, JANUARY + 2 * SECOND, JANUARY + 30 * DAY], running=False)
    assert [each.says.en for each in ticks_of_time(axis, "Asia/Seoul")][-1] == "3 Mar 2026"


def test_ticks_of_an_order_are_of_what_is_in_it() -> None:
    axis = Axis(range(9), running=False)
    told = [each.says.en for each in ticks_of_order(axis, lambda number: f"no. {number}")]
    assert told[0] == "no. 0"
    assert told[-1] == "no. 8"
    assert len(told) > 2
