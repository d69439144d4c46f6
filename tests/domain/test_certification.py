"""Certified figures."""

from __future__ import annotations

from typing import Any

import pytest

from domain.certification import FigureContradictsError
from domain.refusal import InvalidCommandError
from domain.stage_events import FigureCertified, HighestOf, MeanOf, PointsOf
from domain.stages import ScoringOpenError, StageAlreadyConsolidatedError, StageNotOpenError
from tests.domain import charters
from tests.given import Given, given

REPORT = {"attribution": "reported", "source": "a newspaper", "stage": "heat"}
POINTS = {"kind": "points", "node": "paper", "team": "ant", "value": "9"}


def reported() -> Given:
    return given(background=[charters.reported_charter(), *charters.opened()[1:]])


def certified(*figures: Any) -> Given:
    history = [charters.reported_charter(), *charters.opened()[1:]]
    return given(background=[*history, *(FigureCertified(stage="heat", figure=f, source="x") for f in figures)])


def test_a_figure_is_certified_with_its_source() -> None:
    figure = PointsOf(node="paper", team="ant", value="9")
    event = FigureCertified(stage="heat", figure=figure, source="a newspaper")
    reported().when("certify-figure", {**REPORT, "figure": POINTS}).then(event)


def test_where_scores_are_taken_figures_wait_until_they_are_closed() -> None:
    body = {"stage": "heat", "figure": POINTS}
    given(background=charters.scored()).when("certify-figure", body).refused(ScoringOpenError)
    (event,) = given(background=charters.closed()).when("certify-figure", body).decide()
    assert isinstance(event, FigureCertified)
    assert event.source == "certified by owner"


@pytest.mark.parametrize(
    ("figure", "pointer"),
    [
        ({**POINTS, "team": "dog"}, "/figure/team"),
        ({**POINTS, "node": "charm"}, "/figure/node"),
        ({**POINTS, "value": "11"}, "/figure/value"),
        ({**POINTS, "value": "9.5"}, "/figure/value"),
        ({**POINTS, "value": "9e0"}, "/figure/value"),
        ({"kind": "mean", "node": "paper", "value": "10.1"}, "/figure/value"),
        ({"kind": "highest", "node": "paper", "teams": [], "value": "9"}, "/figure/teams"),
        ({"kind": "highest", "node": "paper", "teams": ["ant", "ant"], "value": "9"}, "/figure/teams"),
        ({"kind": "highest", "node": "paper", "teams": ["dog"], "value": "9"}, "/figure/team"),
        ({"kind": "gate", "gate": "x", "team": "ant", "outcome": "passed"}, "/figure/gate"),
        ({"kind": "rank-group", "teams": ["ant", "bee"], "best": "1", "worst": "1"}, "/figure/worst"),
        ({"kind": "rank-group", "teams": ["ant"], "best": "2", "worst": "1"}, "/figure/worst"),
        ({"kind": "rank-group", "teams": ["ant"], "best": "1", "worst": "4"}, "/figure/worst"),
        ({"kind": "rank-group", "teams": ["ant"], "best": "one", "worst": "2"}, "/figure/best"),
    ],
)
def test_a_figure_about_something_else_is_named(figure: dict[str, Any], pointer: str) -> None:
    reported().when("certify-figure", {**REPORT, "figure": figure}).refused(InvalidCommandError, pointer)


@pytest.mark.parametrize(
    ("known", "figure"),
    [
        (PointsOf(node="paper", team="ant", value="9"), {**POINTS, "value": "8"}),
        (PointsOf(node="total", team="ant", value="5"), {**POINTS, "value": "6"}),
        (HighestOf(node="paper", teams=("bee",), value="7"), {**POINTS, "value": "7"}),
        (PointsOf(node="paper", team="ant", value="9"), {"kind": "mean", "node": "paper", "value": "2.00"}),
        (MeanOf(node="paper", value="9.50"), {**POINTS, "value": "1"}),
    ],
)
def test_a_figure_that_contradicts_a_known_one_is_refused(known: Any, figure: dict[str, Any]) -> None:
    certified(known).when("certify-figure", {**REPORT, "figure": figure}).refused(FigureContradictsError, "/figure")


def test_a_gate_certified_passed_contradicts_points_below_it() -> None:
    figure = {"kind": "gate", "gate": "slow", "team": "ant", "outcome": "passed"}
    body = {**REPORT, "figure": figure}
    certified(PointsOf(node="field", team="ant", value="4")).when("certify-figure", body).refused(
        FigureContradictsError
    )
    assert certified(PointsOf(node="field", team="ant", value="5")).when("certify-figure", body).decide()


def test_figures_come_between_opening_and_consolidation() -> None:
    body = {"stage": "heat", "figure": POINTS}
    given(background=charters.enrolled()).when("certify-figure", body).refused(StageNotOpenError)
    given(background=charters.consolidated()).when("certify-figure", body).refused(StageAlreadyConsolidatedError)


def test_a_reported_figure_needs_its_source() -> None:
    body = {"attribution": "reported", "stage": "heat", "figure": POINTS}
    reported().when("certify-figure", body).refused(InvalidCommandError, "/source")


def test_a_public_record_takes_nothing_that_was_not_reported() -> None:
    body = {"stage": "heat", "figure": POINTS}
    reported().when("certify-figure", body).refused(InvalidCommandError, "/attribution")
