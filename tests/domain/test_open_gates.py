"""Gates of which it is not told who passed them: standings are settled once it is."""

from __future__ import annotations

from typing import Any

from domain.consolidation import GateOpenError
from domain.event import Event
from domain.outcome_events import TeamWithdrawn
from domain.scalars import Names
from domain.score_events import FigureCertified, GateOutcome
from domain.stage_events import ScoringReopened
from tests.domain import charters
from tests.given import Given, given

HEAT = {"stage": "heat"}
WHY = Names(en="why", ko="왜")


def undisclosed(**changes: Any) -> Event:
    stages = charters.document()["stages"]
    stages[0]["gates"][0]["minimum"] = "undisclosed"
    return charters.charter(stages=stages, **changes)


def closed(*more: Event, **changes: Any) -> Given:
    return given(background=[undisclosed(**changes), *charters.closed()[1:], *more])


def told(*teams: str) -> list[Event]:
    figures = [GateOutcome(gate="slow", team=team, outcome="passed") for team in teams]
    return [FigureCertified(stage="heat", figure=each, source="x") for each in figures]


def test_standings_are_settled_once_it_is_told_of_every_team_whether_it_passed() -> None:
    """Figures are certified no more after that: nobody could advance, nor be eliminated."""
    refusal = closed(*told("ant", "bee")).when("consolidate-stage", HEAT).refused(GateOpenError, "/stage")
    assert [each.detail for each in refusal.errors] == ["whether cow passed slow is open: certify it"]
    assert closed(*told(*charters.TEAMS)).when("consolidate-stage", HEAT).decide()
    gone = TeamWithdrawn(team="cow", stage="heat", reason=WHY)
    assert closed(*told("ant", "bee"), gone).when("consolidate-stage", HEAT).decide()


def test_figures_lapse_as_scoring_is_reopened_so_that_gates_are_told_of_again() -> None:
    again = [*told(*charters.TEAMS), charters.consolidated()[-1], ScoringReopened(stage="heat", reason=WHY)]
    closing = charters.closed()[-1]
    body = {**HEAT, "reason": {"en": "why", "ko": "왜"}}
    closed(*again, closing).when("reconsolidate-stage", body).refused(GateOpenError)
    assert closed(*again, closing, *told(*charters.TEAMS)).when("reconsolidate-stage", body).decide()


def test_what_is_reported_may_leave_gates_open() -> None:
    reported = {**HEAT, "attribution": "reported", "source": "a newspaper"}
    assert closed(data_set="public-record", recorder="owner").when("consolidate-stage", reported).decide()
