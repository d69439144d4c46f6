"""The smallest changes after which something else follows, against trying every change there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import flips as module
from domain.alterations import AnotherMeasurement, AnotherScore, AnotherWeight, AnyAlteration
from domain.flips import Flips, Follow, flips
from domain.points import to_units
from domain.record import Cell, Course, Metric
from domain.rubric import Stage
from domain.tally import Cells, computed_points
from domain.what_if import what_if
from tests.domain import charters

TEAMS = ["ant", "bee", "cow"]
JURY = list(charters.JURY)
IDEA, SPEED = "paper/idea", "field/speed"


def stage_of(*, scoring: Any = None, gate: str | None = None, eliminate: str = "1", **speed: Any) -> Stage:
    (stage, _) = charters.with_criterion(IDEA, scoring=scoring or {})
    stage["assessments"][1]["criteria"][0]["scoring"].update(speed)
    stage["gates"] = [] if gate is None else [{"id": "slow", "node": "paper", "minimum": gate}]
    return msgspec.convert({**stage, "eliminate": eliminate}, type=Stage)


Points = list[list[int]]
"""By team and evaluator."""


def cells_of(sheets: Points, metrics: Points) -> dict[tuple[str, str], Cell]:
    found = {
        (team, IDEA): Cell(sheets={one: str(points) for one, points in zip(JURY, row, strict=True)})
        for team, row in zip(TEAMS, sheets, strict=True)
    }
    for team, (track, road) in zip(TEAMS, metrics, strict=True):
        found[team, SPEED] = Cell(metrics={"track": Metric(str(track), None), "road": Metric(str(road), None)})
    return found


def course_of(**facts: Any) -> Course:
    return Course(teams=TEAMS, panels={"jury": JURY}, opened=1, closed=9, **facts)


def found_by(stage: Stage, course: Course, cells: Cells) -> Flips:
    return flips(Follow(stage, course, computed_points(stage, course, cells)), course, cells)


def smallest(found: Flips, kind: str) -> dict[str, int]:
    """By team: the change found, in whole points."""
    return {
        flip.team: to_units(change.change)
        for flip in found.flips
        for change in flip.smallest
        if msgspec.to_builtins(change)["kind"] == kind
    }


def by_trying(
    stage: Stage, course: Course, cells: Cells, changes: Iterable[tuple[int, AnyAlteration]]
) -> dict[str, int]:
    """By team: the smallest of all the changes after which something else follows."""
    found: dict[str, int] = {}
    for change, alteration in sorted(changes, key=lambda each: each[0]):
        for row in what_if(stage, course, cells, [alteration]):
            if row.flips:
                found.setdefault(row.team, to_units(str(change)))
    return found


def scores(sheets: Points) -> Iterator[tuple[int, AnyAlteration]]:
    for team, row in zip(TEAMS, sheets, strict=True):
        for evaluator, now in zip(JURY, row, strict=True):
            for instead in range(11):
                if instead != now:
                    change = AnotherScore(team=team, criterion=IDEA, evaluator=evaluator, points=str(instead))
                    yield abs(instead - now), change


def weights() -> Iterator[tuple[int, AnyAlteration]]:
    for node, now in ((IDEA, 10), (SPEED, 20)):
        for instead in range(31):
            if instead != now:
                yield abs(instead - now), AnotherWeight(node=node, maximum=str(instead))


SCORINGS = [
    {"aggregate": "mean"},
    {"aggregate": "median"},
    {"aggregate": "trimmed-mean", "trim": "1"},
    {"aggregate": "mean", "normalise": "min-max"},
    {"aggregate": "mean", "normalise": "z-score"},
]


@settings(max_examples=5, deadline=None)
@given(
    st.sampled_from(SCORINGS),
    st.sampled_from([None, "4"]),
    st.sampled_from(["1", "2"]),
    st.lists(st.lists(st.integers(3, 7), min_size=3, max_size=3), min_size=3, max_size=3),
    st.lists(st.lists(st.sampled_from([40, 45, 50]), min_size=2, max_size=2), min_size=3, max_size=3),
)
def test_no_smaller_change_of_a_score_or_a_weight_makes_something_else_follow(
    scoring: dict[str, str], gate: str | None, eliminate: str, sheets: Points, metrics: Points
) -> None:
    stage, course = stage_of(scoring=scoring, gate=gate, eliminate=eliminate), course_of()
    cells = cells_of(sheets, metrics)
    found = found_by(stage, course, cells)
    assert smallest(found, "score") == by_trying(stage, course, cells, scores(sheets))
    assert smallest(found, "weight") == by_trying(stage, course, cells, weights())
    assert found.undeterminable == ()


@pytest.mark.parametrize(
    ("conversion", "best"),
    [
        ({"conversion": "mean-of-percentages"}, 48),
        ({"conversion": "linear", "floor": "90", "ceiling": "20"}, 70),
        ({"conversion": "relative-to-best"}, 70),
    ],
)
def test_nor_of_a_measurement(conversion: dict[str, str], best: int) -> None:
    stage, course = stage_of(eliminate="1", **conversion), course_of()
    cells = cells_of([[5, 5, 5], [5, 6, 6], [5, 5, 5]], [[40, 60], [45, 61], [best, 60]])
    tried = [
        (
            abs(instead - int(metric.value)),
            AnotherMeasurement(team=team, criterion=SPEED, benchmark=each, value=f"{instead}"),
        )
        for team in TEAMS
        for each, metric in cells[team, SPEED].metrics.items()
        for instead in range(101)
        if instead != int(metric.value)
    ]
    assert smallest(found_by(stage, course, cells), "measurement") == by_trying(stage, course, cells, tried)


def test_a_change_says_whose_score_it_is_and_does_what_it_says() -> None:
    stage, course = stage_of(scoring={"aggregate": "mean"}), course_of()
    cells = cells_of([[5, 5, 5], [6, 6, 6], [8, 8, 8]], [[50, 50]] * 3)
    (ant, *_others) = found_by(stage, course, cells).flips
    (score,) = (each for each in ant.smallest if isinstance(each, module.ScoreChange))
    assert (score.team, score.points, score.instead, score.change) == ("ant", "5", "7", "2")
    alteration = AnotherScore(
        team=score.team, criterion=score.criterion, evaluator=score.evaluator, points=score.instead
    )
    rows = {row.team: row for row in what_if(stage, course, cells, [alteration])}
    assert (rows["ant"].flips, rows["ant"].after.prospect.follows) == (True, "open")


def test_what_is_certified_is_undeterminable() -> None:
    stage = stage_of(scoring={"aggregate": "mean"})
    cells = cells_of([[5, 5, 5], [6, 6, 6], [8, 8, 8]], [[50, 50]] * 3)
    del cells["cow", IDEA]
    found = found_by(stage, course_of(), cells)
    assert found.undeterminable == (IDEA,)
    assert smallest(found, "score") == smallest(found, "weight") == {}


def test_of_normalised_scores_too_many_to_be_tried_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TRIED", 5)
    stage = stage_of(scoring={"aggregate": "mean", "normalise": "min-max"})
    cells = cells_of([[5, 5, 5], [6, 6, 6], [8, 8, 8]], [[50, 50]] * 3)
    found = found_by(stage, course_of(), cells)
    assert found.undeterminable == (IDEA,)
    assert smallest(found, "score") == {}
