"""Measured criteria: from raw metrics to points."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.points import SCALE
from domain.record import Cell, Course, Metric
from domain.rubric import Stage
from domain.score_events import Target
from domain.tally import tally
from tests.domain import charters

TEAMS = ["ant", "bee"]
NODE = "field/speed"
Values = dict[str, dict[str, str]]
"""By team and benchmark."""


def measured_stage(**scoring: Any) -> Stage:
    """Speed, of at most 20 points, measured on track and road."""
    (stage, _) = charters.with_criterion(NODE, scoring=scoring)
    return msgspec.convert({**stage, "precision": "2"}, type=Stage)


def points(stage: Stage, values: Values, *, closed: bool = False, target: str | None = None) -> dict[str, Any]:
    against = None if target is None else Target(model="m", value=target)
    cells = {
        (team, NODE): Cell(metrics={b: Metric(v, against) for b, v in own.items()}) for team, own in values.items()
    }
    figures = tally(stage, Course(teams=TEAMS, closed=9 if closed else 0), cells).figures
    exact = {team: figures[team, NODE].exact for team in TEAMS}
    return {team: None if units is None else Fraction(units, SCALE) for team, units in exact.items()}


def both(track: str, road: str) -> dict[str, str]:
    return {"track": track, "road": road}


@pytest.mark.parametrize(
    ("scoring", "ant", "expected"),
    [
        ({"conversion": "mean-of-percentages"}, both("80", "40.5"), "12.05"),
        ({"conversion": "linear", "floor": "20", "ceiling": "60"}, both("50", "30"), "10"),
        ({"conversion": "linear", "floor": "20", "ceiling": "60"}, both("10", "99"), "10"),
        ({"conversion": "linear", "floor": "60", "ceiling": "20"}, both("50", "20"), "12.5"),
        ({"conversion": "relative-to-best"}, both("10", "50"), "11"),  # (10/100 + 1) / 2 × 20
    ],
)
def test_metrics_become_points_as_the_charter_says(scoring: Any, ant: dict[str, str], expected: str) -> None:
    values = {"ant": ant, "bee": both("100", "25")}
    assert points(measured_stage(**scoring), values)["ant"] == Fraction(expected)


def test_a_benchmark_s_own_floor_and_ceiling_prevail() -> None:
    benchmarks = [{"id": "track", "version": "1", "ceiling": "40"}, {"id": "road", "version": "1"}]
    stage = measured_stage(conversion="linear", floor="0", ceiling="80", benchmarks=benchmarks)
    assert points(stage, {"ant": both("40", "40")})["ant"] == 15


@pytest.mark.parametrize(
    "scoring",
    [
        {"conversion": "undisclosed"},
        {"conversion": "linear", "floor": "undisclosed", "ceiling": "60"},
        {"conversion": "linear", "floor": "0", "ceiling": "undisclosed"},
    ],
)
def test_an_undisclosed_conversion_computes_nothing(scoring: Any) -> None:
    assert points(measured_stage(**scoring), {team: both("1", "1") for team in TEAMS}) == dict.fromkeys(TEAMS)


def test_the_best_of_the_field_is_known_once_everybody_is_measured() -> None:
    stage = measured_stage(conversion="relative-to-best")
    values = {"ant": both("10", "50"), "bee": {"track": "100"}}
    assert points(stage, values, closed=True) == dict.fromkeys(TEAMS)
    values["bee"]["road"] = "25"
    assert points(stage, values) == {"ant": Fraction(11), "bee": Fraction(15)}


def test_where_the_best_of_the_field_is_nothing_nobody_has_a_share() -> None:
    stage = measured_stage(conversion="relative-to-best")
    assert points(stage, {team: both("0", "0") for team in TEAMS}) == {"ant": 0, "bee": 0}


@pytest.mark.parametrize(
    ("missing", "expected"), [("required", None), ("left-out", Fraction(10)), ("zero", Fraction(5))]
)
@pytest.mark.parametrize("conversion", ["mean-of-percentages", "relative-to-best"])
def test_a_missing_metric_does_what_the_charter_says_once_scoring_is_closed(
    missing: str, expected: Fraction | None, conversion: str
) -> None:
    stage = measured_stage(conversion=conversion, missing=missing)
    values = {"ant": {"track": "50"}, "bee": both("100", "100")}
    assert points(stage, values, closed=True)["ant"] == expected
    assert points(stage, values)["ant"] is None


def test_nothing_is_computed_from_no_metric_at_all() -> None:
    """Left out, all of them: there is no mean of nothing."""
    stage = measured_stage(missing="left-out")
    assert points(stage, {"bee": both("100", "100")}, closed=True) == {"ant": None, "bee": 20}


CONVERSIONS = [
    {"conversion": "mean-of-percentages"},
    {"conversion": "capped-ratios"},
    {"conversion": "linear", "floor": "20", "ceiling": "60"},
    {"conversion": "relative-to-best"},
]
metrics = st.fixed_dictionaries({"track": st.integers(0, 100), "road": st.integers(0, 100)})


@given(st.fixed_dictionaries(dict.fromkeys(TEAMS, metrics)), st.integers(0, 100), st.sampled_from(CONVERSIONS))
def test_a_better_metric_never_lowers_a_rank(values: Any, better: int, scoring: Any) -> None:
    stage = measured_stage(**scoring)
    target = "50" if scoring["conversion"] == "capped-ratios" else None

    def lead() -> Fraction:
        found = points(stage, {t: {b: str(v) for b, v in own.items()} for t, own in values.items()}, target=target)
        lead: Fraction = found["ant"] - found["bee"]
        return lead

    before = lead()
    values["ant"]["track"] = max(better, values["ant"]["track"])
    assert lead() >= before
