"""Corrections of scores and measurements."""

from __future__ import annotations

from typing import Any

import pytest

from domain.corrections import FigureCertifiedError, NothingToCorrectError, SameValueError
from domain.event import Event
from domain.panel_events import EvaluatorRecused
from domain.panels import EvaluatorBarredError
from domain.proposal_events import DecisionProposed
from domain.proposals import NotProposableError
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.scalars import Names
from domain.score_events import FigureCertified, MeanOf, MeasurementCorrected, PointsOf, ScoreCorrected, ScoreSubmitted
from domain.scoring import ScoreAlreadySubmittedError
from domain.stage_events import ScoringReopened
from domain.stages import StageAlreadyConsolidatedError, StageNotOpenError
from tests.domain import charters
from tests.domain.test_panels import points
from tests.given import given

ONE = charters.JURY[0]
SCORE = {
    "stage": "heat",
    "team": "ant",
    "criterion": "paper/idea",
    "evaluator": ONE,
    "points": "10",
    "reason": "misread",
}
METRIC = {
    "stage": "heat",
    "team": "ant",
    "criterion": "field/speed",
    "benchmark": "track",
    "value": "70",
    "reason": "run",
}
BOTH = [("correct-score", SCORE), ("correct-measurement", METRIC)]


def where(history: list[Event], body: dict[str, Any]) -> int:
    """The position of what a body corrects."""
    wanted = {key: body[key] for key in ("team", "criterion", "evaluator", "benchmark") if key in body}
    found = [n for n, each in enumerate(history, 1) if all(getattr(each, k, None) == v for k, v in wanted.items())]
    return found[-1]


def corrected(
    history: list[Event], body: dict[str, Any], by: tuple[str, ...] = ("owner",)
) -> ScoreCorrected | MeasurementCorrected:
    kind = ScoreCorrected if "evaluator" in body else MeasurementCorrected
    return kind(**body, supersedes=where(history, body), deciders=by)


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_a_correction_supersedes_what_it_corrects(decision: str, body: dict[str, Any]) -> None:
    history = charters.scored()
    given(background=history).when(decision, body).then(corrected(history, body))


def test_the_standings_use_the_latest_correction() -> None:
    """Of 8, 9 and 10 the 8 becomes a 10, then a 9; the track's 80 becomes 70."""
    history = charters.scored()
    assert points(history, "ant") == "9.0"
    history.append(corrected(history, SCORE))
    assert points(history, "ant") == "10.0"
    history.append(corrected(history, {**SCORE, "points": "9"}))
    assert points(history, "ant") == "9.0"
    history.append(corrected(history, METRIC))
    assert points(history, "ant", "field/speed") == "15.0"


def test_a_correction_of_a_correction_supersedes_the_correction() -> None:
    history = charters.scored()
    history.append(corrected(history, SCORE))
    (second,) = given(background=history).when("correct-score", {**SCORE, "points": "9"}).decide()
    assert isinstance(second, ScoreCorrected)
    assert second.supersedes == len(history)
    given(background=history).when("correct-score", SCORE).refused(SameValueError, "/points")


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_what_was_not_recorded_cannot_be_corrected(decision: str, body: dict[str, Any]) -> None:
    given(background=charters.appointed()).when(decision, body).refused(NothingToCorrectError)
    given(background=charters.enrolled()).when(decision, body).refused(StageNotOpenError)


@pytest.mark.parametrize(
    ("decision", "body", "pointer"),
    [
        ("correct-score", {**SCORE, "points": "8"}, "/points"),
        ("correct-measurement", {**METRIC, "value": "80.0"}, "/value"),
    ],
)
def test_a_correction_changes_something(decision: str, body: dict[str, Any], pointer: str) -> None:
    given(background=charters.scored()).when(decision, body).refused(SameValueError, pointer)


@pytest.mark.parametrize("wrong", ["11", "9.5", "-1"])
def test_corrected_points_keep_to_range_and_precision(wrong: str) -> None:
    given(background=charters.scored()).when("correct-score", {**SCORE, "points": wrong}).refused(
        InvalidCommandError, "/points"
    )
    given(background=charters.scored()).when("correct-measurement", {**METRIC, "value": "100.1"}).refused(
        InvalidCommandError, "/value"
    )


def test_the_sheet_of_a_recused_evaluator_is_not_corrected() -> None:
    history = [*charters.scored(), EvaluatorRecused(stage="heat", evaluator=ONE, team="ant", reason="ill")]
    given(background=history).when("correct-score", SCORE).refused(EvaluatorBarredError)


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_after_close_a_correction_waits_for_another_agency(decision: str, body: dict[str, Any]) -> None:
    history = charters.closed()
    (proposed,) = given(background=history).when(decision, body).decide()
    assert isinstance(proposed, DecisionProposed)
    assert proposed.awaiting == ("other", "clerk")
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    _approved, correction = given(background=[*history, proposed]).by("other").when("approve", approval).decide()
    assert correction == corrected(history, body, ("owner", "other"))


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_before_close_the_mandated_agency_corrects_alone(decision: str, body: dict[str, Any]) -> None:
    history = charters.scored()
    given(background=history).when(decision, body).then(corrected(history, body))
    given(background=history).by("other").when(decision, body).refused(NotMandatedError)


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_after_close_nothing_is_corrected_where_the_charter_names_no_second_agency(
    decision: str, body: dict[str, Any]
) -> None:
    alone = charters.charter(countersignatures=[])
    given(background=[alone, *charters.closed()[1:]]).when(decision, body).refused(NotProposableError)


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_what_consolidated_standings_rest_on_is_not_corrected(decision: str, body: dict[str, Any]) -> None:
    given(background=charters.consolidated()).when(decision, body).refused(StageAlreadyConsolidatedError)


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_nothing_is_corrected_once_a_figure_is_certified_until_scoring_is_reopened(
    decision: str, body: dict[str, Any]
) -> None:
    """Three corrections of ant's nine points to none would leave the total that was certified impossible."""
    figure = PointsOf(node="total", team="ant", value="25")
    certified = [*charters.closed(), FigureCertified(stage="heat", figure=figure, source="x")]
    refusal = given(background=certified).when(decision, body).refused(FigureCertifiedError)
    assert f"points 25 at total of ant (position {len(certified)})" in refusal.detail
    why = Names(en="why", ko="why")
    assert given(background=[*certified, ScoringReopened(stage="heat", reason=why)]).when(decision, body).approved()


@pytest.mark.parametrize(("decision", "body"), BOTH)
def test_what_is_reported_is_not_corrected_beside_a_certified_figure_either(
    decision: str, body: dict[str, Any]
) -> None:
    history = [charters.reported_charter(), *charters.scored()[1:]]
    report = {**body, "attribution": "reported", "source": "a newspaper"}
    assert given(background=history).when(decision, report).decide()
    certified = FigureCertified(stage="heat", figure=MeanOf(node="total", value="18"), source="x")
    given(background=[*history, certified]).when(decision, report).refused(FigureCertifiedError)


def test_a_corrected_score_is_not_submitted_again() -> None:
    history = charters.scored()
    history.append(corrected(history, SCORE))
    assert isinstance(history[where(history[:-1], SCORE) - 1], ScoreSubmitted)
    body = {key: value for key, value in SCORE.items() if key != "reason"}
    assert "corrected" in given(background=history).when("submit-score", body).refused(ScoreAlreadySubmittedError).rule
