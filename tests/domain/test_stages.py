"""A stage's course."""

from __future__ import annotations

import pytest

from domain.call_events import AdditionalCallOpened, CallClosedWithoutSelection, CallTeamSelected
from domain.event import Event
from domain.outcome_events import DeviationRecorded, IndependenceRuled, TeamAdvanced, TeamEliminated, Verdict
from domain.publishing import NotJointPublishersError
from domain.refusal import InvalidCommandError
from domain.scalars import Names
from domain.score_events import FigureCertified, MeanOf
from domain.stage_events import ResultsPublished, ScoringClosed, StageConsolidated, StageOpened
from domain.stages import (
    CallOpenError,
    EarlierStageNotFinalError,
    EliminationsNotAsPlannedError,
    FactsContradictError,
    NoTeamError,
    OutcomeMissingError,
    ResultsAlreadyPublishedError,
    ScoresMissingError,
    ScoringClosedError,
    ScoringOpenError,
    StageAlreadyConsolidatedError,
    StageAlreadyOpenError,
    StageNotConsolidatedError,
    StageNotOpenError,
)
from tests.domain import charters
from tests.domain.charters import names
from tests.given import given

HEAT = {"stage": "heat"}
BOTH = {"stage": "heat", "publishers": ["owner", "other"]}
REASON = Names(en="why", ko="why")


def ruled(team: str, verdict: Verdict = "met") -> IndependenceRuled:
    return IndependenceRuled(
        stage="heat", team=team, verdict=verdict, perspectives=("own",), findings=(), evidence=(), reason=REASON
    )


def with_outcomes() -> list[Event]:
    return [
        *charters.consolidated(),
        *(ruled(team) for team in charters.TEAMS),
        TeamEliminated(stage="heat", team="cow", basis="rank", reason=REASON),
        TeamAdvanced(stage="heat", team="ant", reason=REASON),
        TeamAdvanced(stage="heat", team="bee", reason=REASON),
    ]


def test_a_stage_is_opened_for_the_teams_that_hold_a_seat() -> None:
    given(*charters.enrolled()).when("open-stage", HEAT).then(StageOpened(stage="heat", teams=charters.TEAMS))


def test_a_stage_is_opened_once() -> None:
    given(*charters.opened()).when("open-stage", HEAT).refused(StageAlreadyOpenError)


def test_a_stage_needs_a_team() -> None:
    given(charters.charter()).when("open-stage", HEAT).refused(NoTeamError)


def test_an_unknown_stage_is_refused_by_name() -> None:
    given(*charters.enrolled()).when("open-stage", {"stage": "x"}).refused(InvalidCommandError, "/stage")


def test_the_second_stage_waits_for_the_results_of_the_first() -> None:
    given(background=with_outcomes()).when("open-stage", {"stage": "final"}).refused(EarlierStageNotFinalError)


def test_the_second_stage_is_opened_for_those_that_advanced() -> None:
    published = ResultsPublished(stage="heat", publishers=("owner", "other"))
    history = given(background=[*with_outcomes(), published])
    history.when("open-stage", {"stage": "final"}).then(StageOpened(stage="final", teams=("ant", "bee")))


def test_a_stage_waits_for_the_additional_calls_before_it() -> None:
    """One that was selected takes part from the beginning; a public record holds what was reported."""
    published = ResultsPublished(stage="heat", publishers=("owner", "other"))
    open_ = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="undisclosed")
    history = [*with_outcomes(), published, open_]
    refusal = given(background=history).when("open-stage", {"stage": "final"}).refused(CallOpenError)
    assert refusal.detail == "refill may still fill a seat"
    name = charters.enrolment("dog").name
    selected = CallTeamSelected(call="refill", stage="heat", team="dog", name=name, reason=REASON)
    (event,) = given(background=[*history, selected]).when("open-stage", {"stage": "final"}).decide()
    assert event == StageOpened(stage="final", teams=("ant", "bee", "dog"))
    closed = CallClosedWithoutSelection(call="refill", stage="heat", reason=REASON)
    assert given(background=[*history, closed]).when("open-stage", {"stage": "final"}).decide()
    body = {"stage": "final", "attribution": "reported", "source": "a newspaper"}
    assert given(background=[charters.reported_charter(), *history[1:]]).when("open-stage", body).decide()


def test_scoring_closes_when_nothing_is_missing() -> None:
    given(background=charters.scored()).when("close-scoring", HEAT).then(ScoringClosed(stage="heat"))


@pytest.mark.parametrize("missing", range(1, 16))
def test_scoring_does_not_close_while_any_sheet_or_metric_is_missing(missing: int) -> None:
    history = charters.scored()
    del history[-missing]
    given(background=history).when("close-scoring", HEAT).refused(ScoresMissingError)


def test_scoring_does_not_close_below_quorum() -> None:
    """One juror of two that the charter asks for has scored everything."""
    history = [
        event for event in charters.scored() if getattr(event, "evaluator", charters.JURY[0]) == charters.JURY[0]
    ]
    given(background=history).when("close-scoring", HEAT).refused(ScoresMissingError)


def test_scoring_of_a_stage_that_is_not_open_cannot_close() -> None:
    given(background=charters.enrolled()).when("close-scoring", HEAT).refused(StageNotOpenError)


def test_scoring_closes_once() -> None:
    given(background=charters.closed()).when("close-scoring", HEAT).refused(ScoringClosedError)


def test_consolidation_settles_the_digest_of_the_standings() -> None:
    (event,) = given(background=charters.closed()).when("consolidate-stage", HEAT).decide()
    assert isinstance(event, StageConsolidated)
    assert (event.position, event.basis) == (len(charters.closed()), "computed")
    assert len(event.digest) == 64


def test_consolidation_waits_for_scoring_to_close() -> None:
    given(background=charters.scored()).when("consolidate-stage", HEAT).refused(ScoringOpenError)


def test_consolidation_of_a_stage_that_is_not_open_is_refused() -> None:
    given(background=charters.enrolled()).when("consolidate-stage", HEAT).refused(StageNotOpenError)


def test_a_stage_is_consolidated_once() -> None:
    given(background=charters.consolidated()).when("consolidate-stage", HEAT).refused(StageAlreadyConsolidatedError)


def test_consolidation_refuses_a_required_score_that_is_missing() -> None:
    """Even where scoring was closed on a report, without its sheets."""
    history = [charters.reported_charter(), *charters.opened()[1:], ScoringClosed(stage="heat")]
    body = {**HEAT, "attribution": "reported", "source": "a newspaper"}
    refusal = given(background=history).when("consolidate-stage", body).refused(ScoresMissingError)
    assert len(refusal.errors) == 6


def test_consolidation_refuses_facts_that_cannot_all_be_true() -> None:
    wrong = FigureCertified(stage="heat", figure=MeanOf(node="total", value="1"), source="x")
    given(background=[*charters.closed(), wrong]).when("consolidate-stage", HEAT).refused(FactsContradictError)


def test_results_are_published_by_the_joint_publishers_with_every_outcome() -> None:
    published = ResultsPublished(stage="heat", publishers=("owner", "other"))
    given(background=[*with_outcomes(), charters.AGREED]).when("publish-results", BOTH).then(published)


@pytest.mark.parametrize("publishers", [["owner"], ["owner", "other", "owner"], [], ["owner", "nobody"]])
def test_results_are_not_published_by_fewer_or_others(publishers: list[str]) -> None:
    body = {"stage": "heat", "publishers": publishers}
    given(background=with_outcomes()).when("publish-results", body).refused(NotJointPublishersError)


def test_results_are_not_published_by_an_agency_that_is_no_publisher() -> None:
    third = {"id": "third", "name": names("Third")}
    changed = charters.document()
    changed["agencies"].append(third)
    changed["mandates"][0]["agencies"].append("third")
    history = [charters.charter(agencies=changed["agencies"], mandates=changed["mandates"]), *with_outcomes()[1:]]
    given(background=history).by("third").when("publish-results", BOTH).refused(NotJointPublishersError)


def test_results_wait_for_consolidation() -> None:
    given(background=charters.closed()).when("publish-results", BOTH).refused(StageNotConsolidatedError)


def test_results_wait_for_every_outcome() -> None:
    refusal = given(background=with_outcomes()[:-1]).when("publish-results", BOTH).refused(OutcomeMissingError)
    assert "bee" in refusal.detail


def deviating(actual: str) -> DeviationRecorded:
    return DeviationRecorded(
        stage="heat", subject="eliminations", planned="1", actual=actual, reason=REASON, approver="other"
    )


def test_results_wait_for_as_many_eliminations_as_planned_or_as_the_deviation_says() -> None:
    """One is planned and one left. A deviation that did not happen is no more public than one without a record."""
    history = with_outcomes()
    refusal = given(background=[*history, deviating("2")]).when("publish-results", BOTH)
    assert "1 of 3 teams are eliminated in heat, not 2" in refusal.refused(EliminationsNotAsPlannedError).detail
    assert given(background=[*history, deviating("2"), deviating("1")]).when("publish-results", BOTH).decide()
    nobody_left = [each for each in history if not isinstance(each, TeamEliminated)]
    nobody_left.append(TeamAdvanced(stage="heat", team="cow", reason=REASON))
    given(background=nobody_left).when("publish-results", BOTH).refused(EliminationsNotAsPlannedError)
    stages = charters.document()["stages"]
    stages[0]["gates"] = []
    without_gates = [charters.charter(stages=stages), *nobody_left[1:]]
    assert given(background=[*without_gates, deviating("0")]).when("publish-results", BOTH).decide()


def test_a_withdrawal_is_no_elimination_of_the_plan() -> None:
    withdrawn = TeamEliminated(stage="heat", team="cow", basis="withdrawal", reason=REASON)
    history = [withdrawn if isinstance(each, TeamEliminated) else each for each in with_outcomes()]
    given(background=history).when("publish-results", BOTH).refused(EliminationsNotAsPlannedError)
    assert given(background=[*history, deviating("0")]).when("publish-results", BOTH).decide()


def test_where_no_cut_is_planned_any_number_may_leave() -> None:
    stages = charters.document()["stages"]
    stages[0]["eliminate"] = "none"
    by_gate = TeamEliminated(stage="heat", team="cow", basis="gate", reason=REASON)
    history = [by_gate if isinstance(each, TeamEliminated) else each for each in with_outcomes()[1:]]
    assert given(background=[charters.charter(stages=stages), *history]).when("publish-results", BOTH).decide()


def test_results_are_published_once() -> None:
    history = [*with_outcomes(), ResultsPublished(stage="heat", publishers=("owner", "other"))]
    given(background=history).when("publish-results", BOTH).refused(ResultsAlreadyPublishedError)
