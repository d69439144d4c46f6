"""A stage is finalised after its window, with every objection decided."""

from __future__ import annotations

import pytest

from domain.finalisation import ObjectionUndecidedError, ObjectionWindowOpenError, ReviewOpenError
from domain.hearing_course import IndependenceReviewOpened
from domain.objections import ResultsNotPublishedError
from domain.outcome_events import DeviationRecorded, OutcomeSuperseded, TeamEliminated
from domain.outcomes import NoBasisError
from domain.refusal import Refusal
from domain.stage_events import StageFinalised, StageOpened
from domain.stages import (
    EarlierStageNotFinalError,
    OutcomeMissingError,
    ScoringOpenError,
    StageFinalError,
    StageNotConsolidatedError,
    StageNotOpenError,
)
from tests.domain import charters
from tests.domain.objecting import AFTER, FILED, HEAT, REASON, WHY, charter, decided, published, ruled, settled
from tests.given import given


def test_a_stage_is_finalised_after_its_window_with_every_objection_decided() -> None:
    published().at(AFTER).when("finalise-stage", HEAT).then(StageFinalised(stage="heat"))
    published(FILED, decided()).at(AFTER).when("finalise-stage", HEAT).then(StageFinalised(stage="heat"))


def test_a_stage_is_not_finalised_while_its_window_is_open() -> None:
    published().when("finalise-stage", HEAT).refused(ObjectionWindowOpenError)


def test_a_stage_is_not_finalised_while_an_objection_is_undecided() -> None:
    refusal = published(FILED).at(AFTER).when("finalise-stage", HEAT).refused(ObjectionUndecidedError)
    assert "o" in refusal.detail


def test_a_stage_is_not_finalised_while_a_team_has_no_outcome() -> None:
    history = [each for each in published().background if not isinstance(each, TeamEliminated)]
    given(background=history).at(AFTER).when("finalise-stage", HEAT).refused(OutcomeMissingError)


def test_a_stage_is_not_finalised_while_a_review_waits_for_its_ruling() -> None:
    reopened = IndependenceReviewOpened(stage="heat", team="ant", reason="the objection was upheld")
    refusal = published(reopened).at(AFTER).when("finalise-stage", HEAT).refused(ReviewOpenError)
    assert "ant" in refusal.detail
    published(reopened, ruled("ant")).at(AFTER).when("finalise-stage", HEAT).then(StageFinalised(stage="heat"))


def test_a_stage_is_not_finalised_with_an_outcome_that_a_later_ruling_does_not_bear() -> None:
    history = published(ruled("ant", "not_met")).at(AFTER)
    assert "ant was ruled not independent" in history.when("finalise-stage", HEAT).refused(NoBasisError).detail


def test_a_stage_is_not_finalised_with_a_team_that_goes_on_without_a_ruling() -> None:
    """Neither by its rank nor on an objection; a record may leave out a ruling that was not reported."""
    back = OutcomeSuperseded(
        stage="heat", team="cow", was="eliminated", to="advanced", basis="objection", reason=WHY, objection="o"
    )
    nobody = DeviationRecorded(stage="heat", subject="eliminations", planned="1", actual="0", reason=WHY, approver="x")
    final = StageFinalised(stage="heat")
    for team in ("ant", "cow"):
        unruled = [each for each in published(FILED, decided(), back, nobody).background if each != ruled(team)]
        refusal = given(background=unruled).at(AFTER).when("finalise-stage", HEAT).refused(NoBasisError)
        assert f"{team} advanced, but the independence of {team} was not ruled upon" in refusal.detail
        given(background=[*unruled, ruled(team)]).at(AFTER).when("finalise-stage", HEAT).then(final)
        reported = {**HEAT, "attribution": "reported", "source": "a newspaper"}
        record = [charter(data_set="public-record"), *unruled[1:]]
        given(background=record).at(AFTER).when("finalise-stage", reported).then(final)
        without_rules = [charter(independence={"perspectives": []}), *unruled[1:]]
        given(background=without_rules).at(AFTER).when("finalise-stage", HEAT).then(final)


def test_a_later_ruling_counts_against_a_team_that_came_back_on_an_objection() -> None:
    """The standings do not; score and independence are two facts."""
    flipped = OutcomeSuperseded(
        stage="heat", team="cow", was="eliminated", to="advanced", basis="objection", reason=WHY, objection="o"
    )
    nobody = DeviationRecorded(stage="heat", subject="eliminations", planned="1", actual="0", reason=WHY, approver="x")
    stays = published(FILED, decided(), flipped, nobody)
    stays.at(AFTER).when("finalise-stage", HEAT).then(StageFinalised(stage="heat"))
    history = given(background=[*stays.background, ruled("cow", "not_met")]).at(AFTER)
    assert "cow was ruled not independent" in history.when("finalise-stage", HEAT).refused(NoBasisError).detail


def test_where_teams_may_object_the_next_stage_waits_for_finalisation() -> None:
    published().when("open-stage", {"stage": "final"}).refused(EarlierStageNotFinalError)
    opened = StageOpened(stage="final", teams=("ant", "bee"))
    published(StageFinalised(stage="heat")).when("open-stage", {"stage": "final"}).then(opened)


def test_nothing_of_a_final_stage_changes() -> None:
    final = published(StageFinalised(stage="heat"))
    sheet = {"stage": "heat", "team": "ant", "criterion": "paper/idea", "evaluator": charters.JURY[0], "points": "1"}
    of_team = {"stage": "heat", "team": "cow", "reason": REASON}
    deviation = {"stage": "heat", "subject": "eliminations", "actual": "2", "reason": REASON}
    ruling = {
        "stage": "heat",
        "team": "ant",
        "verdict": "met",
        "perspectives": ["own"],
        "findings": [{"perspective": "own", "condition": "built", "verdict": "met"}],
        "evidence": ["ab" * 32],
        "reason": REASON,
    }
    for decision, body in (
        ("submit-score", sheet),
        ("rule-independence", ruling),
        ("record-deviation", deviation),
        ("advance-team", of_team),
        ("eliminate-team", {**of_team, "basis": "rank"}),
        ("finalise-stage", HEAT),
    ):
        final.when(decision, body).refused(StageFinalError)


@pytest.mark.parametrize(
    ("upto", "error"),
    [
        (4, StageNotOpenError),
        (len(charters.scored()), ScoringOpenError),
        (len(charters.closed()), StageNotConsolidatedError),
        (len(settled()), ResultsNotPublishedError),
    ],
)
def test_a_stage_is_finalised_once_its_results_are_public(upto: int, error: type[Refusal]) -> None:
    given(background=settled()[:upto]).at(AFTER).when("finalise-stage", HEAT).refused(error)
