"""Withdrawal: what it does to field, rank, outcome and seat, and when it has to wait; the states of a team."""

from __future__ import annotations

from typing import Any

import pytest

from domain.call_events import AdditionalCallOpened, ApplicationScreened, CallApplicationReceived, CallTeamSelected
from domain.charter import CharterPublished
from domain.charter_document import parse
from domain.decision import fold
from domain.enrolment import EnrolmentOverError
from domain.entitlements import NotEntitledError, OutcomeUnpublishedError
from domain.event import Event
from domain.grant_events import ResourcePoolSet
from domain.hearing_course import StageReviews
from domain.objections import ObjectionFiled
from domain.opened_stages import OpenedStages
from domain.outcome_events import (
    IndependenceRuled,
    OutcomeSuperseded,
    TeamAdvanced,
    TeamEliminated,
    TeamWithdrawn,
    Verdict,
)
from domain.outcomes import NoBasisError, OutcomeAlreadyDecidedError
from domain.record import StageRecord
from domain.refusal import InvalidCommandError, NotMandatedError, Refusal
from domain.scalars import Names
from domain.score_events import FigureCertified, PointsOf
from domain.scoring import TeamNotInStageError
from domain.stage_events import (
    ResultsPublished,
    ScoringClosed,
    ScoringReopened,
    StageConsolidated,
    StageFinalised,
    StageOpened,
    StageReconsolidated,
)
from domain.stages import EliminationsNotAsPlannedError, ScoresMissingError
from domain.standings import Standings, standings_of
from domain.tally import tally
from domain.team_machine import TEAM, team_state
from domain.teams import Roster, TeamEliminatedError, TeamNotEnrolledError, TeamWithdrawnError
from tests.domain import charters, hearings, objecting
from tests.given import Given, given

WHY = Names(en="why", ko="왜")
REASON = {"en": "why", "ko": "왜"}
HEAT = {"stage": "heat"}
PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"))
OPEN_FINAL = {"stage": "final"}
PUBLISHING = {"stage": "heat", "publishers": ["owner", "other"]}


def withdrawing(team: str = "cow") -> dict[str, Any]:
    return {"team": team, "reason": REASON}


def withdrawn(team: str = "cow", stage: str | None = "heat") -> TeamWithdrawn:
    return TeamWithdrawn(team=team, reason=WHY, stage=stage)


def eliminated(team: str = "cow") -> TeamEliminated:
    return TeamEliminated(stage="heat", team=team, basis="rank", reason=WHY)


def advanced(*teams: str) -> list[Event]:
    return [TeamAdvanced(stage="heat", team=team, reason=WHY) for team in teams]


def ruled(team: str, verdict: Verdict = "met") -> IndependenceRuled:
    return IndependenceRuled(
        stage="heat", team=team, verdict=verdict, perspectives=(), findings=(), evidence=(), reason=WHY
    )


def published() -> list[Event]:
    rulings = [ruled(team) for team in charters.TEAMS]
    return [*charters.consolidated(), *rulings, eliminated(), *advanced("ant", "bee"), PUBLISHED]


def after(*history: Event) -> Given:
    return given(background=history)


def standings(*history: Event) -> Standings:
    record = StageRecord("programme", "heat")
    for position, each in enumerate(history, 1):
        fold((record,), each.TYPE, each.tags("programme"), position, each)
    published = history[0]
    assert isinstance(published, CharterPublished)
    rules = parse(published.document.encode())
    stage = rules.stage("heat")
    assert stage is not None
    found = tally(stage, record.course, record.cells)
    return standings_of(rules, "", stage, record.course, found, record.roster.names, len(history))


def statuses(*history: Event) -> dict[str, tuple[int, str, str | None]]:
    return {row.team: (row.rank.best, row.status, row.cause) for row in standings(*history).rows}


def test_a_team_leaves_the_stage_that_is_open_to_it() -> None:
    after(*charters.opened()).when("withdraw-team", withdrawing()).then(withdrawn())
    after(*published(), StageOpened(stage="final", teams=("ant", "bee"))).when(
        "withdraw-team", withdrawing("ant")
    ).then(withdrawn("ant", "final"))


@pytest.mark.parametrize("history", [charters.enrolled(), [*published(), StageFinalised(stage="heat")]])
def test_between_stages_a_team_leaves_the_programme_and_no_stage(history: list[Event]) -> None:
    after(*history).when("withdraw-team", withdrawing("ant")).then(withdrawn("ant", None))


def test_a_team_that_was_selected_for_a_later_stage_leaves_none_before_it_is_opened() -> None:
    chosen = CallTeamSelected(call="refill", stage="heat", team="dog", name=charters.enrolment("dog").name, reason=WHY)
    after(*published(), chosen).when("withdraw-team", withdrawing("dog")).then(withdrawn("dog", None))


def test_a_team_withdraws_itself_where_the_charter_lets_it_and_never_another() -> None:
    rules = charters.charter(consortium_decisions=["withdraw-team"])
    history = [rules, *charters.opened()[1:]]
    after(*history).by_consortium("cow").when("withdraw-team", withdrawing()).then(withdrawn())
    after(*history).by_consortium("cow").when("withdraw-team", withdrawing("ant")).refused(NotMandatedError, "/team")
    barred = [charters.charter(consortium_decisions=[]), *charters.opened()[1:]]
    after(*barred).by_consortium("cow").when("withdraw-team", withdrawing()).refused(NotMandatedError)


def test_only_a_team_of_the_programme_withdraws_and_only_once() -> None:
    after(*charters.opened()).when("withdraw-team", withdrawing("dog")).refused(TeamNotEnrolledError, "/team")
    after(*charters.opened(), withdrawn()).when("withdraw-team", withdrawing()).refused(TeamWithdrawnError, "/team")


def test_a_team_that_is_known_to_be_eliminated_does_not_withdraw() -> None:
    after(*published()).when("withdraw-team", withdrawing()).refused(TeamEliminatedError, "/team")


@pytest.mark.parametrize("outcome", [eliminated(), *advanced("cow")])
def test_a_withdrawal_waits_while_an_outcome_is_under_embargo_and_does_not_tell_which(outcome: Event) -> None:
    history = [*charters.consolidated(), outcome]
    refusal = after(*history).when("withdraw-team", withdrawing()).refused(OutcomeUnpublishedError, "/team")
    assert "advanced" not in refusal.detail
    assert "eliminated" not in refusal.detail
    assert after(*history).when("withdraw-team", withdrawing("ant")).decide()


REOPENED = [
    ScoringReopened(stage="heat", reason=WHY),
    ScoringClosed(stage="heat"),
    StageReconsolidated(stage="heat", digest="", position=1, basis="computed", supersedes=1, reason=WHY),
]
BACK = OutcomeSuperseded(stage="heat", team="cow", was="eliminated", to="advanced", basis="rank", reason=WHY)
OUT = OutcomeSuperseded(stage="heat", team="bee", was="advanced", to="eliminated", basis="rank", reason=WHY)


def test_until_it_is_published_an_outcome_that_changed_after_reopening_changes_no_answer() -> None:
    for flipped in ([], [BACK, OUT]):
        history = after(*published(), *REOPENED, *flipped)
        history.when("withdraw-team", withdrawing("cow")).refused(TeamEliminatedError, "/team")
        history.when("withdraw-team", withdrawing("bee")).then(withdrawn("bee"))
    again = after(*published(), *REOPENED, BACK, OUT, PUBLISHED)
    again.when("withdraw-team", withdrawing("cow")).then(withdrawn("cow"))
    again.when("withdraw-team", withdrawing("bee")).refused(TeamEliminatedError, "/team")


def test_who_leaves_before_its_elimination_is_public_withdrew_and_does_not_count_against_the_cut() -> None:
    history = [*published(), *REOPENED, BACK, OUT, withdrawn("bee")]
    assert {team: row[1:] for team, row in statuses(*history).items()} == {
        "ant": ("advanced", None),
        "bee": ("withdrawn", "withdrawal"),
        "cow": ("advanced", None),
    }
    after(*history).when("withdraw-team", withdrawing("bee")).refused(TeamWithdrawnError, "/team")
    undone = {**HEAT, "team": "bee", "to": "advanced", "basis": "rank", "reason": REASON}
    after(*history).when("supersede-outcome", undone).refused(TeamWithdrawnError, "/team")
    after(*history).when("publish-results", PUBLISHING).refused(EliminationsNotAsPlannedError)
    out = {**HEAT, "team": "cow", "to": "eliminated", "basis": "rank", "reason": REASON}
    (last,) = after(*history).when("supersede-outcome", out).decide()
    assert after(*history, last).when("publish-results", PUBLISHING).decide()
    body = {"call": "refill", "team": "bee-2", "name": charters.names("bee again"), "eligible_class": "anyone"}
    body["members"] = ["Bee Ltd"]
    called = after(*history, last, PUBLISHED, OPENED)
    assert called.when("apply-to-call", {**body, "reenters": "bee"}).decide()


def test_before_consolidation_the_team_leaves_the_field_and_nothing_is_scored_for_it_any_more() -> None:
    history = [*charters.appointed(), withdrawn()]
    sheet = {**HEAT, "criterion": "paper/idea", "evaluator": charters.JURY[0], "points": "5"}
    after(*history).when("submit-score", {**sheet, "team": "cow"}).refused(TeamWithdrawnError, "/team")
    after(*history).when("submit-score", {**sheet, "team": "dog"}).refused(TeamNotInStageError, "/team")
    assert after(*history).when("submit-score", {**sheet, "team": "ant"}).decide()
    metric = {**HEAT, "team": "cow", "criterion": "field/speed", "benchmark": "track", "value": "5"}
    after(*history).when("record-measurement", metric).refused(TeamWithdrawnError)
    assert set(statuses(*history)) == {"ant", "bee"}


def test_nothing_is_corrected_for_a_team_that_left_the_field() -> None:
    history = [*charters.scored(), withdrawn()]
    sheet = {**HEAT, "criterion": "paper/idea", "evaluator": charters.JURY[0], "points": "3", "reason": "A slip."}
    after(*history).when("correct-score", {**sheet, "team": "cow"}).refused(TeamWithdrawnError, "/team")
    assert after(*history).when("correct-score", {**sheet, "team": "ant"}).decide()
    metric = {**HEAT, "criterion": "field/speed", "benchmark": "track", "value": "5", "reason": "A slip."}
    after(*history).when("correct-measurement", {**metric, "team": "cow"}).refused(TeamWithdrawnError, "/team")
    assert after(*history).when("correct-measurement", {**metric, "team": "ant"}).decide()


def test_no_missing_score_is_demanded_of_a_team_that_left_the_field() -> None:
    scored = [each for each in charters.scored() if getattr(each, "team", "") != "cow" or each.TYPE == "TeamEnrolled"]
    after(*scored).when("close-scoring", HEAT).refused(ScoresMissingError)
    after(*scored, withdrawn()).when("close-scoring", HEAT).then(ScoringClosed(stage="heat"))
    closed = [*scored, withdrawn(), ScoringClosed(stage="heat")]
    (settled,) = after(*closed).when("consolidate-stage", HEAT).decide()
    assert isinstance(settled, StageConsolidated)
    assert statuses(*closed, settled) == {"ant": (1, "evaluating", None), "bee": (2, "evaluating", None)}


def test_a_team_may_withdraw_between_closing_and_consolidation() -> None:
    assert set(statuses(*charters.closed(), withdrawn())) == {"ant", "bee"}


def test_a_stage_that_every_team_left_still_comes_to_its_end() -> None:
    gone = [*charters.opened(), *(withdrawn(team) for team in charters.TEAMS)]
    history = [*gone]
    for decision, body in (("close-scoring", HEAT), ("consolidate-stage", HEAT)):
        history += after(*history).when(decision, body).decide()
    assert standings(*history).rows == ()
    after(*history).when("publish-results", PUBLISHING).refused(EliminationsNotAsPlannedError)


def test_after_consolidation_the_team_keeps_its_rank_and_its_withdrawal_is_its_outcome() -> None:
    history = [*charters.consolidated(), withdrawn("bee")]
    assert statuses(*history) == {
        "ant": (1, "evaluating", None),
        "bee": (2, "withdrawn", "withdrawal"),
        "cow": (3, "evaluating", None),
    }
    outcome = {**HEAT, "team": "bee", "reason": REASON}
    after(*history).when("advance-team", outcome).refused(TeamWithdrawnError, "/team")
    after(*history).when("eliminate-team", {**outcome, "basis": "rank"}).refused(TeamWithdrawnError, "/team")
    supersede = {**outcome, "to": "advanced", "basis": "rank"}
    after(*history).when("supersede-outcome", supersede).refused(TeamWithdrawnError, "/team")


def test_of_a_stage_with_certified_figures_the_team_keeps_its_place() -> None:
    """What was certified is about the field as it was: it would not hold for a smaller one."""
    figure = FigureCertified(stage="heat", figure=PointsOf(node="total", team="cow", value="9"), source="s")
    history = [*charters.closed(), figure, withdrawn()]
    assert statuses(*history)["cow"] == (3, "withdrawn", "withdrawal")


def test_a_withdrawal_does_not_count_against_the_cut() -> None:
    """One of three leaves by plan: bee's withdrawal takes nothing of that."""
    history = [*charters.consolidated(), withdrawn("bee"), *map(ruled, ("ant", "cow")), *advanced("ant")]
    leaving = after(*history).when("eliminate-team", {**HEAT, "team": "cow", "basis": "rank", "reason": REASON})
    assert after(*history, *leaving.decide()).when("publish-results", PUBLISHING).decide()
    after(*history, *advanced("cow")).when("publish-results", PUBLISHING).refused(EliminationsNotAsPlannedError)


def test_who_withdraws_after_advancing_advances_no_more() -> None:
    history = [*published(), withdrawn("ant")]
    assert statuses(*history)["ant"] == (1, "withdrawn", "withdrawal")
    opened = after(*history).when("open-stage", OPEN_FINAL)
    opened.then(StageOpened(stage="final", teams=("bee",)))


def test_of_a_reopened_stage_a_team_that_was_ranked_stays_ranked() -> None:
    again = [
        *published(),
        ScoringReopened(stage="heat", reason=WHY),
        withdrawn("bee"),
        ScoringClosed(stage="heat"),
        StageReconsolidated(stage="heat", digest="", position=1, basis="computed", supersedes=1, reason=WHY),
    ]
    assert statuses(*again)["bee"] == (2, "withdrawn", "withdrawal")
    assert after(*again).when("publish-results", PUBLISHING).decide()


def test_a_team_that_withdrew_objects_to_nothing_and_no_window_waits_for_it() -> None:
    stages = charters.document()["stages"]
    stages[0]["objections"] = {"days": "3"}
    until = ResultsPublished(stage="heat", publishers=(), objections_until="2026-01-18T15:00:00.000000Z")
    history = [charters.charter(stages=stages), *published()[1:-1], until]
    filing = {**HEAT, "objection": "o", "team": "ant", "subject": "score", "grounds": "wrong"}
    filed = ObjectionFiled(objection="o", stage="heat", team="ant", subject="score", grounds="wrong")
    after(*history).when("file-objection", filing).then(filed)
    after(*history, withdrawn("ant")).when("file-objection", filing).refused(TeamWithdrawnError, "/team")
    after(*history, withdrawn("ant")).when("waive-objections", {**HEAT, "team": "ant"}).refused(TeamWithdrawnError)
    for team in ("bee", "cow"):
        history += after(*history).when("waive-objections", {**HEAT, "team": team}).decide()
    after(*history).when("finalise-stage", HEAT).refused(Refusal)
    after(*history, withdrawn("ant")).when("finalise-stage", HEAT).then(StageFinalised(stage="heat"))


def test_a_withdrawal_frees_a_seat_that_a_call_may_offer() -> None:
    history = [*charters.consolidated(), withdrawn("bee"), *advanced("ant", "cow")]
    opening = {"call": "refill", "after": "heat"}
    after(*history).when("open-additional-call", opening).then(OPENED)
    new = {"team": "dog", "name": {"en": "DOG", "ko": "dog (ko)"}}
    after(*charters.enrolled(), withdrawn("bee", None)).when("enrol-team", new).then(charters.enrolment("dog"))
    after(*charters.opened(), withdrawn()).when("enrol-team", new).refused(EnrolmentOverError)


def test_a_team_that_withdrew_may_apply_again_with_its_lineage() -> None:
    history = [*published(), withdrawn("bee"), OPENED]
    body = {"call": "refill", "team": "bee-2", "name": charters.names("bee again"), "eligible_class": "anyone"}
    body["members"] = ["Bee Ltd"]
    assert after(*history).when("apply-to-call", {**body, "reenters": "bee"}).decide()


def test_a_team_that_withdrew_is_granted_nothing_new() -> None:
    pool = ResourcePoolSet(resource="gpu", quantity="10", starts="2026-01-01", ends="2027-01-01")
    body = {
        "grant": "g",
        "team": "ant",
        "resource": "gpu",
        "quantity": "1",
        "starts": "2026-02-01",
        "ends": "2026-03-01",
    }
    assert after(*published(), pool).when("grant-resource", body).decide()
    after(*published(), withdrawn("ant"), pool).when("grant-resource", body).refused(NotEntitledError)


def test_elimination_and_withdrawal_of_one_team_exclude_each_other() -> None:
    """Whichever comes second is refused, and says what came first: each lies within the boundary of the other."""
    leaving = {**HEAT, "team": "cow", "basis": "rank", "reason": REASON}
    history = charters.consolidated()
    given(withdrawn(), background=history).when("eliminate-team", leaving).refused(TeamWithdrawnError)
    given(eliminated(), background=history).when("withdraw-team", withdrawing()).refused(OutcomeUnpublishedError)
    after(*history, eliminated()).when("eliminate-team", leaving).refused(OutcomeAlreadyDecidedError)


OPENED = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="undisclosed")


FINAL = StageFinalised(stage="heat")


def applied(team: str) -> list[Event]:
    return [
        OPENED,
        CallApplicationReceived(call="refill", team=team, name=charters.enrolment(team).name, eligible_class="anyone"),
        ApplicationScreened(
            call="refill",
            team=team,
            screening="admitted",
            reason=WHY,
            independence="met",
            independence_reason=WHY,
            evidence=("a" * 64,),
        ),
    ]


def state_of(team: str, history: list[Event]) -> str:
    """Once results are published: before, the state of a team is what was public last."""
    roster, opened = Roster("programme"), OpenedStages("programme")
    for position, each in enumerate([*history, PUBLISHED], 1):
        fold((roster, opened), each.TYPE, each.tags("programme"), position, each)
    return team_state(roster, opened, team)


def test_the_machine_of_a_team_allows_exactly_what_the_deciders_do() -> None:
    """Every decision on every history: the moves that are accepted are the machine's transitions, no more, no less."""
    settled = charters.consolidated()
    without_outcome = [*settled, *(ruled(team) for team in charters.TEAMS)]
    everyone_on = [*without_outcome, *advanced("ant", "bee", "cow"), PUBLISHED]
    bee_out = TeamEliminated(stage="heat", team="bee", basis="ruling", reason=WHY)
    chosen = CallTeamSelected(call="refill", stage="heat", team="dog", name=charters.enrolment("dog").name, reason=WHY)
    histories: list[tuple[str, list[Event]]] = [
        ("dog", [*charters.enrolled(), withdrawn("bee", None)]),
        ("dog", [*published(), FINAL, *applied("dog")]),
        ("dog", [*published(), FINAL, *applied("dog"), chosen]),
        (
            "dog",
            [*published(), FINAL, *applied("dog"), chosen, StageOpened(stage="final", teams=("ant", "bee", "dog"))],
        ),
        ("bee", charters.enrolled()),
        ("bee", charters.opened()),
        ("bee", without_outcome),
        ("bee", [*settled, ruled("bee", "not_met")]),
        ("bee", everyone_on),
        ("bee", [*everyone_on, ruled("bee", "not_met")]),
        ("bee", [*without_outcome, bee_out, *advanced("ant", "cow"), PUBLISHED]),
        ("bee", [*without_outcome, ruled("bee", "not_met"), eliminated("bee"), *advanced("ant", "cow"), PUBLISHED]),
        ("bee", [*without_outcome, withdrawn("bee"), PUBLISHED]),
        ("bee", [*charters.opened(), withdrawn("bee")]),
        ("bee", [*charters.enrolled(), withdrawn("bee", None)]),
    ]
    assert {decision for decision, _body in ASKED} == set(TEAM.decisions)
    moves = set()
    for team, history in histories:
        state = state_of(team, history)
        for decision, body in ASKED:
            named = body if decision == "open-stage" else {**body, "team": team}
            try:
                made = after(*history).when(decision, named).decide()
            except Refusal:
                continue
            target = state_of(team, [*history, *made])
            if target != state or "team" in named:
                moves.add((state, decision, target))
    assert moves == {(each.source, each.decision, each.target) for each in TEAM.transitions}


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("enrol-team", {"name": charters.names("new")}),
    ("select-team", {"call": "refill", "reason": REASON}),
    ("open-stage", {"stage": "heat"}),
    ("open-stage", {"stage": "final"}),
    ("advance-team", {**HEAT, "reason": REASON}),
    ("eliminate-team", {**HEAT, "basis": "ruling", "reason": REASON}),
    ("supersede-outcome", {**HEAT, "to": "advanced", "basis": "ruling", "reason": REASON}),
    ("supersede-outcome", {**HEAT, "to": "eliminated", "basis": "ruling", "reason": REASON}),
    ("change-consortium", {"joined": ["Lab"], "effective": "2026-01-01"}),
    ("withdraw-team", {"reason": REASON}),
]
"""Each decision as it could be lawful."""


def test_who_withdrew_does_not_stand_below_whoever_is_last_of_those_that_remain() -> None:
    """cow, the last of three, withdrew after consolidation: bee is the last of two."""
    history = [*charters.consolidated(), withdrawn("cow"), *(ruled(team) for team in charters.TEAMS)]
    leaving = {**HEAT, "basis": "rank", "reason": REASON}
    assert after(*history).when("eliminate-team", {**leaving, "team": "bee"}).decide()
    after(*history).when("advance-team", {**HEAT, "team": "bee", "reason": REASON}).refused(NoBasisError)
    after(*history).when("eliminate-team", {**leaving, "team": "ant"}).refused(NoBasisError, "/basis")
    above = [*charters.consolidated(), withdrawn("ant"), ruled("bee")]
    after(*above).when("eliminate-team", {**leaving, "team": "bee"}).refused(NoBasisError, "/basis")
    assert after(*above).when("eliminate-team", {**leaving, "team": "cow"}).decide()


def test_results_that_nobody_is_left_for_are_published_once_a_deviation_says_so() -> None:
    history = [*charters.consolidated(), *(withdrawn(team) for team in charters.TEAMS)]
    refusal = after(*history).when("publish-results", PUBLISHING).refused(EliminationsNotAsPlannedError)
    assert "recorded as a deviation" in refusal.rule
    deviating = {**HEAT, "subject": "eliminations", "actual": "0", "reason": REASON}
    deviation = after(*history).when("record-deviation", deviating).approved()
    assert after(*history, *deviation).when("publish-results", PUBLISHING).decide()


def test_a_deviation_leaves_a_team_of_those_that_remain() -> None:
    history = [*charters.consolidated(), withdrawn("cow")]
    deviating = {**HEAT, "subject": "eliminations", "reason": REASON}
    after(*history).when("record-deviation", {**deviating, "actual": "2"}).refused(InvalidCommandError, "/actual")
    assert after(*history).when("record-deviation", {**deviating, "actual": "0"}).approved()


def test_who_withdrew_is_ruled_upon_no_more_and_no_book_stays_open_for_its_review() -> None:
    history = [*charters.consolidated(), hearings.evidence(), withdrawn("ant")]
    after(*history).when("rule-independence", hearings.RULE).refused(TeamWithdrawnError, "/team")
    assert after(*history[:-1]).when("rule-independence", hearings.RULE).decide()
    reported = {**hearings.RULE, "attribution": "reported", "source": "a newspaper"}
    public = [charters.reported_charter(), *history[1:]]
    assert after(*public).when("rule-independence", reported).decide()
    under_review = StageReviews("programme", "heat")
    out = objecting.ruled("ant", "not_met")
    for position, each in enumerate((hearings.OPENED, withdrawn("ant"), hearings.OPENED, out), 1):
        assert any(item.matches(each.TYPE, frozenset(each.tags("programme"))) for item in under_review.selects)
        under_review.apply(position, each)
        assert under_review.waiting == ([] if position > 1 else ["ant"])
    assert under_review.ruled_out == []
