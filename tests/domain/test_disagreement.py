"""How far evaluators are apart."""

from __future__ import annotations

import statistics
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.disagreement import Spread, disagreement
from domain.record import Cell, Course, sheet_key
from domain.rubric import Stage
from tests.domain import charters

JURY = [f"ev-{n:016x}" for n in range(9)]
NODE = "paper/idea"


def stage_of(*, items: Any = (), **scoring: Any) -> Stage:
    """An idea of at most 10 points in tenths, judged by a jury; speed is measured."""
    (stage, _) = charters.with_criterion(NODE, items=list(items), scoring=scoring)
    stage["panels"][0].update(size="9", quorum="1")
    return msgspec.convert({**stage, "precision": "1"}, type=Stage)


def spread(points: list[str], *, jury: list[str] = JURY, **scoring: Any) -> Spread:
    cell = Cell(sheets=dict(zip(JURY, points, strict=False)))
    (found,) = disagreement(stage_of(**scoring), Course(teams=["ant"], panels={"jury": jury}), {("ant", NODE): cell})
    return found


def test_a_spread_says_count_ends_middle_and_deviation() -> None:
    assert spread(["2", "4", "4", "4.0", "5", "5", "7", "9"]) == Spread(
        team="ant",
        criterion=NODE,
        item=None,
        count=8,
        lowest="2.0",
        highest="9.0",
        mean="5.0000",
        median="4.5000",
        standard_deviation="2.0000",
        outliers=(JURY[7],),
    )


def test_without_sheets_nothing_is_said() -> None:
    assert spread([]) == Spread(team="ant", criterion=NODE, item=None, count=0)


def test_sheets_are_taken_as_submitted_whatever_the_charter_does_with_them() -> None:
    """Not normalised, not trimmed, and a missing one is no zero."""
    plain = spread(["2", "4", "9"])
    changed = spread(["2", "4", "9"], aggregate="trimmed-mean", trim="1", normalise="z-score", missing="zero")
    assert plain == changed
    assert (plain.count, plain.lowest) == (3, "2.0")


def test_a_sheet_that_does_not_count_is_not_shown() -> None:
    assert spread(["1", "5", "5"], jury=JURY[1:]).lowest == "5.0"


@pytest.mark.parametrize(
    ("points", "outliers"),
    [
        (["5", "5", "5"], []),
        (["0", "5", "5"], []),  # three are too few
        (["0", "5", "5", "5"], [0]),  # quartiles 3.75 and 5: 1.875 is the fence
        (["1.8", "5", "5", "5"], [0]),
        (["4", "5", "5", "6"], []),  # quartiles 4.75 and 5.25, fences 4 and 6: on the fence is not outside
        (["3.9", "5", "5", "6"], [0]),
        (["5", "5", "5", "5", "5", "5.1"], [5]),
        (["0", "5", "5", "5", "5", "5", "5", "5", "10"], [0, 8]),
        (["0", "2", "4", "6", "8", "10"], []),
    ],
)
def test_outliers_lie_beyond_one_and_a_half_quartile_distances(points: list[str], outliers: list[int]) -> None:
    assert spread(points).outliers == tuple(JURY[n] for n in outliers)


@given(st.lists(st.integers(0, 100), min_size=4, max_size=9))
def test_figures_are_those_of_the_statistics_module(tenths: list[int]) -> None:
    values = [Decimal(each) / 10 for each in tenths]
    found = spread([str(each) for each in values])
    assert found.mean is not None
    assert abs(Decimal(found.mean) - statistics.mean(values)) <= Decimal("0.00005")
    assert Decimal(found.median or 0) == statistics.median(values)
    assert abs(Decimal(found.standard_deviation or 0) - statistics.pstdev(values)) <= Decimal("0.00005")
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    reach = (upper - lower) * 3 / 2
    outside = [one for one, value in zip(JURY, values, strict=False) if not lower - reach <= value <= upper + reach]
    assert found.outliers == tuple(outside)


def test_each_item_has_a_spread_of_its_own() -> None:
    """The whole counts where it is whole: one evaluator has not scored clarity yet."""
    lines = {(0, "novelty"): "6", (0, "clarity"): "1", (1, "novelty"): "2", (1, "clarity"): "4", (2, "novelty"): "4"}
    cell = Cell(sheets={sheet_key(JURY[n], item): text for (n, item), text in lines.items()})
    found = disagreement(
        stage_of(items=charters.ITEMS), Course(teams=["ant"], panels={"jury": JURY}), {("ant", NODE): cell}
    )
    assert [(each.item, each.count, each.lowest, each.highest) for each in found] == [
        (None, 2, "6.0", "7.0"),
        ("novelty", 3, "2.0", "6.0"),
        ("clarity", 2, "1.0", "4.0"),
    ]


def test_an_evaluator_sees_what_peers_gave_once_their_own_sheet_is_whole() -> None:
    """Of two items: while one of the own two is missing nothing of the criterion is seen, then all of it."""
    ids = ("clear", "new")
    stage = stage_of(items=[{"id": each, "title": charters.names(each), "maximum": "5"} for each in ids])
    course = Course(teams=["ant", "bee"], panels={"jury": JURY})
    whole = {sheet_key(one, item): "3" for one in JURY[:4] for item in ids}
    cells = {("ant", NODE): Cell(sheets=whole), ("bee", NODE): Cell(sheets={**whole})}
    assert len(disagreement(stage, course, cells)) == 6
    for missing in (sheet_key(JURY[0], "clear"), sheet_key(JURY[0], "new")):
        cells["bee", NODE] = Cell(sheets={key: points for key, points in whole.items() if key != missing})
        seen = disagreement(stage, course, cells, JURY[0])
        assert [(each.team, each.count) for each in seen] == [("ant", 4)] * 3
    assert disagreement(stage, course, cells, JURY[5]) == []
