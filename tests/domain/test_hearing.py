"""The review of a team's independence: opened, the team heard, opinions given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.decision import boundary
from domain.event import Event
from domain.hearing import (
    OpinionAlreadyGivenError,
    ReviewNotPlannedError,
    StatementDeadlinePassedError,
)
from domain.hearing_course import (
    REVIEW,
    IndependenceOpinionGiven,
    IndependenceReviewOpened,
    NotHeardError,
    ReviewState,
    StatementAlreadyGivenError,
    StatementGiven,
    StatementNotRequestedError,
    StatementRequested,
)
from domain.outcome_events import IndependenceRuled, TeamWithdrawn
from domain.panel_events import ConflictDeclared, EvaluatorAppointed
from domain.panels import EvaluatorBarredError, NotAppointedError
from domain.refusal import InvalidCommandError, NotMandatedError, Refusal
from domain.rulebook import DECISIONS, prepare
from domain.scoring import TeamNotInStageError
from domain.stage_events import StageConsolidated, StageFinalised
from domain.stages import ScoringClosedError, StageFinalError, StageNotOpenError
from domain.teams import TeamWithdrawnError
from tests.domain import charters
from tests.domain.hearings import (
    AFTER,
    ANSWER,
    ANSWERED,
    BODIES,
    LATE,
    ONE,
    OPEN,
    OPENED,
    OPINE,
    OPINIONS,
    REQUEST,
    REQUESTED,
    RULE,
    RULED,
    TWO,
    UNTIL,
    WHY,
    asking,
    evidence,
    objected,
    opinion,
    reviewed,
    with_experts,
)
from tests.given import DECIDED_AT, given

# The course of a review


def test_a_review_is_opened_the_team_asked_and_heard_opinions_given_and_a_ruling_made() -> None:
    reviewed().when("open-independence-review", OPEN).then(OPENED)
    reviewed(OPENED).when("request-statement", REQUEST).then(REQUESTED)
    reviewed(OPENED, REQUESTED).when("give-statement", {**ANSWER, "evidence": [LATE]}).then(
        StatementGiven(stage="heat", team="ant", statement="Our own.", evidence=(LATE,))
    )
    reviewed(OPENED, REQUESTED, ANSWERED).when("give-opinion", OPINE).then(opinion(ONE))
    (ruling,) = reviewed(OPENED, REQUESTED, ANSWERED, *OPINIONS).when("rule-independence", RULE).decide()
    assert isinstance(ruling, IndependenceRuled)
    assert (ruling.verdict, ruling.supersedes) == ("met", None)


STATES: dict[ReviewState, list[Event]] = {
    "unopened": [],
    "opened": [OPENED],
    "statement-requested": [OPENED, REQUESTED],
    "answered": [OPENED, REQUESTED, ANSWERED],
    "ruled": [OPENED, REQUESTED, ANSWERED, RULED, *objected()],
}


TOLD: dict[ReviewState, type[Refusal]] = {"unopened": StatementNotRequestedError, "ruled": StatementAlreadyGivenError}
"""What a team is told instead of the state of its review, which it may not know."""


@pytest.mark.parametrize("decision", BODIES)
@pytest.mark.parametrize("state", STATES)
def test_the_deciders_allow_what_the_machine_allows_and_refuse_the_rest_by_the_states_error(
    state: ReviewState, decision: str
) -> None:
    """Whatever else a decision waits for is there: opinions, an objection upheld, the time to answer over to rule."""
    history = reviewed(*STATES[state], *(OPINIONS if decision == "rule-independence" else ()))
    if decision == "rule-independence":
        history = history.at(AFTER)
    outcome = history.when(decision, BODIES[decision])
    if REVIEW.allows(state, decision):
        assert outcome.decide()
    else:
        outcome.refused(
            TOLD.get(state, REVIEW.refusals[state]) if decision == "give-statement" else REVIEW.refusals[state]
        )


def test_every_state_of_the_machine_is_one_of_a_history() -> None:
    assert set(REVIEW.states) == set(STATES)
    assert set(REVIEW.decisions) == set(BODIES)


@pytest.mark.parametrize("decision", [each for each in BODIES if each != "rule-independence"])
def test_a_review_is_of_a_team_of_an_open_stage_that_is_not_final_where_the_charter_asks_for_one(
    decision: str,
) -> None:
    body = BODIES[decision]
    state = next(state for state in STATES if REVIEW.allows(state, decision))
    reviewed(*STATES[state]).when(decision, {**body, "stage": "x"}).refused(InvalidCommandError, "/stage")
    reviewed(*STATES[state]).when(decision, {**body, "team": "dog"}).refused(TeamNotInStageError, "/team")
    final = StageFinalised(stage="heat")
    reviewed(*STATES[state], final).when(decision, body).refused(StageFinalError)
    settled = StageConsolidated(stage="heat", digest="0" * 64, position=1, basis="computed")
    left = TeamWithdrawn(team="ant", reason=WHY, stage="heat")
    reviewed(*STATES[state], settled, left).when(decision, body).refused(TeamWithdrawnError, "/team")
    given(background=[asking(), *charters.enrolled()[1:]]).when(decision, body).refused(StageNotOpenError)
    reviewed(*STATES[state], charter=charters.charter()).when(decision, body).refused(ReviewNotPlannedError)


def test_reviews_of_different_teams_do_not_touch() -> None:
    bee = {**OPEN, "team": "bee"}
    assert reviewed(OPENED, REQUESTED).when("open-independence-review", bee).decide()
    query = boundary(
        prepare(DECISIONS["give-statement"], DECISIONS["give-statement"].command(**ANSWER), "programme")[1]
    )
    for mine in (OPENED, REQUESTED, ANSWERED, RULED):
        assert query.matches(mine.TYPE, mine.tags("programme"))
    others: list[Event] = [
        IndependenceReviewOpened(stage="heat", team="bee", reason="doubts"),
        opinion(ONE),
        evidence(),
    ]
    for other in others:
        assert not query.matches(other.TYPE, other.tags("programme"))


def test_what_says_only_when_it_was_decided_is_no_substance_of_a_request() -> None:
    later = StatementRequested(stage="heat", team="ant", question="Whose weights?", until="2026-02-01T15:00:00.000000Z")
    assert later.substance() == REQUESTED.substance()
    other = StatementRequested(stage="heat", team="ant", question="Whose data?", until=UNTIL)
    assert other.substance() != REQUESTED.substance()


# The statement


def test_a_team_answers_for_itself_where_the_charter_says_so_and_for_no_other() -> None:
    charter = asking(consortium_decisions=["give-statement"])
    history = reviewed(OPENED, REQUESTED, charter=charter)
    history.by_consortium("ant").when("give-statement", ANSWER).then(ANSWERED)
    history.by_consortium("bee").when("give-statement", ANSWER).refused(NotMandatedError, "/team")
    silent = reviewed(OPENED, REQUESTED, charter=asking(consortium_decisions=[]))
    silent.by_consortium("ant").when("give-statement", ANSWER).refused(NotMandatedError)


def test_no_agency_answers_in_the_name_of_a_team() -> None:
    mandates = [{"decisions": ["give-statement"], "agencies": ["owner"]}]
    history = reviewed(OPENED, REQUESTED, charter=asking(mandates=mandates))
    for agency in ("owner", "other"):
        history.by(agency).when("give-statement", ANSWER).refused(NotMandatedError, "/team")


def test_a_statement_is_given_until_its_deadline() -> None:
    history = reviewed(OPENED, REQUESTED)
    last = DECIDED_AT.replace(day=22, hour=14, minute=59, second=59)
    assert history.at(last).when("give-statement", ANSWER).decide()
    late = history.at(last + timedelta(seconds=1)).when("give-statement", ANSWER)
    assert UNTIL in late.refused(StatementDeadlinePassedError).detail


def test_no_refusal_tells_a_team_that_a_review_is_open_or_open_again_or_that_it_was_ruled_upon() -> None:
    def told(*history: Event, late: bool = False) -> Refusal:
        charter = asking(consortium_decisions=["give-statement"])
        asked = reviewed(*history, charter=charter).by_consortium("ant").at(AFTER if late else DECIDED_AT)
        return asked.when("give-statement", ANSWER).refused(Refusal)

    for fewer, more in (
        (told(), told(OPENED)),
        (told(OPENED, REQUESTED, ANSWERED), told(OPENED, REQUESTED, ANSWERED, RULED)),
        (told(OPENED, REQUESTED, late=True), told(OPENED, REQUESTED, RULED, late=True)),
        (told(OPENED, REQUESTED, ANSWERED, RULED), told(OPENED, REQUESTED, ANSWERED, RULED, OPENED)),
        (told(OPENED, REQUESTED, RULED, late=True), told(OPENED, REQUESTED, RULED, OPENED, late=True)),
    ):
        assert (type(fewer), fewer.detail, fewer.rule) == (type(more), more.detail, more.rule)


def test_a_team_that_is_asked_once_more_has_the_charters_days_from_then() -> None:
    asked = reviewed(OPENED, REQUESTED).at(AFTER).when("request-statement", REQUEST).decide()
    (again,) = asked
    assert isinstance(again, StatementRequested)
    assert again.until == "2026-01-30T15:00:00.000000Z"
    history = reviewed(OPENED, REQUESTED, again).at(AFTER)
    assert history.when("give-statement", ANSWER).decide()
    reviewed(OPENED, REQUESTED, again, *OPINIONS).at(AFTER).when("rule-independence", RULE).refused(NotHeardError)


# Opinions


def test_an_opinion_is_that_of_a_member_of_the_panel_who_may_judge_the_team() -> None:
    history = reviewed(OPENED)
    stranger = {**OPINE, "evaluator": "ev-00000000000000ff"}
    history.when("give-opinion", stranger).refused(NotAppointedError)
    conflict = ConflictDeclared(stage="heat", evaluator=ONE, teams=("ant",), reason="adviser")
    barred = reviewed(OPENED, conflict)
    barred.when("give-opinion", OPINE).refused(EvaluatorBarredError)
    assert barred.when("give-opinion", {**OPINE, "evaluator": TWO}).decide()


def test_members_of_another_panel_are_not_asked() -> None:
    expert = EvaluatorAppointed(stage="heat", panel="experts", evaluator="ev-00000000000000ff")
    history = reviewed(OPENED, expert, charter=with_experts())
    history.when("give-opinion", OPINE).refused(NotAppointedError)
    assert history.when("give-opinion", {**OPINE, "evaluator": "ev-00000000000000ff"}).decide()


def test_a_panel_that_only_gives_opinions_may_change_after_scoring_closed_until_the_stage_is_final() -> None:
    expert, other = "ev-00000000000000ff", "ev-00000000000000fe"
    seated = EvaluatorAppointed(stage="heat", panel="experts", evaluator=expert)
    conflict = ConflictDeclared(stage="heat", evaluator=expert, teams=("ant",), reason="adviser")
    of = {"stage": "heat", "evaluator": expert, "reason": "adviser"}
    for decision, body, before in (
        ("appoint-evaluator", {"stage": "heat", "panel": "experts", "evaluator": expert}, []),
        ("declare-conflict", {**of, "teams": ["ant"]}, [seated]),
        ("recuse-evaluator", of, [seated]),
        ("replace-evaluator", {**of, "replacement": other}, [seated, conflict]),
    ):
        closed = [*charters.closed()[1:], *before]
        assert given(background=[with_experts(), *closed]).when(decision, body).decide()
        final = given(background=[with_experts(), *closed, StageFinalised(stage="heat")])
        final.when(decision, body).refused(StageFinalError)
        unasked = given(background=[with_experts("jury"), *closed])
        unasked.when(decision, body).refused(ScoringClosedError)


def test_a_panel_that_scores_stands_with_scoring_though_it_gives_opinions_too() -> None:
    body = {"stage": "heat", "evaluator": ONE, "reason": "adviser", "teams": ["ant"]}
    history = given(background=[asking(), *charters.closed()[1:]])
    history.when("declare-conflict", body).refused(ScoringClosedError)


def test_an_evaluator_gives_one_opinion_of_a_team() -> None:
    history = reviewed(OPENED, opinion(ONE))
    history.when("give-opinion", OPINE).refused(OpinionAlreadyGivenError)
    assert history.when("give-opinion", {**OPINE, "evaluator": TWO}).decide()
    assert reviewed(OPENED, opinion(ONE, "bee")).when("give-opinion", OPINE).decide()
    assert reviewed(OPENED, opinion(ONE), OPENED).when("give-opinion", OPINE).decide(), "another review"


def test_evaluators_give_their_opinions_side_by_side() -> None:
    query = boundary(prepare(DECISIONS["give-opinion"], DECISIONS["give-opinion"].command(**OPINE), "programme")[1])
    assert query.matches(IndependenceOpinionGiven.TYPE, opinion(ONE).tags("programme"))
    assert not query.matches(IndependenceOpinionGiven.TYPE, opinion(TWO).tags("programme"))


def test_where_the_charter_names_no_panel_nobody_is_asked_and_the_ruling_waits_for_no_opinion() -> None:
    reviewed(OPENED, charter=asking(None)).when("give-opinion", OPINE).refused(ReviewNotPlannedError)
    assert reviewed(OPENED, REQUESTED, ANSWERED, charter=asking(None)).when("rule-independence", RULE).decide()
