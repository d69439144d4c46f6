"""Certified figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from domain.certification import FigureContradictsError
from domain.refusal import InvalidCommandError
from domain.score_events import (
    Figure,
    FigureCertified,
    GateOutcome,
    HighestOf,
    MeanOf,
    MeasurementCorrected,
    PointsOf,
    RankGroup,
    ScoreCorrected,
)
from domain.stage_events import ScoringClosed
from domain.stages import ScoringOpenError, StageAlreadyConsolidatedError, StageNotOpenError
from tests.domain import charters
from tests.given import Given, Outcome, given

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


def test_teams_that_tie_are_certified_together_over_the_ranks_that_they_fill() -> None:
    """A group that fills its ranks is all who hold them."""
    history = charters.scored()
    for points, one in zip(("6", "7", "8"), charters.JURY, strict=True):
        sheet: dict[str, Any] = {"stage": "heat", "team": "cow", "criterion": "paper/idea", "evaluator": one}
        history.append(ScoreCorrected(**sheet, points=points, supersedes=1, reason="misread"))
    for each in ("track", "road"):
        of: dict[str, Any] = {"stage": "heat", "team": "cow", "criterion": "field/speed", "benchmark": each}
        history.append(MeasurementCorrected(**of, value="60", supersedes=1, reason="misread"))
    first = FigureCertified(stage="heat", figure=RankGroup(teams=("ant",), best="1", worst="1"), source="x")
    closed = given(background=[*history, ScoringClosed(stage="heat"), first])

    def certifying(*teams: str, worst: str) -> Outcome:
        group = {"kind": "rank-group", "teams": list(teams), "best": "2", "worst": worst}
        return closed.when("certify-figure", {"stage": "heat", "figure": group})

    certifying("bee", worst="2").refused(FigureContradictsError, "/figure")
    certifying("bee", "cow", worst="2").refused(InvalidCommandError, "/figure/worst")
    assert certifying("bee", "cow", worst="3").decide()


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
        ({"kind": "rank-group", "teams": ["ant"], "best": "0001", "worst": "1"}, "/figure/best"),
        ({"kind": "rank-group", "teams": ["ant"], "best": "1", "worst": "9" * 5000}, "/figure/worst"),
        ({"kind": "rank-group", "teams": ["ant"], "best": "0", "worst": "1"}, "/figure/best"),
        ({"kind": "rank-group", "teams": ["ant"], "best": "1\n", "worst": "1"}, "/figure/best"),
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


def undisclosed(*figures: Figure) -> Given:
    """The same stage with a gate at field of undisclosed minimum, and figures that are certified."""
    stages = charters.document()["stages"]
    stages[0]["gates"] = [{"id": "slow", "node": "field", "minimum": "undisclosed"}]
    history = [charters.charter(data_set="public-record", recorder="owner", stages=stages), *charters.opened()[1:]]
    return given(background=[*history, *(FigureCertified(stage="heat", figure=f, source="x") for f in figures)])


def at_gate(team: str, outcome: Any) -> GateOutcome:
    return GateOutcome(gate="slow", team=team, outcome=outcome)


def at_field(team: str, value: str) -> PointsOf:
    return PointsOf(node="field", team=team, value=value)


def accepted(figures: Sequence[Figure]) -> bool:
    """Whether all are certified, one after the other."""
    for n, figure in enumerate(figures):
        try:
            undisclosed(*figures[:n]).when("certify-figure", {**REPORT, "figure": msgspec.to_builtins(figure)}).decide()
        except FigureContradictsError:
            return False
    return True


@pytest.mark.parametrize(
    "figures",
    [
        [at_gate("ant", "passed"), at_gate("ant", "failed")],
        [at_gate("ant", "passed"), at_gate("bee", "failed"), at_field("ant", "5"), at_field("bee", "6")],
        [at_gate("ant", "passed"), at_gate("bee", "failed"), at_field("ant", "5"), at_field("bee", "5")],
        # bee and cow have thirteen together, and less than five each
        [
            at_gate("ant", "passed"),
            at_gate("bee", "failed"),
            at_gate("cow", "failed"),
            at_field("ant", "5"),
            MeanOf(node="field", value="6.00"),
        ],
        # nobody has more than bee
        [at_gate("ant", "passed"), at_gate("bee", "failed"), HighestOf(node="field", teams=("bee",), value="8")],
    ],
)
def test_at_a_gate_of_undisclosed_minimum_nobody_fails_with_as_much_as_another_passes_with(figures: Any) -> None:
    """Whichever of them comes last is refused, and the rest are certified."""
    for last in figures:
        rest = [each for each in figures if each != last]
        assert accepted(rest)
        body = {**REPORT, "figure": msgspec.to_builtins(last)}
        undisclosed(*rest).when("certify-figure", body).refused(FigureContradictsError, "/figure")


FIGURES = st.one_of(
    st.builds(at_gate, st.sampled_from(charters.TEAMS), st.sampled_from(["passed", "failed"])),
    st.builds(at_field, st.sampled_from(charters.TEAMS), st.sampled_from(["4", "5", "6"])),
    st.builds(lambda value: MeanOf(node="field", value=value), st.sampled_from(["4.67", "5.00", "6.00"])),
    st.builds(
        lambda team, value: HighestOf(node="field", teams=(team,), value=value),
        st.sampled_from(charters.TEAMS),
        st.sampled_from(["5", "6"]),
    ),
)


@settings(deadline=None, max_examples=60)
@hypothesis.given(figures=st.lists(FIGURES, min_size=2, max_size=5), data=st.data())
def test_what_is_certified_together_does_not_depend_on_its_order(figures: list[Figure], data: st.DataObject) -> None:
    assert accepted(figures) == accepted(data.draw(st.permutations(figures)))


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
