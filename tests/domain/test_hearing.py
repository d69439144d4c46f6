"""The review of a team's independence: opened, the team heard, opinions given; and what a ruling waits for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from domain.charter import document_faults
from domain.decision import boundary
from domain.event import Event
from domain.evidence import RegisterEvidence
from domain.hearing import (
    OpinionAlreadyGivenError,
    OpinionsBelowQuorumError,
    ReviewNotPlannedError,
    StatementDeadlinePassedError,
)
from domain.hearing_course import (
    REVIEW,
    AlreadyRuledError,
    IndependenceOpinionGiven,
    IndependenceReviewOpened,
    NotHeardError,
    ReviewNotOpenedError,
    ReviewState,
    StatementGiven,
    StatementNotRequestedError,
    StatementRequested,
)
from domain.independence import EvidenceNotCitedError, RuleIndependence, VerdictContradictsFindingsError
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.outcome_events import EvidenceRegistered, IndependenceRuled
from domain.panels import EvaluatorBarredError, NotAppointedError
from domain.refusal import InvalidCommandError, NotMandatedError, Refusal
from domain.rulebook import DECISIONS, prepare
from domain.scoring import TeamNotInStageError
from domain.stage_events import ConflictDeclared, EvaluatorAppointed, StageFinalised
from domain.stages import ScoringClosedError, StageFinalError, StageNotOpenError
from tests.domain import charters
from tests.given import DECIDED_AT, Given, given

WHY = charters.Names(en="why", ko="왜")
ANT = {"stage": "heat", "team": "ant"}
PROOF, LATE = "ab" * 32, "cd" * 32
ONE, TWO, THREE = charters.JURY
UNTIL = "2026-01-22T15:00:00.000000Z"
"""The end of the seventh day after `DECIDED_AT`, in Seoul."""
AFTER = DECIDED_AT + timedelta(days=8)

OPENED = IndependenceReviewOpened(stage="heat", team="ant", reason="doubts")
REQUESTED = StatementRequested(stage="heat", team="ant", question="Whose weights?", until=UNTIL)
ANSWERED = StatementGiven(stage="heat", team="ant", statement="Our own.")
RULED = IndependenceRuled(
    stage="heat", team="ant", verdict="met", perspectives=("own",), findings=(), evidence=(PROOF,), reason=WHY
)

OPEN = {**ANT, "reason": "doubts"}
REQUEST = {**ANT, "question": "Whose weights?"}
ANSWER = {**ANT, "statement": "Our own."}
OPINE = {**ANT, "evaluator": ONE, "opinion": "met", "reason": "The logs."}
RULE = {
    **ANT,
    "verdict": "met",
    "perspectives": ["own"],
    "findings": [{"perspective": "own", "condition": "built", "verdict": "met"}],
    "evidence": [PROOF],
    "reason": {"en": "why", "ko": "왜"},
}
BODIES = {
    "open-independence-review": OPEN,
    "request-statement": REQUEST,
    "give-statement": ANSWER,
    "give-opinion": OPINE,
    "rule-independence": RULE,
}


def evidence(sha256: str = PROOF, team: str = "ant", stage: str = "heat") -> EvidenceRegistered:
    return EvidenceRegistered(stage=stage, team=team, kind="report", sha256=sha256, title="Report")


def opinion(evaluator: str, team: str = "ant") -> IndependenceOpinionGiven:
    return IndependenceOpinionGiven(stage="heat", team=team, evaluator=evaluator, opinion="met", reason="The logs.")


OPINIONS = (opinion(ONE), opinion(TWO))


def asking(panel: str | None = "jury", **changes: Any) -> Event:
    """The charter, asking for a review before each ruling."""
    independence = charters.document()["independence"]
    independence["review"] = {"statement_days": "7"} | ({} if panel is None else {"panel": panel})
    return charters.charter(independence=independence, **changes)


def reviewed(*more: Event, charter: Event | None = None) -> Given:
    """The stage is open with its jury of three, and one document about ant is registered."""
    return given(background=[charter or asking(), *charters.appointed()[1:], evidence(), *more])


def objected(outcome: Any = "upheld", team: str = "ant") -> list[Event]:
    of = {"objection": "o-1", "stage": "heat", "team": team, "subject": "ruling"}
    return [ObjectionFiled(**of, grounds="wrong"), ObjectionDecided(**of, outcome=outcome, reason="right")]


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
        outcome.refused(REVIEW.refusals[state])


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
    reviewed(OPENED, REQUESTED).by_consortium("ant").when("give-statement", ANSWER).refused(NotMandatedError)


def test_an_agency_answers_on_behalf_of_a_team_with_a_mandate_only() -> None:
    history = reviewed(OPENED, REQUESTED)
    assert history.by("owner").when("give-statement", ANSWER).decide()
    history.by("other").when("give-statement", ANSWER).refused(NotMandatedError)


def test_a_statement_is_given_until_its_deadline() -> None:
    history = reviewed(OPENED, REQUESTED)
    last = DECIDED_AT.replace(day=22, hour=14, minute=59, second=59)
    assert history.at(last).when("give-statement", ANSWER).decide()
    late = history.at(last + timedelta(seconds=1)).when("give-statement", ANSWER)
    assert UNTIL in late.refused(StatementDeadlinePassedError).detail


def test_no_refusal_tells_a_team_that_a_review_is_open_or_that_it_was_ruled_upon() -> None:
    def told(*history: Event, late: bool = False) -> Refusal:
        charter = asking(consortium_decisions=["give-statement"])
        asked = reviewed(*history, charter=charter).by_consortium("ant").at(AFTER if late else DECIDED_AT)
        return asked.when("give-statement", ANSWER).refused(Refusal)

    for fewer, more in (
        (told(), told(OPENED)),
        (told(OPENED, REQUESTED, ANSWERED), told(OPENED, REQUESTED, ANSWERED, RULED)),
        (told(OPENED, REQUESTED, late=True), told(OPENED, REQUESTED, RULED, late=True)),
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


def with_experts(asked: str = "experts") -> Event:
    """The charter has a panel that does not score, and asks a panel for its opinions on independence."""
    stages = charters.document()["stages"]
    for stage in stages:
        stage["panels"].append({"id": "experts", "title": charters.names("Experts"), "size": "3", "quorum": "1"})
    return asking(asked, stages=stages)


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


def test_evaluators_give_their_opinions_side_by_side() -> None:
    query = boundary(prepare(DECISIONS["give-opinion"], DECISIONS["give-opinion"].command(**OPINE), "programme")[1])
    assert query.matches(IndependenceOpinionGiven.TYPE, opinion(ONE).tags("programme"))
    assert not query.matches(IndependenceOpinionGiven.TYPE, opinion(TWO).tags("programme"))


def test_where_the_charter_names_no_panel_nobody_is_asked_and_the_ruling_waits_for_no_opinion() -> None:
    reviewed(OPENED, charter=asking(None)).when("give-opinion", OPINE).refused(ReviewNotPlannedError)
    assert reviewed(OPENED, REQUESTED, ANSWERED, charter=asking(None)).when("rule-independence", RULE).decide()


# The ruling


def test_nobody_is_ruled_upon_unheard() -> None:
    for history, error in (
        ((), ReviewNotOpenedError),
        ((OPENED,), StatementNotRequestedError),
        ((OPENED, REQUESTED), NotHeardError),
    ):
        reviewed(*history, *OPINIONS).when("rule-independence", RULE).refused(error)


def test_a_team_that_let_its_time_pass_is_ruled_upon() -> None:
    history = reviewed(OPENED, REQUESTED, *OPINIONS)
    last = DECIDED_AT.replace(day=22, hour=14, minute=59, second=59)
    refusal = history.at(last).when("rule-independence", RULE).refused(NotHeardError)
    assert UNTIL in refusal.detail
    assert history.at(last + timedelta(seconds=1)).when("rule-independence", RULE).decide()


def test_a_ruling_waits_for_the_opinions_of_the_quorum() -> None:
    heard = (OPENED, REQUESTED, ANSWERED)
    refusal = reviewed(*heard, opinion(ONE)).when("rule-independence", RULE).refused(OpinionsBelowQuorumError)
    assert "1 opinions" in refusal.detail
    assert reviewed(*heard, opinion(ONE), opinion(THREE)).when("rule-independence", RULE).decide()
    of_another_panel = reviewed(*heard, *OPINIONS, charter=with_experts())
    of_another_panel.when("rule-independence", RULE).refused(OpinionsBelowQuorumError)
    about_another = reviewed(*heard, opinion(ONE), opinion(TWO, "bee"))
    about_another.when("rule-independence", RULE).refused(OpinionsBelowQuorumError)


def test_the_opinion_of_who_turned_out_to_be_close_to_the_team_does_not_count() -> None:
    conflict = ConflictDeclared(stage="heat", evaluator=TWO, teams=("ant",), reason="adviser")
    history = (OPENED, REQUESTED, ANSWERED, *OPINIONS, conflict)
    reviewed(*history).when("rule-independence", RULE).refused(OpinionsBelowQuorumError)
    assert reviewed(*history, opinion(THREE)).when("rule-independence", RULE).decide()


def test_a_ruling_cites_all_the_evidence_about_the_team_in_the_stage() -> None:
    heard = (evidence(LATE), OPENED, REQUESTED, ANSWERED, *OPINIONS)
    refusal = reviewed(*heard).when("rule-independence", RULE).refused(EvidenceNotCitedError, "/evidence")
    assert LATE in refusal.detail
    assert reviewed(*heard).when("rule-independence", {**RULE, "evidence": [PROOF, LATE]}).decide()
    elsewhere = (evidence("12" * 32, team="bee"), evidence("34" * 32, stage="final"), *heard[1:])
    assert reviewed(*elsewhere).when("rule-independence", RULE).decide()


def test_a_charter_without_a_review_asks_for_all_the_evidence_nevertheless() -> None:
    history = reviewed(charter=charters.charter())
    assert history.when("rule-independence", RULE).decide()
    more = reviewed(evidence(LATE), charter=charters.charter())
    more.when("rule-independence", RULE).refused(EvidenceNotCitedError, "/evidence")


def test_the_team_is_heard_on_late_evidence_too() -> None:
    body = {**RULE, "evidence": [PROOF, LATE]}
    late = (OPENED, REQUESTED, ANSWERED, evidence(LATE), *OPINIONS)
    refusal = reviewed(*late).when("rule-independence", body).refused(NotHeardError)
    assert LATE in refusal.detail
    assert PROOF not in refusal.detail
    assert reviewed(*late, REQUESTED, ANSWERED).when("rule-independence", body).decide()


def test_a_team_was_heard_on_what_it_cites_itself() -> None:
    answer = StatementGiven(stage="heat", team="ant", statement="Our own.", evidence=(LATE,))
    history = reviewed(OPENED, REQUESTED, answer, evidence(LATE), *OPINIONS)
    assert history.when("rule-independence", {**RULE, "evidence": [PROOF, LATE]}).decide()


def test_ruling_and_evidence_lie_in_each_others_boundary_for_the_same_team_only() -> None:
    ruling = boundary(prepare(DECISIONS["rule-independence"], convert(RULE, RuleIndependence), "programme")[1])
    body = {**ANT, "kind": "report", "sha256": LATE, "title": "Report"}
    registering = boundary(prepare(DECISIONS["register-evidence"], convert(body, RegisterEvidence), "programme")[1])
    assert ruling.matches(EvidenceRegistered.TYPE, evidence(LATE).tags("programme"))
    assert not ruling.matches(EvidenceRegistered.TYPE, evidence(LATE, "bee").tags("programme"))
    assert registering.matches(RULED.TYPE, RULED.tags("programme"))
    about_bee = replace(RULED, team="bee")
    assert not registering.matches(about_bee.TYPE, about_bee.tags("programme"))


def test_evidence_comes_before_the_ruling_or_after_an_upheld_objection_to_it() -> None:
    body = {**ANT, "kind": "report", "sha256": LATE, "title": "Report"}
    for charter in (asking(), charters.charter()):
        late = reviewed(RULED, charter=charter)
        late.when("register-evidence", body).refused(AlreadyRuledError)
        assert late.when("register-evidence", {**body, "team": "bee"}).decide()
        assert late.when("register-evidence", {**body, "stage": "final"}).decide()
        dismissed = reviewed(RULED, *objected("dismissed"), charter=charter)
        dismissed.when("register-evidence", body).refused(AlreadyRuledError)
        assert reviewed(RULED, *objected(), charter=charter).when("register-evidence", body).decide()


def test_after_an_upheld_objection_the_team_is_heard_anew_before_it_is_ruled_upon_anew() -> None:
    first = (OPENED, REQUESTED, ANSWERED, *OPINIONS, RULED)
    reviewed(*first).when("open-independence-review", OPEN).refused(AlreadyRuledError)
    reviewed(*first, *objected("dismissed")).when("open-independence-review", OPEN).refused(AlreadyRuledError)
    reviewed(*first, *objected(team="bee")).when("open-independence-review", OPEN).refused(AlreadyRuledError)
    upheld = (*first, *objected())
    reviewed(*upheld).when("rule-independence", RULE).refused(AlreadyRuledError)
    reviewed(*upheld).when("open-independence-review", OPEN).then(OPENED)
    again = (*upheld, OPENED)
    reviewed(*again).when("rule-independence", RULE).refused(StatementNotRequestedError)
    assert reviewed(*again).when("give-opinion", OPINE).decide()
    charter = asking(consortium_decisions=["give-statement"])
    unasked = reviewed(*again, charter=charter).by_consortium("ant")
    unasked.when("give-statement", ANSWER).refused(StatementNotRequestedError)
    heard = (*again, REQUESTED, ANSWERED)
    reviewed(*heard).when("rule-independence", RULE).refused(OpinionsBelowQuorumError)
    (second,) = reviewed(*heard, *OPINIONS).when("rule-independence", RULE).decide()
    assert isinstance(second, IndependenceRuled)
    assert second.supersedes == next(n for n, each in enumerate(reviewed(*first).background, 1) if each is RULED)


def test_what_is_reported_waits_for_no_hearing() -> None:
    charter = asking(data_set="public-record", recorder="owner")
    reported = {"attribution": "reported", "source": "a newspaper"}
    assert reviewed(charter=charter).when("rule-independence", {**RULE, **reported, "evidence": "undisclosed"}).decide()
    late = reviewed(OPENED, REQUESTED, charter=charter).at(AFTER)
    assert late.when("give-statement", {**ANSWER, **reported}).decide()
    body = {**ANT, **reported, "kind": "report", "sha256": LATE, "title": "Report"}
    assert reviewed(RULED, charter=charter).when("register-evidence", body).decide()


# Perspectives


def two_conditions(requires: str) -> Event:
    """The perspective has two mandatory conditions."""
    independence = charters.document()["independence"]
    (own,) = independence["perspectives"]
    own["requires"] = requires
    own["conditions"][1]["mandatory"] = "yes"
    return charters.charter(independence=independence)


@pytest.mark.parametrize(
    ("built", "open_", "all_", "any_"),
    [
        ("met", "met", "met", "met"),
        ("met", "not_met", "not_met", "met"),
        ("not_met", "met", "not_met", "met"),
        ("not_met", "not_met", "not_met", "not_met"),
    ],
)
def test_all_mandatory_conditions_are_to_be_met_or_any_of_them_as_the_charter_says(
    built: str, open_: str, all_: str, any_: str
) -> None:
    found = [
        {"perspective": "own", "condition": condition, "verdict": each}
        for condition, each in (("built", built), ("open", open_))
    ]
    for requires, verdict in (("all", all_), ("any", any_)):
        history = reviewed(charter=two_conditions(requires))
        assert history.when("rule-independence", {**RULE, "findings": found, "verdict": verdict}).decide()
        wrong = {"met": "not_met", "not_met": "met"}[verdict]
        contradicting = history.when("rule-independence", {**RULE, "findings": found, "verdict": wrong})
        contradicting.refused(VerdictContradictsFindingsError, "/verdict")


# The charter

REVIEWED = {"statement_days": "7", "panel": "jury"}


def faults(review: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    independence = {**charters.document()["independence"], "review": review}
    document = charters.document(**{"independence": independence, **changes})
    return [(fault.pointer, fault.detail) for fault in document_faults(charters.PROGRAMME, document)]


def test_a_charter_that_asks_for_a_review_has_no_fault() -> None:
    assert faults(REVIEWED) == []
    assert faults({"statement_days": "1"}) == []


@pytest.mark.parametrize(
    ("review", "pointer", "says"),
    [
        ({"panel": "jury"}, "/independence/review/statement_days", "is missing"),
        ({**REVIEWED, "statement_days": "0"}, "/independence/review/statement_days", "at least one"),
        ({**REVIEWED, "statement_days": "-1"}, "/independence/review/statement_days", "not a whole number"),
        ({**REVIEWED, "panel": "crowd"}, "/independence/review/panel", "panel of final"),
    ],
)
def test_a_review_that_nobody_could_hold_is_a_fault_of_the_charter(review: Any, pointer: str, says: str) -> None:
    assert any(pointer == where and says in detail for where, detail in faults(review))


def test_the_quorum_of_the_panel_that_gives_opinions_is_known_and_within_its_size() -> None:
    for quorum, says in (("undisclosed", "a known number"), ("4", "the panel's size 3")):
        stages = charters.document()["stages"]
        stages[1]["panels"][0]["quorum"] = quorum
        assert [(where, says in detail) for where, detail in faults(REVIEWED, stages=stages)] == [
            ("/stages/1/panels/0/quorum", True)
        ]
        assert bool(faults({"statement_days": "7"}, stages=stages)) is (quorum == "4")
    for stage in stages:
        stage["panels"].append({**stage["panels"][0], "id": "experts", "quorum": "1"})
        stage["panels"][0]["quorum"] = "undisclosed"
    assert faults({**REVIEWED, "panel": "experts"}, stages=stages) == []


@pytest.mark.parametrize(
    "decision", ["open-independence-review", "request-statement", "give-statement", "give-opinion"]
)
def test_a_review_needs_somebody_for_each_of_its_steps(decision: str) -> None:
    without: dict[str, Any] = {
        "mandates": [{"decisions": [each for each in charters.DECISIONS if each != decision], "agencies": ["owner"]}]
    }
    ((pointer, detail),) = faults(REVIEWED, **without)
    assert (pointer, decision in detail) == ("/independence/review", True)
    reported = {**without, "data_set": "public-record", "recorder": "owner"}
    assert faults(REVIEWED, **reported) == []
    if decision == "give-statement":
        assert faults(REVIEWED, **without, consortium_decisions=["give-statement"]) == []
    if decision == "give-opinion":
        assert faults({"statement_days": "7"}, **without) == []


def test_a_perspective_that_nothing_can_meet_is_a_fault_of_the_charter() -> None:
    independence = charters.document()["independence"]
    (own,) = independence["perspectives"]
    own["requires"] = "any"
    assert list(document_faults(charters.PROGRAMME, charters.document(independence=independence))) == []
    own["conditions"][0]["mandatory"] = "no"
    (fault,) = document_faults(charters.PROGRAMME, charters.document(independence=independence))
    assert fault.pointer == "/independence/perspectives/0/requires"
