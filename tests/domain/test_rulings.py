"""What a ruling on independence waits for, and what it follows from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec import convert
from msgspec.structs import replace

from domain.decision import boundary
from domain.event import Event
from domain.evidence import RegisterEvidence
from domain.hearing import OpinionsBelowQuorumError
from domain.hearing_course import (
    AlreadyRuledError,
    NotHeardError,
    ReviewNotOpenedError,
    StatementAlreadyGivenError,
    StatementGiven,
    StatementNotRequestedError,
)
from domain.independence import EvidenceNotCitedError, RuleIndependence, VerdictContradictsFindingsError
from domain.outcome_events import EvidenceRegistered, IndependenceRuled
from domain.panel_events import ConflictDeclared
from domain.rulebook import DECISIONS, prepare
from tests.domain import charters
from tests.domain.hearings import (
    AFTER,
    ANSWER,
    ANSWERED,
    ANT,
    LATE,
    ONE,
    OPEN,
    OPENED,
    OPINE,
    OPINIONS,
    PROOF,
    REQUESTED,
    RULE,
    RULED,
    THREE,
    TWO,
    UNTIL,
    asking,
    evidence,
    objected,
    opinion,
    reviewed,
    with_experts,
)
from tests.given import DECIDED_AT

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
    unasked.when("give-statement", ANSWER).refused(StatementAlreadyGivenError)
    reviewed(*again, REQUESTED, charter=charter).by_consortium("ant").when("give-statement", ANSWER).then(ANSWERED)
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


def test_a_ruling_names_the_perspective_that_failed() -> None:
    independence = charters.document()["independence"]
    (own,) = independence["perspectives"]
    data = {**own, "id": "data", "conditions": [{**own["conditions"][0], "id": "clean"}]}
    charter = charters.charter(independence={**independence, "perspectives": [own, data]})
    found = [
        {"perspective": "own", "condition": "built", "verdict": "met"},
        {"perspective": "data", "condition": "clean", "verdict": "not_met"},
    ]
    ruling = {**RULE, "findings": found, "verdict": "not_met"}
    history = reviewed(charter=charter)
    unnamed = history.when("rule-independence", {**ruling, "perspectives": ["own"]})
    unnamed.refused(VerdictContradictsFindingsError, "/perspectives")
    assert history.when("rule-independence", {**ruling, "perspectives": ["data"]}).decide()


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
