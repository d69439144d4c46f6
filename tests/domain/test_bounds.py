"""Bounds: what sums and means leave possible, and no more."""

from __future__ import annotations

import itertools

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.bounds import Bounds, Contradiction, Figures

PARTS = {"total": 9, "paper": 4, "field": 5}
SUMS = [("total", ("paper", "field"))]
TEAMS = ["ant", "bee", "cow"]


def interval(draw: st.DrawFn, high: int) -> Bounds:
    low, top = sorted((draw(st.integers(0, high)), draw(st.integers(0, high))))
    return Bounds(low, top)


def hull(values: list[int]) -> Bounds:
    return Bounds(min(values), max(values))


def test_a_sum_bounds_its_parts_from_both_sides() -> None:
    figures = Figures(["ant", "bee"], PARTS, SUMS, None)
    figures.narrow("ant", "total", low=8)
    figures.narrow("bee", "total", high=3)
    figures.narrow("bee", "field", low=2)
    figures.settle()
    assert [figures["ant", node] for node in PARTS] == [Bounds(8, 9), Bounds(3, 4), Bounds(4, 5)]
    assert [figures["bee", node] for node in PARTS] == [Bounds(2, 3), Bounds(0, 1), Bounds(2, 3)]


def test_a_mean_bounds_every_team_from_both_sides() -> None:
    low, high = Figures(TEAMS, {"total": 10}, [], None), Figures(TEAMS, {"total": 10}, [], None)
    low.narrow("ant", "total", low=7)
    low.mean("total", 3, 3)
    low.settle()
    assert [low[team, "total"] for team in TEAMS] == [Bounds(7, 9), Bounds(0, 2), Bounds(0, 2)]
    high.narrow("ant", "total", high=5)
    high.mean("total", 8, 8)
    high.settle()
    assert [high[team, "total"] for team in TEAMS] == [Bounds(4, 5), Bounds(9, 10), Bounds(9, 10)]


def test_what_a_mean_says_of_a_total_reaches_its_parts() -> None:
    figures = Figures(["ant", "bee"], PARTS, SUMS, None)
    figures.narrow("ant", "total", high=8)
    figures.mean("total", 8, 8)
    figures.settle()
    assert [figures["ant", node] for node in PARTS] == [Bounds(7, 8), Bounds(2, 4), Bounds(3, 5)]
    assert [figures["bee", node] for node in PARTS] == [Bounds(8, 9), Bounds(3, 4), Bounds(4, 5)]


@given(st.data())
def test_a_sum_leaves_exactly_what_is_possible(data: st.DataObject) -> None:
    given_bounds = {node: data.draw(st.composite(interval)(high)) for node, high in PARTS.items()}
    figures = Figures(["ant"], PARTS, SUMS, None)
    ranges = {node: range(each.low, each.high + 1) for node, each in given_bounds.items()}
    possible = [
        (paper + field, paper, field)
        for paper, field in itertools.product(ranges["paper"], ranges["field"])
        if paper + field in ranges["total"]
    ]
    assume(possible)
    for node, each in given_bounds.items():
        figures.narrow("ant", node, low=each.low, high=each.high)
    figures.settle()
    assert [figures["ant", node] for node in PARTS] == [hull(list(each)) for each in zip(*possible, strict=True)]


FINE = 4
"""Points between two whole bounds: enough for the sum of two parts to come as near to an open bound as it ever does."""


def half_open(draw: st.DrawFn, high: int) -> Bounds:
    low, top = sorted((draw(st.integers(0, high)), draw(st.integers(0, high))))
    opens = st.booleans() if low < top else st.just(False)
    return Bounds(FINE * low, FINE * top, draw(opens), draw(opens))


def fine_hull(values: list[int]) -> Bounds:
    """Open where the whole bound itself is not reached."""
    low, high = min(values), max(values)
    return Bounds(low // FINE * FINE, -(-high // FINE) * FINE, low % FINE > 0, high % FINE > 0)


@settings(max_examples=300)
@given(st.data())
def test_a_sum_reaches_a_bound_exactly_when_its_parts_do(data: st.DataObject) -> None:
    maxima = {node: FINE * high for node, high in PARTS.items()}
    given_bounds = {node: data.draw(st.composite(half_open)(high)) for node, high in PARTS.items()}
    ranges = {
        node: range(each.low + each.low_open, each.high + 1 - each.high_open) for node, each in given_bounds.items()
    }
    possible = [
        (paper + field, paper, field)
        for paper, field in itertools.product(ranges["paper"], ranges["field"])
        if paper + field in ranges["total"]
    ]
    figures = Figures(["ant"], maxima, SUMS, None)
    for node, each in given_bounds.items():
        figures.narrow("ant", node, low=each.low, high=each.high, low_open=each.low_open, high_open=each.high_open)
    try:
        figures.settle()
    except Contradiction:
        assert not possible
        return
    assert [figures["ant", node] for node in PARTS] == [fine_hull(list(each)) for each in zip(*possible, strict=True)]


@given(st.data())
def test_a_mean_leaves_exactly_what_is_possible(data: st.DataObject) -> None:
    given_bounds = [data.draw(st.composite(interval)(6)) for _ in TEAMS]
    mean = data.draw(st.integers(0, 6))
    figures = Figures(TEAMS, {"total": 6}, [], None)
    for team, each in zip(TEAMS, given_bounds, strict=True):
        figures.narrow(team, "total", low=each.low, high=each.high)
    figures.mean("total", mean, mean)
    ranges = [range(each.low, each.high + 1) for each in given_bounds]
    possible = [values for values in itertools.product(*ranges) if sum(values) == mean * len(TEAMS)]
    try:
        figures.settle()
    except Contradiction:
        assert not possible
        return
    assert [figures[team, "total"] for team in TEAMS] == [hull(list(each)) for each in zip(*possible, strict=True)]
