"""Scoring reopened, standings settled anew, results published again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.consolidation import NeverConsolidatedError
from domain.event import Event
from domain.objections import ResultsNotPublishedError
from domain.opened_stages import LaterStageOpenError
from domain.outcome_events import DeviationRecorded, OutcomeSuperseded
from domain.outcomes import NoBasisError
from domain.panel_events import EvaluatorRecused, EvaluatorReplaced
from domain.proposal_events import DecisionProposed
from domain.proposals import NotProposableError
from domain.record import Course, run_course
from domain.refusal import Refusal
from domain.score_events import (
    FigureCertified,
    MeanOf,
    MeasurementCorrected,
    MeasurementRecorded,
    ScoreCorrected,
    ScoreSubmitted,
)
from domain.stage_events import ScoringClosed, ScoringReopened, StageFinalised, StageOpened, StageReconsolidated
from domain.stage_machine import STAGE, stage_state
from domain.stages import (
    EarlierStageNotFinalError,
    EliminationsNotAsPlannedError,
    ScoringOpenError,
    StageAlreadyConsolidatedError,
    StageFinalError,
    StageNotConsolidatedError,
)
from domain.standings import Standings
from domain.teams import Roster
from tests.domain import charters
from tests.domain.objecting import (
    AFTER,
    FILED,
    FILING,
    PUBLISHED,
    REASON,
    WHY,
    charter,
    decided,
    published,
    settled,
)
from tests.domain.test_standings import folded
from tests.given import given
from tests.playing import standings

HEAT = {"stage": "heat"}
REOPENING: dict[str, Any] = {"stage": "heat", "reason": REASON}
REOPENED = ScoringReopened(stage="heat", reason=WHY, deciders=("owner",))
CLOSED = ScoringClosed(stage="heat")
PUBLISHING = {"stage": "heat", "publishers": ["owner", "other"]}
SETTLED_AT = len(charters.consolidated())


def corrected(points: str = "1", team: str = "bee") -> list[Event]:
    """Every judge's points for a team on the paper, corrected."""
    return [
        ScoreCorrected(
            stage="heat",
            team=team,
            criterion="paper/idea",
            evaluator=one,
            points=points,
            supersedes=1,
            reason="a slip",
        )
        for one in charters.JURY
    ]


def settled_again(*corrections: Event) -> list[Event]:
    """Published, reopened, corrected, closed and settled anew."""
    history = [*settled(), PUBLISHED, REOPENED, *corrections, CLOSED]
    anew = StageReconsolidated(
        stage="heat", digest="1" * 64, position=len(history), basis="computed", supersedes=SETTLED_AT, reason=WHY
    )
    return [*history, anew]


def cow_before_bee() -> list[Event]:
    """Settled anew with cow (10 + 6) before bee (1 + 12)."""
    track = MeasurementCorrected(
        stage="heat", team="cow", criterion="field/speed", benchmark="track", value="40", supersedes=1, reason="a slip"
    )
    return settled_again(*corrected("1", "bee"), *corrected("10", "cow"), track)


# Reopening


def test_scoring_is_reopened_when_closed_settled_or_published() -> None:
    for history in (charters.closed(), charters.consolidated(), [*settled(), PUBLISHED]):
        given(background=history).when("reopen-scoring", REOPENING).then(REOPENED)


def test_scoring_that_is_open_is_not_reopened() -> None:
    given(background=charters.scored()).when("reopen-scoring", REOPENING).refused(ScoringOpenError)


def test_nothing_is_reopened_once_the_stage_is_final() -> None:
    published(StageFinalised(stage="heat")).when("reopen-scoring", REOPENING).refused(StageFinalError)


def test_nothing_is_reopened_once_another_stage_rests_on_it() -> None:
    later = StageOpened(stage="final", teams=("ant", "bee"))
    published(later).when("reopen-scoring", REOPENING).refused(LaterStageOpenError)


def test_the_objection_that_reopens_scoring_was_about_scores_and_upheld() -> None:
    about_scores = decided(subject="score")
    body = {**REOPENING, "objection": "o"}
    reopened = ScoringReopened(stage="heat", reason=WHY, objection="o", deciders=("owner",))
    published(FILED, about_scores).when("reopen-scoring", body).then(reopened)
    for history in ([FILED], [FILED, decided()], [FILED, decided("dismissed", subject="score")]):
        published(*history).when("reopen-scoring", body).refused(NoBasisError, "/objection")


def test_a_reopened_stage_takes_corrections_with_a_second_agency_s_approval() -> None:
    sheet = {"stage": "heat", "team": "bee", "criterion": "paper/idea", "evaluator": charters.JURY[0], "points": "9"}
    (event,) = published(REOPENED).when("correct-score", {**sheet, "reason": "a slip"}).decide()
    assert isinstance(event, DecisionProposed)


@pytest.mark.parametrize(
    ("decision", "body"),
    [
        ("recuse-evaluator", {"evaluator": charters.JURY[0], "reason": "ill"}),
        ("declare-conflict", {"evaluator": charters.JURY[0], "teams": ["ant"], "reason": "a cousin"}),
        (
            "record-exclusion",
            {"evaluator": charters.JURY[0], "team": "ant", "criterion": "paper/idea", "reason": "late"},
        ),
    ],
)
def test_whatever_changes_which_sheets_count_in_a_reopened_stage_waits_for_a_second_agency(
    decision: str, body: dict[str, Any]
) -> None:
    asked = {**HEAT, **body}
    before = given(background=charters.scored()).when(decision, asked).decide()
    assert not isinstance(before[0], DecisionProposed)
    (event,) = published(REOPENED).when(decision, asked).decide()
    assert isinstance(event, DecisionProposed)
    alone = given(background=[charter(countersignatures=[]), *settled()[1:], PUBLISHED, REOPENED])
    alone.when(decision, asked).refused(NotProposableError)


def test_new_sheets_and_metrics_in_a_reopened_stage_wait_for_a_second_agency() -> None:
    """A place that was left empty is filled, and the replacement's sheet is brought."""
    instead = "ev-00000000000000ff"
    given_up = [
        EvaluatorRecused(stage="heat", evaluator=charters.JURY[0], reason="ill", team=None),
        EvaluatorReplaced(
            stage="heat",
            evaluator=charters.JURY[0],
            reason="ill",
            panel="jury",
            replacement=instead,
            teams=charters.TEAMS,
        ),
    ]
    sheet = {**HEAT, "team": "ant", "criterion": "paper/idea", "evaluator": instead, "points": "1"}
    metric = {**HEAT, "team": "ant", "criterion": "field/speed", "benchmark": "track", "value": "1"}
    unmeasured = [each for each in published(REOPENED).background if not isinstance(each, MeasurementRecorded)]
    for history, decision, body in (
        (published(REOPENED, *given_up).background, "submit-score", sheet),
        (unmeasured, "record-measurement", metric),
    ):
        (made,) = given(background=history).when(decision, body).approved()
        assert isinstance(made, ScoreSubmitted | MeasurementRecorded)
        assert made.deciders == ("owner", "other")


def test_figures_certified_before_lapse_with_reopening() -> None:
    mean = FigureCertified(stage="heat", figure=MeanOf(node="total", value="17.67"), source="other")
    course = Course()
    for position, each in enumerate([*charters.closed(), mean, REOPENED], 1):
        run_course(course, position, each)
    assert course.takes_scores
    assert not course.statements


# Settling anew


def test_standings_are_settled_anew_after_scoring_is_closed_again() -> None:
    history = settled_again(*corrected())[:-1]
    given(background=history[:-1]).when("reconsolidate-stage", REOPENING).refused(ScoringOpenError)
    (event,) = given(background=history).when("reconsolidate-stage", REOPENING).decide()
    assert isinstance(event, StageReconsolidated)
    assert (event.supersedes, event.position, event.basis) == (SETTLED_AT, len(history), "computed")
    assert event.digest == standings(charters.PROGRAMME, "heat", history).digest


def test_a_stage_is_consolidated_once_and_then_reconsolidated() -> None:
    history = settled_again(*corrected())
    given(background=history[:-1]).when("consolidate-stage", HEAT).refused(StageAlreadyConsolidatedError)
    given(background=history).when("reconsolidate-stage", REOPENING).refused(StageAlreadyConsolidatedError)
    given(background=charters.closed()).when("reconsolidate-stage", REOPENING).refused(NeverConsolidatedError)
    reopened_before = [*charters.closed(), REOPENED, CLOSED]
    assert given(background=reopened_before).when("consolidate-stage", HEAT).decide()


# What rests on the standings


def test_nothing_follows_a_reopened_stage() -> None:
    history = published(REOPENED)
    history.when("open-stage", {"stage": "final"}).refused(EarlierStageNotFinalError)
    history.when("file-objection", FILING).refused(ResultsNotPublishedError)
    history.at(AFTER).when("finalise-stage", HEAT).refused(ScoringOpenError)
    flip = {"stage": "heat", "team": "bee", "to": "eliminated", "basis": "rank", "reason": REASON}
    history.when("supersede-outcome", flip).refused(StageNotConsolidatedError)


def test_results_are_published_again_with_a_window_of_their_own() -> None:
    history = [*settled_again(*corrected("8")), charters.AGREED]
    given(background=history).when("publish-results", PUBLISHING).then(PUBLISHED)


def test_an_outcome_that_the_new_standings_do_not_bear_is_superseded_before_results_are_published() -> None:
    history = cow_before_bee()
    refusal = given(background=history).when("publish-results", PUBLISHING).refused(NoBasisError)
    assert [each.detail.split(",")[0] for each in refusal.errors] == ["bee advanced", "cow is eliminated by rank"]
    body = {"stage": "heat", "basis": "rank", "reason": REASON}
    for team, to in (("cow", "advanced"), ("bee", "eliminated")):
        given(background=history).when("publish-results", PUBLISHING).refused(Refusal)
        history += given(background=history).when("supersede-outcome", {**body, "team": team, "to": to}).decide()
    given(background=[*history, charters.AGREED]).when("publish-results", PUBLISHING).then(PUBLISHED)


def test_an_outcome_on_an_upheld_objection_stands_whatever_the_standings_say() -> None:
    flipped = OutcomeSuperseded(
        stage="heat", team="cow", was="eliminated", to="advanced", basis="objection", reason=WHY, objection="o"
    )
    nobody = DeviationRecorded(stage="heat", subject="eliminations", planned="1", actual="0", reason=WHY, approver="x")
    history = [*settled(), PUBLISHED, FILED, decided(), flipped, nobody, REOPENED, CLOSED]
    again = StageReconsolidated(
        stage="heat", digest="1" * 64, position=1, basis="computed", supersedes=SETTLED_AT, reason=WHY
    )
    given(background=[*history, again, charters.AGREED]).when("publish-results", PUBLISHING).then(PUBLISHED)


def test_a_stage_is_finalised_with_as_many_eliminations_as_planned() -> None:
    flipped = OutcomeSuperseded(
        stage="heat", team="cow", was="eliminated", to="advanced", basis="objection", reason=WHY, objection="o"
    )
    history = published(FILED, decided(), flipped)
    history.at(AFTER).when("finalise-stage", HEAT).refused(EliminationsNotAsPlannedError)
    body = {"stage": "heat", "subject": "eliminations", "actual": "0", "reason": REASON}
    (deviation,) = history.when("record-deviation", body).approved()
    final = StageFinalised(stage="heat")
    given(background=[*history.background, deviation]).at(AFTER).when("finalise-stage", HEAT).then(final)


# What is public meanwhile


def test_what_is_decided_after_reopening_waits_for_the_next_publication() -> None:
    flipped = OutcomeSuperseded(
        stage="heat", team="bee", was="advanced", to="eliminated", basis="rank", reason=WHY, deciders=("owner",)
    )
    roster = Roster(charters.PROGRAMME)
    for position, each in enumerate([*cow_before_bee(), flipped], 1):
        roster.apply(position, each)
    assert not roster.known_to_have_left("bee")
    assert not roster.known_to_have_left("cow"), "it was eliminated, and may come back"
    roster.apply(position + 1, PUBLISHED)
    assert roster.known_to_have_left("bee")
    assert roster.known_to_have_left("cow")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_view_keeps_the_standings_that_were_public(size: int) -> None:
    before = [*settled(), PUBLISHED]
    rows = folded(cow_before_bee(), size)
    kept = rows.get("published/heat")
    assert kept is not None
    was = standings(charters.PROGRAMME, "heat", before)
    assert msgspec.json.decode(kept, type=Standings) == was
    now = rows.get("standings/heat")
    assert now is not None
    assert msgspec.json.decode(now, type=Standings).rows != was.rows


def test_standings_that_were_never_public_are_not_kept() -> None:
    assert folded([*settled(), REOPENED], 7).get("published/heat") is None


# The machine


def test_the_machine_of_stages_is_what_the_deciders_do() -> None:
    """In each state that a stage reaches, the machine allows a decision exactly if the decider does."""
    bodies: dict[str, dict[str, Any]] = {
        "open-stage": HEAT,
        "close-scoring": HEAT,
        "consolidate-stage": HEAT,
        "publish-results": PUBLISHING,
        "file-objection": FILING,
        "waive-objections": {**HEAT, "team": "ant"},
        "finalise-stage": HEAT,
        "reopen-scoring": REOPENING,
        "reconsolidate-stage": REOPENING,
    }
    assert set(bodies) == set(STAGE.decisions)
    histories = [
        charters.enrolled(),
        charters.scored(),
        charters.closed(),
        settled(),
        [*settled(), charters.AGREED],
        [*settled(), PUBLISHED],
        [*settled(), PUBLISHED, StageFinalised(stage="heat")],
        settled_again()[:-2],
        settled_again()[:-1],
        settled_again(),
    ]
    reached = set()
    for history in histories:
        course = Course()
        for position, each in enumerate(history, 1):
            run_course(course, position, each)
        state = stage_state(course)
        reached.add(state)
        for decision, body in bodies.items():
            case = given(background=history)
            asked = (case if decision in ("file-objection", "waive-objections") else case.at(AFTER)).when(
                decision, body
            )
            if STAGE.allows(state, decision):
                assert asked.decide(), (state, decision)
            else:
                asked.refused(Refusal)
    assert reached == set(STAGE.states)
