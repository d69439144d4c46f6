"""Scores and measurements."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.decision import boundary
from domain.event import Event
from domain.panels import NotAppointedError
from domain.refusal import InvalidCommandError
from domain.rulebook import DECISIONS, prepare
from domain.score_events import FigureCertified, MeanOf, MeasurementRecorded, ScoreSubmitted
from domain.scoring import (
    AlreadyMeasuredError,
    ScoreAlreadySubmittedError,
    SubmitScore,
    TeamNotInStageError,
)
from domain.stage_events import StageConsolidated
from domain.stages import ScoringClosedError, StageNotOpenError
from tests.domain import charters
from tests.given import given

ONE, TWO, _THREE = charters.JURY
SCORE: dict[str, Any] = {"stage": "heat", "team": "ant", "criterion": "paper/idea", "evaluator": ONE, "points": "9"}
METRIC = {"stage": "heat", "team": "ant", "criterion": "field/speed", "benchmark": "track", "value": "80.25"}


def test_a_score_is_submitted() -> None:
    given(background=charters.appointed()).when("submit-score", SCORE).then(charters.score("ant", ONE, "9"))


def by_item(*events: Event) -> list[Event]:
    """The idea is scored by novelty (6) and clarity (4)."""
    stages = charters.with_criterion("paper/idea", items=charters.ITEMS)
    return [charters.charter(stages=stages), *charters.appointed()[1:], *events]


def line(item: str, points: str) -> ScoreSubmitted:
    return msgspec.structs.replace(charters.score("ant", ONE, points), item=item)


def test_each_item_of_a_criterion_is_submitted_apart() -> None:
    history = by_item(line("novelty", "6"))
    body = {**SCORE, "item": "clarity", "points": "4"}
    given(background=history).when("submit-score", body).then(line("clarity", "4"))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({}, "/item"), ({"item": "charm"}, "/item"), ({"item": "clarity", "points": "5"}, "/points")],
)
def test_a_criterion_with_items_takes_points_of_its_items_only(change: dict[str, Any], pointer: str) -> None:
    given(background=by_item()).when("submit-score", {**SCORE, **change}).refused(InvalidCommandError, pointer)


def test_a_criterion_without_items_takes_none() -> None:
    body = {**SCORE, "item": "clarity"}
    given(background=charters.appointed()).when("submit-score", body).refused(InvalidCommandError, "/item")


def test_an_evaluator_scores_an_item_once() -> None:
    body = {**SCORE, "item": "clarity", "points": "1"}
    history = by_item(line("clarity", "4"))
    refusal = given(background=history).when("submit-score", body).refused(ScoreAlreadySubmittedError)
    assert "paper/idea/clarity" in refusal.detail


def test_the_boundary_of_a_score_holds_nobody_else_s_score() -> None:
    """Forty-nine evaluators submit at once without conflict, and one who submits twice does not."""
    command = SubmitScore(**SCORE)
    query = boundary(prepare(DECISIONS["submit-score"], command, "programme")[1])
    for other in (charters.score("ant", TWO, "9"), charters.score("bee", ONE, "9")):
        assert not query.matches(other.TYPE, other.tags("programme"))
    own = charters.score("ant", ONE, "1")
    assert query.matches(own.TYPE, own.tags("programme"))


@pytest.mark.parametrize(
    "points",
    [
        "10.5",
        "11",
        "9.0",
        "1e1",
        "NaN",
        "Infinity",
        " 9",
        "9 ",
        "-1",
        "+9",
        "09",
        "",
        ".",
        "9.",
        ".9",
        "９",
        "٩",
        "9,5",
    ],
)
def test_points_that_the_charter_does_not_allow_are_named(points: str) -> None:
    """Whole points between 0 and 10."""
    body = {**SCORE, "points": points}
    given(background=charters.appointed()).when("submit-score", body).refused(InvalidCommandError, "/points")


@pytest.mark.parametrize("points", ["0", "10"])
def test_the_limits_are_allowed(points: str) -> None:
    assert given(background=charters.appointed()).when("submit-score", {**SCORE, "points": points}).decide()


def test_an_unknown_criterion_is_named() -> None:
    for criterion in ("paper/charm", "paper", "charm/idea", "total"):
        body = {**SCORE, "criterion": criterion}
        given(background=charters.appointed()).when("submit-score", body).refused(InvalidCommandError, "/criterion")


def test_a_measured_criterion_takes_no_sheets_and_a_judged_one_no_metrics() -> None:
    body = {**SCORE, "criterion": "field/speed"}
    given(background=charters.appointed()).when("submit-score", body).refused(InvalidCommandError, "/criterion")
    metric = {**METRIC, "criterion": "paper/idea"}
    given(background=charters.opened()).when("record-measurement", metric).refused(InvalidCommandError, "/benchmark")


def test_an_evaluator_who_is_not_appointed_cannot_score() -> None:
    given(background=charters.opened()).when("submit-score", SCORE).refused(NotAppointedError)


def test_an_evaluator_scores_a_team_and_criterion_once() -> None:
    history = [*charters.appointed(), charters.score("ant", ONE, "9")]
    refusal = given(background=history).when("submit-score", SCORE).refused(ScoreAlreadySubmittedError)
    assert f"position {len(history)}" in refusal.detail


def test_a_team_outside_the_stage_cannot_be_scored() -> None:
    body = {**SCORE, "team": "dog"}
    given(background=charters.appointed()).when("submit-score", body).refused(TeamNotInStageError, "/team")


def test_no_score_is_taken_before_the_stage_opens() -> None:
    given(background=charters.enrolled()).when("submit-score", SCORE).refused(StageNotOpenError)


@pytest.mark.parametrize(
    "ending",
    [
        charters.closed()[-1],
        StageConsolidated(stage="heat", digest="0" * 64, position=1, basis="computed"),
        FigureCertified(stage="heat", figure=MeanOf(node="paper", value="5"), source="x"),
    ],
)
def test_no_score_is_taken_after_closing_consolidation_or_certification(ending: Any) -> None:
    given(background=[*charters.appointed(), ending]).when("submit-score", SCORE).refused(ScoringClosedError)
    given(background=[*charters.appointed(), ending]).when("record-measurement", METRIC).refused(ScoringClosedError)


def test_a_measurement_is_recorded_as_it_was_measured() -> None:
    recorded = MeasurementRecorded(
        stage="heat", team="ant", criterion="field/speed", benchmark="track", value="80.25", deciders=("owner",)
    )
    given(background=charters.opened()).when("record-measurement", METRIC).then(recorded)


def test_a_benchmark_is_measured_once() -> None:
    first = MeasurementRecorded(stage="heat", team="ant", criterion="field/speed", benchmark="track", value="1")
    given(background=[*charters.opened(), first]).when("record-measurement", METRIC).refused(AlreadyMeasuredError)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"value": "100.1"}, "/value"),
        ({"value": "-1"}, "/value"),
        ({"benchmark": "sea"}, "/benchmark"),
        ({"target": {"model": "m", "value": "50"}}, "/target"),
    ],
)
def test_a_bad_measurement_is_named(change: dict[str, Any], pointer: str) -> None:
    body = {**METRIC, **change}
    given(background=charters.opened()).when("record-measurement", body).refused(InvalidCommandError, pointer)


def measured(**scoring: Any) -> list[Event]:
    return [
        charters.charter(stages=charters.with_criterion("field/speed", scoring=scoring)),
        *charters.opened()[1:],
    ]


@pytest.mark.parametrize(
    "scoring",
    [
        {"conversion": "linear", "floor": "200", "ceiling": "50"},
        {"conversion": "relative-to-best"},
        {"conversion": "undisclosed"},
    ],
)
def test_what_is_no_percentage_may_pass_a_hundred(scoring: dict[str, str]) -> None:
    body = {**METRIC, "value": "1200.5"}
    assert given(background=measured(**scoring)).when("record-measurement", body).decide()
    target = {**body, "target": {"model": "m", "value": "0"}}
    given(background=measured(**scoring)).when("record-measurement", target).refused(InvalidCommandError, "/target")


@pytest.mark.parametrize(
    ("target", "pointer"),
    [(None, "/target"), ({"model": "m", "value": "0"}, "/target"), ({"model": "m", "value": "-1"}, "/target/value")],
)
def test_a_ratio_needs_a_target_above_nothing(target: Any, pointer: str) -> None:
    history = measured(conversion="capped-ratios")
    body = {**METRIC, "target": target}
    given(background=history).when("record-measurement", body).refused(InvalidCommandError, pointer)
    assert (
        given(background=history).when("record-measurement", {**body, "target": {"model": "m", "value": "9"}}).decide()
    )
