"""Judged criteria: from sheets to points."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.points import SCALE
from domain.record import Cell, Course, sheet_key
from domain.rubric import Stage
from domain.tally import tally
from tests.domain import charters

TEAMS = ["ant", "bee", "cow"]
JURY = [f"ev-{n:016x}" for n in range(5)]
NODE = "paper/idea"
GROUPS = [
    {"id": "chair", "title": charters.names("Chair"), "weight": "2.5"},
    {"id": "rest", "title": charters.names("Rest"), "weight": "1"},
]
Sheets = Mapping[str, Sequence[str | None]]
"""By team, in the order of the jury."""


def judged_stage(*, precision: str = "1", items: Any = (), **scoring: Any) -> Stage:
    """An idea of at most 10 points, judged by a jury of five with a quorum of three."""
    (stage, _) = charters.with_criterion("paper/idea", items=list(items), scoring=scoring)
    stage["panels"][0].update(size="5", quorum="3", groups=GROUPS)
    return msgspec.convert({**stage, "precision": precision}, type=Stage)


def course(*, closed: bool = False, jury: list[str] = JURY) -> Course:
    groups = {one: "chair" if n == 0 else "rest" for n, one in enumerate(jury)}
    return Course(teams=TEAMS, panels={"jury": jury}, groups=groups, closed=9 if closed else 0)


def points(stage: Stage, course: Course, cells: dict[tuple[str, str], Cell]) -> dict[str, Fraction | None]:
    figures = tally(stage, course, cells).figures
    exact = {team: figures[team, NODE].exact for team in course.teams}
    return {team: None if units is None else Fraction(units, SCALE) for team, units in exact.items()}


def cells_of(sheets: Sheets) -> dict[tuple[str, str], Cell]:
    return {
        (team, NODE): Cell(sheets={one: text for one, text in zip(JURY, row, strict=True) if text is not None})
        for team, row in sheets.items()
    }


def points_of_ant(stage: Stage, ant: list[str | None], *, closed: bool = False) -> Fraction | None:
    sheets: Sheets = {"ant": ant, "bee": ["5", "4", "6", "5", "5"], "cow": ["1", "2", "3", "4", "5"]}
    return points(stage, course(closed=closed), cells_of(sheets))["ant"]


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ({"aggregate": "mean"}, "6"),  # 30 / 5
        ({"aggregate": "median"}, "7"),
        ({"aggregate": "trimmed-mean", "trim": "1"}, "6.7"),  # (4 + 7 + 9) / 3
        ({"aggregate": "trimmed-mean", "trim": "2"}, "7"),
        ({"aggregate": "weighted-mean"}, "6.7"),  # (2.5 × 9 + 7 + 4 + 0 + 10) / 6.5 = 6.69
    ],
)
def test_sheets_are_aggregated_as_the_charter_says(aggregate: dict[str, str], expected: str) -> None:
    assert points_of_ant(judged_stage(**aggregate), ["9", "7", "4.0", "0", "10"]) == Fraction(expected)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("half-up", "0.3"), ("half-down", "0.2"), ("half-even", "0.2"), ("up", "0.3"), ("down", "0.2")],
)
def test_points_are_rounded_once_by_the_charters_mode(rounding: str, expected: str) -> None:
    """The median of 0.2, 0.3 and two of the same is 0.25."""
    stage = msgspec.structs.replace(judged_stage(aggregate="median", missing="left-out"), rounding=rounding)
    assert points_of_ant(stage, ["0.2", "0.3", "0.2", "0.3", None], closed=True) == Fraction(expected)


def test_an_undisclosed_aggregator_or_weight_computes_nothing() -> None:
    full: list[str | None] = ["9", "7", "4", "0", "10"]
    assert points_of_ant(judged_stage(aggregate="undisclosed"), full) is None
    stage = judged_stage(aggregate="weighted-mean")
    (panel,) = stage.panels
    hidden = tuple(msgspec.structs.replace(group, weight="undisclosed") for group in panel.groups)
    stage = msgspec.structs.replace(stage, panels=(msgspec.structs.replace(panel, groups=hidden),))
    assert points_of_ant(stage, full) is None


# What a missing sheet does


@pytest.mark.parametrize(("missing", "expected"), [("required", None), ("left-out", "8"), ("zero", "6.4")])
def test_a_missing_sheet_does_what_the_charter_says_once_scoring_is_closed(missing: str, expected: str | None) -> None:
    ant: list[str | None] = ["9", "7", "8", None, "8"]
    stage = judged_stage(aggregate="mean", missing=missing)
    assert points_of_ant(stage, ant, closed=True) == (None if expected is None else Fraction(expected))
    assert points_of_ant(stage, ant, closed=False) is None


def test_too_few_sheets_for_the_quorum_give_no_points() -> None:
    stage = judged_stage(aggregate="mean", missing="left-out")
    assert points_of_ant(stage, ["9", "7", None, None, None], closed=True) is None
    assert points_of_ant(stage, ["9", "7", "5", None, None], closed=True) == 7


def test_a_trimmed_mean_needs_a_sheet_that_is_left() -> None:
    stage = judged_stage(aggregate="trimmed-mean", trim="2", missing="left-out")
    assert points_of_ant(stage, ["9", "7", "5", "1", None], closed=True) is None


def test_a_sheet_of_somebody_who_does_not_sit_on_the_panel_does_not_count() -> None:
    sheets = {team: ["9", "9", "9", "9", "0"] for team in TEAMS}
    assert points(judged_stage(aggregate="mean"), course(jury=JURY[:4]), cells_of(sheets))["ant"] == 9


# Items


def items_cells(lines: dict[tuple[str, str], str]) -> dict[tuple[str, str], Cell]:
    cell = Cell(sheets={sheet_key(one, item): text for (one, item), text in lines.items()})
    return {(team, NODE): cell for team in TEAMS}


def full_lines() -> dict[tuple[str, str], str]:
    return {(one, item): text for n, one in enumerate(JURY) for item, text in (("novelty", str(n)), ("clarity", "3.5"))}


def test_a_sheet_is_the_sum_of_its_items() -> None:
    stage = judged_stage(aggregate="mean", items=charters.ITEMS)
    assert points(stage, course(), items_cells(full_lines()))["ant"] == Fraction("5.5")


@pytest.mark.parametrize(("missing", "expected"), [("required", None), ("left-out", "5"), ("zero", "4.7")])
def test_a_sheet_without_one_of_its_items_is_missing(missing: str, expected: str | None) -> None:
    """Left out as a whole, or that line counts as nothing: novelty of the last."""
    lines = full_lines()
    del lines[JURY[4], "novelty"]
    stage = judged_stage(aggregate="mean", items=charters.ITEMS, missing=missing)
    assert points(stage, course(), items_cells(lines))["ant"] is None
    found = points(stage, course(closed=True), items_cells(lines))["ant"]
    assert found == (None if expected is None else Fraction(expected))


# Normalisation


def test_a_z_score_brings_strict_and_mild_evaluators_to_one_scale() -> None:
    """A strict one gives 1, 2, 3 and mild ones 7, 8, 9; all in the same order and as far apart."""
    sheets: Sheets = {team: [str(1 + n), *[str(7 + n)] * 4] for n, team in enumerate(TEAMS)}
    found = points(judged_stage(aggregate="mean", normalise="z-score", precision="3"), course(), cells_of(sheets))
    plain = plain_z_scores({team: [Decimal(text or 0) for text in row] for team, row in sheets.items()})
    assert {team: round(float(value or 0), 3) for team, value in found.items()} == plain
    assert plain["bee"] == 6.8


def plain_z_scores(sheets: dict[str, list[Decimal]]) -> dict[str, float]:
    """The same with the statistics module, on decimals of 50 digits."""
    with localcontext(prec=50):
        return _plain_z_scores(sheets)


def _plain_z_scores(sheets: dict[str, list[Decimal]]) -> dict[str, float]:
    every = [each for row in sheets.values() for each in row]
    mean, deviation = statistics.mean(every), statistics.pvariance(every).sqrt()
    found: dict[str, list[Decimal]] = {team: [] for team in sheets}
    for n in range(len(JURY)):
        own = [sheets[team][n] for team in sheets]
        own_mean, own_deviation = statistics.mean(own), statistics.pvariance(own).sqrt()
        for team in sheets:
            z = (sheets[team][n] - own_mean) / own_deviation if own_deviation else Decimal(0)
            found[team].append(min(max(mean + z * deviation, Decimal(0)), Decimal(10)))
    return {team: float(round(statistics.mean(row), 3)) for team, row in found.items()}


grades = st.integers(0, 100).map(lambda n: f"{n / 10:g}")
fields = st.fixed_dictionaries({team: st.lists(grades, min_size=5, max_size=5) for team in TEAMS})


@given(fields)
def test_z_scores_agree_with_a_plain_computation(sheets: dict[str, list[str]]) -> None:
    """To the last of three decimals, where a tie may be rounded either way."""
    stage = judged_stage(aggregate="mean", normalise="z-score", precision="3")
    found = points(stage, course(), cells_of(dict(sheets)))
    plain = plain_z_scores({team: [Decimal(text) for text in row] for team, row in sheets.items()})
    for team in TEAMS:
        assert found[team] is not None
        assert abs(float(found[team] or 0) - plain[team]) < 0.0011


@given(fields)
def test_min_max_stretches_each_evaluator_to_the_whole_range(sheets: dict[str, list[str]]) -> None:
    stage = judged_stage(aggregate="mean", normalise="min-max", precision="6")
    found = points(stage, course(), cells_of(dict(sheets)))
    for team in TEAMS:
        stretched = []
        for n in range(len(JURY)):
            own = [Fraction(sheets[each][n]) for each in TEAMS]
            low, high = min(own), max(own)
            stretched.append(10 * (Fraction(sheets[team][n]) - low) / (high - low) if high > low else Fraction(5))
        mean = statistics.mean(stretched)
        assert abs((found[team] or 0) - mean) <= Fraction(1, 2 * 10**6)


@given(fields, st.sampled_from(["z-score", "min-max"]), st.sampled_from(["mean", "median", "weighted-mean"]))
def test_normalised_points_stay_between_nothing_and_the_maximum(sheets: Any, normalise: str, aggregate: str) -> None:
    found = points(judged_stage(aggregate=aggregate, normalise=normalise), course(), cells_of(sheets))
    assert all(value is not None and 0 <= value <= 10 for value in found.values())


def test_while_one_sheet_is_missing_nobody_s_normalised_points_are_known() -> None:
    sheets: dict[str, list[str | None]] = {team: ["9", "7", "4", "0", "10"] for team in TEAMS}
    sheets["cow"][0] = None
    stage = judged_stage(aggregate="mean", normalise="z-score")
    assert points(stage, course(closed=True), cells_of(sheets)) == dict.fromkeys(TEAMS)
    left_out = judged_stage(aggregate="mean", normalise="z-score", missing="left-out")
    assert None not in points(left_out, course(closed=True), cells_of(sheets)).values()


def ranks_at_the_idea(stage: Stage, cells: dict[tuple[str, str], Cell]) -> dict[str, int]:
    found = points(stage, course(), cells)
    return {team: 1 + sum((found[other] or 0) > (found[team] or 0) for other in TEAMS) for team in TEAMS}


@given(
    fields,
    st.integers(0, 4),
    grades,
    st.sampled_from(
        [
            {"aggregate": "mean"},
            {"aggregate": "median"},
            {"aggregate": "trimmed-mean", "trim": "1"},
            {"aggregate": "weighted-mean"},
        ]
    ),
    st.sampled_from(["none", "min-max"]),
)
def test_a_better_sheet_never_lowers_a_rank(
    sheets: dict[str, list[str]], juror: int, better: str, aggregate: dict[str, str], normalise: str
) -> None:
    """For every aggregator, of sheets as they are or stretched to the whole range."""
    stage = judged_stage(**aggregate, normalise=normalise)
    before = ranks_at_the_idea(stage, cells_of(dict(sheets)))
    sheets["ant"][juror] = max(better, sheets["ant"][juror], key=float)
    assert ranks_at_the_idea(stage, cells_of(dict(sheets)))["ant"] <= before["ant"]


def test_but_a_better_sheet_may_lower_a_rank_where_sheets_are_normalised_by_z_score() -> None:
    """Whoever gives one team more also widens the scale of all, and others may gain more by that."""
    sheets = {
        "ant": ["0", "5", "10", "2", "0"],
        "bee": ["10", "0", "0", "2", "10"],
        "cow": ["10", "0", "10", "8", "10"],
    }
    stage = judged_stage(aggregate="mean", normalise="z-score")
    assert ranks_at_the_idea(stage, cells_of(sheets)) == {"ant": 2, "bee": 2, "cow": 1}
    sheets["ant"][1] = "10"
    assert ranks_at_the_idea(stage, cells_of(sheets)) == {"ant": 3, "bee": 2, "cow": 1}


@pytest.mark.parametrize(
    ("sheets", "expected"),
    [([None] * 5, None), (["4", None, None, None, None], "4"), (["4", "6", None, None, None], "5")],
)
def test_below_the_quorum_what_is_there_counts_and_nothing_comes_to_nothing(
    sheets: list[str | None], expected: str | None
) -> None:
    """Once it was said of the team that fewer are to do; whoever gave none was recused."""
    told = course(closed=True)
    told.below_quorum.append(f"ant/{NODE}")
    told.barred["ant"] = [one for one, text in zip(JURY, sheets, strict=True) if text is None]
    rest = ["5", "4", "6", "5", "5"]
    found = points(judged_stage(aggregate="mean"), told, cells_of({"ant": sheets, "bee": rest, "cow": rest}))
    assert found["ant"] == (None if expected is None else Fraction(expected))
