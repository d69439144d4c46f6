"""Evidence, rulings, deviations, outcomes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.deviations import ApproverIsProposerError, DeviationAlreadyRecordedError
from domain.event import Event
from domain.evidence import EvidenceAlreadyRegisteredError
from domain.hearing_course import AlreadyRuledError
from domain.independence import (
    EvidenceMissingError,
    FindingsIncompleteError,
    VerdictContradictsFindingsError,
)
from domain.opened_stages import LaterStageOpenError
from domain.outcome_events import (
    DeviationRecorded,
    EvidenceRegistered,
    Finding,
    IndependenceRuled,
    TeamAdvanced,
    TeamEliminated,
)
from domain.outcomes import NoBasisError, OutcomeAlreadyDecidedError, PlanExceededError
from domain.proposals import NotProposableError
from domain.refusal import InvalidCommandError
from domain.scalars import Names
from domain.score_events import FigureCertified, GateOutcome
from domain.scoring import TeamNotInStageError
from domain.stage_events import StageOpened
from domain.stages import StageNotConsolidatedError
from domain.teams import TeamNotEnrolledError
from tests.domain import charters
from tests.given import Given, given

WHY = Names(en="why", ko="왜")
REASON = {"en": "why", "ko": "왜"}
PROOF = "ab" * 32
REPORTED = {"attribution": "reported", "source": "a newspaper"}
EVIDENCE = {"stage": "heat", "team": "ant", "kind": "report", "sha256": PROOF, "title": "Report"}
BUILT = {"perspective": "own", "condition": "built", "verdict": "met"}
RULING = {
    "stage": "heat",
    "team": "ant",
    "verdict": "met",
    "perspectives": ["own"],
    "findings": [BUILT],
    "evidence": [PROOF],
    "reason": REASON,
}


def registered(team: str = "ant") -> EvidenceRegistered:
    return EvidenceRegistered(stage="heat", team=team, kind="report", sha256=PROOF, title="Report")


def ruled(team: str, verdict: Any = "met") -> IndependenceRuled:
    return IndependenceRuled(
        stage="heat", team=team, verdict=verdict, perspectives=("own",), findings=(), evidence=(), reason=WHY
    )


def settled(*more: Event) -> Given:
    """Consolidated: ant 25, bee 19, cow 9; one team is to leave."""
    return given(background=[*charters.consolidated(), *more])


def gone(team: str, basis: Any = "rank") -> TeamEliminated:
    return TeamEliminated(stage="heat", team=team, basis=basis, reason=WHY, deciders=("owner",))


DEVIATION = DeviationRecorded(
    stage="heat", subject="eliminations", planned="1", actual="2", reason=WHY, approver="other"
)


# Evidence


def test_evidence_is_registered_by_its_hash() -> None:
    given(background=charters.opened()).when("register-evidence", EVIDENCE).then(registered())


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        ({"kind": "rumour"}, InvalidCommandError, "/kind"),
        ({"stage": "x"}, InvalidCommandError, "/stage"),
        ({"team": "dog"}, TeamNotEnrolledError, "/team"),
    ],
)
def test_evidence_of_unknown_kind_stage_or_team_is_refused(change: Any, error: Any, pointer: str) -> None:
    given(background=charters.opened()).when("register-evidence", {**EVIDENCE, **change}).refused(error, pointer)


def test_a_document_is_registered_once() -> None:
    history = [*charters.opened(), registered("bee")]
    given(background=history).when("register-evidence", EVIDENCE).refused(EvidenceAlreadyRegisteredError)


# Rulings


def test_a_ruling_names_its_findings_and_evidence() -> None:
    (event,) = given(background=[*charters.opened(), registered()]).when("rule-independence", RULING).decide()
    assert isinstance(event, IndependenceRuled)
    assert (event.team, event.verdict, event.evidence) == ("ant", "met", (PROOF,))
    assert [finding.verdict for finding in event.findings if isinstance(finding, Finding)] == ["met"]


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        ({"findings": []}, FindingsIncompleteError, "/findings"),
        ({"findings": [BUILT, BUILT]}, FindingsIncompleteError, "/findings/0"),
        ({"findings": [BUILT, {**BUILT, "condition": "charm"}]}, FindingsIncompleteError, "/findings/1"),
        ({"findings": [{**BUILT, "verdict": "undisclosed"}]}, FindingsIncompleteError, "/findings/0/verdict"),
        ({"perspectives": []}, FindingsIncompleteError, "/perspectives"),
        ({"perspectives": ["charm"]}, FindingsIncompleteError, "/perspectives/0"),
        ({"findings": [{**BUILT, "verdict": "not_met"}]}, VerdictContradictsFindingsError, "/verdict"),
        ({"verdict": "not_met"}, VerdictContradictsFindingsError, "/verdict"),
        ({"findings": "undisclosed"}, FindingsIncompleteError, "/findings"),
        ({"evidence": []}, EvidenceMissingError, "/evidence"),
        ({"evidence": "undisclosed"}, EvidenceMissingError, "/evidence"),
        ({"evidence": ["cd" * 32]}, EvidenceMissingError, "/evidence/0"),
        ({"team": "bee"}, EvidenceMissingError, "/evidence/0"),
        ({"team": "dog"}, TeamNotInStageError, "/team"),
    ],
)
def test_an_unfounded_ruling_is_refused(change: Any, error: Any, pointer: str) -> None:
    history = [*charters.opened(), registered()]
    given(background=history).when("rule-independence", {**RULING, **change}).refused(error, pointer)


def test_a_ruling_cites_evidence_of_its_own_stage_alone() -> None:
    """What was registered in another stage the team was not heard on in this one."""
    elsewhere = EvidenceRegistered(stage="final", team="ant", kind="report", sha256="cd" * 32, title="Later")
    history = given(background=[*charters.opened(), registered(), elsewhere])
    refused = {**RULING, "evidence": [PROOF, "cd" * 32]}
    history.when("rule-independence", refused).refused(EvidenceMissingError, "/evidence/1")
    assert history.when("rule-independence", RULING).decide()


def test_a_condition_that_is_not_mandatory_does_not_decide() -> None:
    findings = [BUILT, {"perspective": "own", "condition": "open", "verdict": "not_met"}]
    history = given(background=[*charters.opened(), registered()])
    assert history.when("rule-independence", {**RULING, "findings": findings}).decide()


def test_a_team_is_ruled_upon_once() -> None:
    history = [*charters.opened(), registered(), ruled("ant", "not_met")]
    given(background=history).when("rule-independence", RULING).refused(AlreadyRuledError)


UNREPORTED = {"verdict": "not_met", "findings": "undisclosed", "evidence": "undisclosed"}


def test_what_was_not_reported_of_a_ruling_is_undisclosed() -> None:
    history = given(background=[charters.reported_charter(), *charters.opened()[1:]])
    (nobody,) = history.when("rule-independence", {**RULING, **REPORTED, **UNREPORTED}).decide()
    assert isinstance(nobody, IndependenceRuled)
    assert nobody.deciders == ()  # its recorder decided nothing
    body = {**RULING, **REPORTED, **UNREPORTED, "decided_by": "other"}
    (event,) = history.when("rule-independence", body).decide()
    assert isinstance(event, IndependenceRuled)
    assert (event.findings, event.evidence, event.deciders) == ("undisclosed", "undisclosed", ("other",))
    for verdict in ("met", "not_met"):
        assert history.when("rule-independence", {**body, "verdict": verdict}).decide()


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        ({"findings": []}, FindingsIncompleteError, "/findings"),
        ({"evidence": []}, EvidenceMissingError, "/evidence"),
        (
            {"findings": [{**BUILT, "verdict": "not_met"}], "verdict": "met"},
            VerdictContradictsFindingsError,
            "/verdict",
        ),
    ],
)
def test_a_reported_ruling_says_what_it_does_not_know(change: Any, error: Any, pointer: str) -> None:
    """Leaving findings or evidence empty would say that there were none."""
    history = given(background=[charters.reported_charter(), *charters.opened()[1:]])
    body = {**RULING, **REPORTED, **UNREPORTED, **change}
    history.when("rule-independence", body).refused(error, pointer)


def test_only_reported_findings_are_undisclosed_even_where_no_condition_is_mandatory() -> None:
    independence = charters.document()["independence"]
    independence["perspectives"][0]["conditions"][0]["mandatory"] = "no"
    history = given(background=[charters.charter(independence=independence), *charters.opened()[1:], registered()])
    undisclosed = history.when("rule-independence", {**RULING, "findings": "undisclosed"})
    undisclosed.refused(FindingsIncompleteError, "/findings")


@pytest.mark.parametrize("requires", ["all", "any"])
def test_nothing_follows_from_a_condition_of_which_it_is_not_known_whether_it_is_mandatory(requires: str) -> None:
    independence = charters.document()["independence"]
    (own,) = independence["perspectives"]
    own["requires"] = requires
    own["conditions"][1]["mandatory"] = "undisclosed"
    rules = charters.charter(data_set="public-record", recorder="owner", independence=independence)
    history = given(background=[rules, *charters.opened()[1:]])
    open_ = {"perspective": "own", "condition": "open", "verdict": "not_met"}
    reported = {**RULING, **REPORTED, "evidence": "undisclosed"}
    for verdict in ("met", "not_met"):
        assert history.when("rule-independence", {**reported, "findings": [open_], "verdict": verdict}).decide()
    mandatory = history.when("rule-independence", {**reported, "findings": [{**BUILT, "verdict": "not_met"}]})
    if requires == "all":
        mandatory.refused(VerdictContradictsFindingsError, "/verdict")
    else:
        assert mandatory.decide(), "any mandatory condition is enough, and the other may be one"


# Deviations


def deviation(**changes: Any) -> dict[str, Any]:
    body = {"stage": "heat", "subject": "eliminations", "actual": "2", "reason": REASON}
    return {**body, **changes}


def test_a_deviation_is_recorded_with_plan_and_reason_once_another_agency_has_approved_it() -> None:
    assert settled().when("record-deviation", deviation()).approved(by="other") == (DEVIATION,)


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        ({"approver": "owner"}, InvalidCommandError, "/approver"),
        ({"approver": "other"}, InvalidCommandError, "/approver"),
        ({"approver": "undisclosed"}, InvalidCommandError, "/approver"),
        ({"actual": "1"}, InvalidCommandError, "/actual"),
        ({"actual": "3"}, InvalidCommandError, "/actual"),
    ],
)
def test_a_deviation_whose_approver_the_proposer_names_or_without_difference_is_refused(
    change: Any, error: Any, pointer: str
) -> None:
    settled().when("record-deviation", deviation(**change)).refused(error, pointer)


def test_the_approver_of_a_deviation_is_whichever_agency_approves_it() -> None:
    agencies = [*charters.document()["agencies"], {"id": "third", "name": charters.names("Third")}]
    two = [{**charters.DEVIATIONS, "agencies": ["other", "third"]}]
    rules = charters.charter(agencies=agencies, countersignatures=two)
    decided = given(background=[rules, *charters.consolidated()[1:]]).when("record-deviation", deviation())
    for agency in ("other", "third"):
        (event,) = decided.approved(by=agency)
        assert event == msgspec.structs.replace(DEVIATION, approver=agency)


def test_no_deviation_is_recorded_where_nobody_or_only_the_same_agency_could_approve_it() -> None:
    history = charters.consolidated()[1:]
    alone = given(background=[charters.charter(countersignatures=[]), *history])
    alone.when("record-deviation", deviation()).refused(NotProposableError)
    within = {**charters.DEVIATIONS, "agencies": ["owner"], "same_agency": "yes"}
    same = given(background=[charters.charter(countersignatures=[within]), *history])
    same.by("owner", "person-1").when("record-deviation", deviation()).refused(ApproverIsProposerError, "/approver")
    same.when("record-deviation", deviation()).refused(NotProposableError)


def test_a_reported_deviation_names_an_approver_of_the_programme_or_says_that_it_is_undisclosed() -> None:
    history = given(background=[charters.reported_charter(), *charters.consolidated()[1:]])
    for approver in (None, "nobody"):
        body = deviation(**REPORTED, approver=approver)
        history.when("record-deviation", body).refused(InvalidCommandError, "/approver")


def test_the_approver_of_a_reported_deviation_may_be_undisclosed_but_not_who_decided() -> None:
    history = given(background=[charters.reported_charter(), *charters.consolidated()[1:]])
    body = deviation(**REPORTED, approver="undisclosed", decided_by="owner")
    assert history.when("record-deviation", body).decide()
    body = deviation(**REPORTED, approver="other", decided_by="other")
    history.when("record-deviation", body).refused(ApproverIsProposerError)


def test_a_deviation_is_superseded_by_another_number_even_the_planned_one() -> None:
    (event,) = settled(DEVIATION).when("record-deviation", deviation(actual="1")).approved()
    assert isinstance(event, DeviationRecorded)
    assert (event.planned, event.actual) == ("1", "1")
    back = settled(DEVIATION, event, ruled("ant", "not_met"), gone("cow"))
    back.when("eliminate-team", eliminate("ant", "ruling")).refused(PlanExceededError)


def test_a_deviation_waits_for_consolidation_and_is_recorded_once() -> None:
    given(background=charters.closed()).when("record-deviation", deviation()).refused(StageNotConsolidatedError)
    settled(DEVIATION).when("record-deviation", deviation()).refused(DeviationAlreadyRecordedError)


def test_no_deviation_is_recorded_once_another_stage_rests_on_the_outcomes() -> None:
    refusal = settled(StageOpened(stage="final", teams=("ant", "bee"))).when("record-deviation", deviation())
    assert refusal.refused(LaterStageOpenError).detail == "final was opened on the outcomes of heat"


# Outcomes


def eliminate(team: str, basis: str) -> dict[str, Any]:
    return {"stage": "heat", "team": team, "basis": basis, "reason": REASON}


def advance(team: str) -> dict[str, Any]:
    return {"stage": "heat", "team": team, "reason": REASON}


def test_the_last_team_leaves_by_its_rank() -> None:
    settled().when("eliminate-team", eliminate("cow", "rank")).then(gone("cow"))


@pytest.mark.parametrize("team", ["ant", "bee"])
def test_a_team_above_the_cut_does_not_leave_by_rank(team: str) -> None:
    settled().when("eliminate-team", eliminate(team, "rank")).refused(NoBasisError, "/basis")


def test_a_team_leaves_by_a_ruling_against_it_only() -> None:
    settled().when("eliminate-team", eliminate("ant", "ruling")).refused(NoBasisError)
    settled(ruled("ant")).when("eliminate-team", eliminate("ant", "ruling")).refused(NoBasisError)
    settled(ruled("ant", "not_met")).when("eliminate-team", eliminate("ant", "ruling")).then(gone("ant", "ruling"))


def test_a_team_leaves_by_a_gate_that_it_failed_only() -> None:
    settled().when("eliminate-team", eliminate("bee", "gate")).refused(NoBasisError)
    settled().when("eliminate-team", eliminate("cow", "gate")).then(gone("cow", "gate"))


def test_where_no_cut_is_planned_teams_leave_by_gate_and_ruling_only() -> None:
    """However many they are; and there is no plan to deviate from."""
    stages = charters.document()["stages"]
    stages[0]["eliminate"] = "none"
    history = [charters.charter(stages=stages), *charters.consolidated()[1:]]
    ruled_out = [ruled("ant", "not_met"), ruled("bee", "not_met")]
    gone_already = [gone("ant", "ruling"), gone("bee", "ruling")]
    after = given(background=[*history, *ruled_out, *gone_already])
    after.when("eliminate-team", eliminate("cow", "gate")).then(gone("cow", "gate"))
    refusal = after.when("eliminate-team", eliminate("cow", "rank")).refused(NoBasisError, "/basis")
    assert refusal.detail.endswith("cow ranks 3 to 3 of 3; heat plans no cut")
    after.when("record-deviation", deviation()).refused(InvalidCommandError, "/stage")


def test_no_more_leave_than_planned_without_a_recorded_deviation() -> None:
    history = (ruled("ant", "not_met"), gone("cow"))
    settled(*history).when("eliminate-team", eliminate("ant", "ruling")).refused(PlanExceededError)
    settled(*history, DEVIATION).when("eliminate-team", eliminate("ant", "ruling")).then(gone("ant", "ruling"))


def test_a_team_advances_by_rank_past_its_gates_ruled_independent() -> None:
    advanced = TeamAdvanced(stage="heat", team="ant", reason=WHY, deciders=("owner",))
    settled(ruled("ant")).when("advance-team", advance("ant")).then(advanced)


def test_where_the_charter_asks_for_no_independence_no_ruling_is_waited_for() -> None:
    rules = charters.charter(independence={**charters.document()["independence"], "perspectives": []})
    assert given(background=[rules, *charters.consolidated()[1:]]).when("advance-team", advance("ant")).decide()


def test_a_ruling_stands_whatever_the_charter_asks_for_later() -> None:
    rules = charters.charter(independence={"perspectives": []})
    history = given(background=[rules, *charters.consolidated()[1:], ruled("ant", "not_met")])
    history.when("advance-team", advance("ant")).refused(NoBasisError, "/team")


def test_a_team_that_was_not_ruled_upon_does_not_advance() -> None:
    settled().when("advance-team", advance("ant")).refused(NoBasisError, "/team")


def test_a_team_ruled_not_independent_does_not_advance() -> None:
    settled(ruled("ant", "not_met")).when("advance-team", advance("ant")).refused(NoBasisError, "/team")


def test_a_team_within_the_cut_or_below_a_gate_does_not_advance() -> None:
    refusal = settled(ruled("cow")).when("advance-team", advance("cow")).refused(NoBasisError, "/team")
    assert "slow" in refusal.detail


def test_a_team_within_the_cut_does_not_advance_though_it_passed_every_gate() -> None:
    stages = charters.document()["stages"]
    stages[0]["gates"] = []
    history = [charters.charter(stages=stages), *charters.consolidated()[1:], ruled("cow")]
    refusal = given(background=history).when("advance-team", advance("cow")).refused(NoBasisError, "/team")
    assert "within the cut of 1" in refusal.detail


def test_a_team_does_not_advance_past_a_gate_that_is_open() -> None:
    """The minimum is undisclosed: until it is certified who passed, nobody is known to have; a record reports it."""
    stages = charters.document()["stages"]
    stages[0]["gates"] = [{"id": "slow", "node": "field", "minimum": "undisclosed"}]
    history = [charters.charter(stages=stages), *charters.consolidated()[1:], ruled("ant")]
    refusal = given(background=history).when("advance-team", advance("ant")).refused(NoBasisError, "/team")
    assert "slow" in refusal.detail
    passed = FigureCertified(stage="heat", figure=GateOutcome(gate="slow", team="ant", outcome="passed"), source="jury")
    assert given(background=[*history, passed]).when("advance-team", advance("ant")).decide()
    public = charters.charter(stages=stages, data_set="public-record", recorder="owner")
    assert given(background=[public, *history[1:]]).when("advance-team", {**advance("ant"), **REPORTED}).decide()


def test_an_outcome_is_decided_once() -> None:
    settled(ruled("ant"), gone("cow")).when("advance-team", advance("cow")).refused(OutcomeAlreadyDecidedError)
    settled(gone("cow")).when("eliminate-team", eliminate("cow", "rank")).refused(OutcomeAlreadyDecidedError)
    advanced = TeamAdvanced(stage="heat", team="ant", reason=WHY, deciders=("owner",))
    settled(ruled("ant"), advanced).when("advance-team", advance("ant")).refused(OutcomeAlreadyDecidedError)


def test_outcomes_wait_for_consolidation_and_are_of_the_stage_s_teams() -> None:
    given(background=charters.closed()).when("eliminate-team", eliminate("cow", "rank")).refused(
        StageNotConsolidatedError
    )
    settled().when("eliminate-team", eliminate("dog", "rank")).refused(TeamNotInStageError, "/team")
