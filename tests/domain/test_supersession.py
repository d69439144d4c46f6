"""Another outcome, or ruling, in the place of an earlier one."""

from __future__ import annotations

from typing import Any

from domain.consortiums import ConsortiumChanged, LeadInTwoConsortiumsError
from domain.hearing_course import AlreadyRuledError
from domain.opened_stages import LaterStageOpenError
from domain.outcome_events import (
    DeviationRecorded,
    EvidenceRegistered,
    IndependenceRuled,
    Outcome,
    OutcomeSuperseded,
    TeamEliminated,
    TeamWithdrawn,
)
from domain.outcomes import NoBasisError, PlanExceededError
from domain.refusal import InvalidCommandError
from domain.scoring import TeamNotInStageError
from domain.stage_events import StageFinalised, StageOpened, StageReconsolidated
from domain.stages import OutcomeMissingError, StageFinalError
from domain.supersession import OutcomeUnchangedError
from domain.teams import NoSeatError, TeamEnrolled
from tests.domain import charters
from tests.domain.objecting import (
    AFTER,
    FILED,
    REASON,
    WHY,
    advancing,
    charter,
    decided,
    published,
    ruled,
    settled,
)
from tests.given import given
from tests.playing import standings


def test_an_upheld_objection_flips_an_outcome_and_standings_and_roster_follow() -> None:
    (event,) = published(FILED, decided()).when("supersede-outcome", advancing()).decide()
    assert isinstance(event, OutcomeSuperseded)
    assert (event.was, event.to, event.objection, event.deciders) == ("eliminated", "advanced", "o", ("owner",))
    history = [*published(FILED, decided()).background, event]
    row = next(each for each in standings("programme", "heat", history).rows if each.team == "cow")
    assert (row.status, row.cause) == ("advanced", None)
    opened = given(background=[*history, StageFinalised(stage="heat")]).when("open-stage", {"stage": "final"}).decide()
    assert opened == (StageOpened(stage="final", teams=charters.TEAMS),)


def test_an_outcome_is_not_superseded_on_an_objection_that_was_not_upheld_or_is_another_teams() -> None:
    for history in ((), (FILED,), (FILED, decided("dismissed")), (decided(team="bee"),)):
        published(*history).when("supersede-outcome", advancing()).refused(NoBasisError, "/objection")
    published().when("supersede-outcome", advancing(objection=None)).refused(InvalidCommandError, "/objection")


def test_an_objection_eliminates_nobody_and_overturns_no_ruling() -> None:
    upheld = decided(team="ant")
    body = advancing(team="ant", to="eliminated")
    published(upheld).when("supersede-outcome", body).refused(NoBasisError, "/basis")
    against = published(FILED, decided(), ruled("cow", "not_met"))
    against.when("supersede-outcome", advancing()).refused(NoBasisError, "/basis")


def test_only_an_objection_to_the_outcome_takes_the_place_of_rank_and_gates() -> None:
    """One to a ruling or to scores leads to another ruling or to other standings, and the outcome rests on those."""
    for subject in ("ruling", "score"):
        history = published(decided(subject=subject))
        history.when("supersede-outcome", advancing()).refused(NoBasisError, "/objection")
        resting = advancing(basis="ruling", objection=None)
        history.when("supersede-outcome", resting).refused(NoBasisError, "/team")
        both = published(decided("dismissed"), decided(objection="p", subject=subject))
        both.when("supersede-outcome", advancing(objection="p")).refused(NoBasisError, "/objection")


def test_an_objection_brings_no_team_back_that_was_not_ruled_independent() -> None:
    """Score and independence are two facts; a record may leave out a ruling that was not reported."""
    unruled = [each for each in published(FILED, decided()).background if each != ruled("cow")]
    refusal = given(background=unruled).when("supersede-outcome", advancing()).refused(NoBasisError, "/basis")
    assert "the independence of cow was not ruled upon" in refusal.detail
    assert given(background=[*unruled, ruled("cow")]).when("supersede-outcome", advancing()).decide()
    reported = advancing(attribution="reported", source="a newspaper")
    record = [charter(data_set="public-record"), *unruled[1:]]
    assert given(background=record).when("supersede-outcome", reported).decide()
    without_rules = charter(independence={"perspectives": []})
    assert given(background=[without_rules, *unruled[1:]]).when("supersede-outcome", advancing()).decide()


def test_an_upheld_objection_is_the_ground_against_the_outcome_that_it_was_about_only() -> None:
    history = (FILED, decided(), superseded("advanced", "objection"), superseded("eliminated", "rank"))
    refusal = published(*history).when("supersede-outcome", advancing()).refused(NoBasisError, "/objection")
    assert "before cow had the outcome that stands" in refusal.detail
    anew = published(*history, decided(objection="p")).when("supersede-outcome", advancing(objection="p"))
    assert anew.decide()


def test_an_outcome_that_came_by_objection_once_rests_on_the_standings_once_it_is_superseded() -> None:
    """cow fails a gate: only an upheld objection lets it go on, and only as long as that outcome stands."""
    nobody = DeviationRecorded(stage="heat", subject="eliminations", planned="1", actual="0", reason=WHY, approver="x")
    on_objection = [FILED, decided(), nobody, superseded("advanced", "objection")]
    by_rank = [*on_objection, superseded("eliminated", "rank"), superseded("advanced", "rank")]
    publishing = {"stage": "heat", "publishers": ["owner", "other"]}
    for history, bears in ((on_objection, True), (by_rank, False)):
        publish = given(background=[*settled(), *history]).when("publish-results", publishing)
        final = published(*history).at(AFTER).when("finalise-stage", {"stage": "heat"})
        for each in (publish, final):
            if bears:
                assert each.decide()
            else:
                assert "cow advanced, but cow failed slow" in each.refused(NoBasisError).detail


def superseded(to: Outcome, basis: Any) -> OutcomeSuperseded:
    """Of cow; on its objection `o`."""
    was: Outcome = "eliminated" if to == "advanced" else "advanced"
    objection = "o" if basis == "objection" else None
    return OutcomeSuperseded(stage="heat", team="cow", was=was, to=to, basis=basis, reason=WHY, objection=objection)


def test_without_an_objection_a_supersession_rests_on_what_a_first_outcome_rests_on() -> None:
    bare = {"objection": None, "basis": "rank"}
    published().when("supersede-outcome", advancing(**bare)).refused(NoBasisError, "/team")
    body = advancing(**bare, team="ant", to="eliminated")
    published().when("supersede-outcome", body).refused(PlanExceededError)
    flipped = OutcomeSuperseded(
        stage="heat", team="cow", was="eliminated", to="advanced", basis="objection", reason=WHY, objection="o"
    )
    published(flipped).when("supersede-outcome", body).refused(NoBasisError, "/basis")
    again = advancing(**bare, to="eliminated")
    (event,) = published(flipped).when("supersede-outcome", again).decide()
    row = next(
        each
        for each in standings("programme", "heat", [*published(flipped).background, event]).rows
        if each.team == "cow"
    )
    assert (row.status, row.cause) == ("eliminated", "rank")


def test_a_supersession_changes_an_outcome_that_is_there() -> None:
    published(decided(team="ant")).when("supersede-outcome", advancing(team="ant")).refused(OutcomeUnchangedError)
    published().when("supersede-outcome", advancing(team="dog")).refused(TeamNotInStageError)
    history = [each for each in published(decided()).background if not isinstance(each, TeamEliminated)]
    given(background=history).when("supersede-outcome", advancing()).refused(OutcomeMissingError)


def test_no_outcome_is_superseded_after_finalisation_or_once_another_stage_rests_on_it() -> None:
    upheld = published(FILED, decided(), StageFinalised(stage="heat"))
    upheld.when("supersede-outcome", advancing()).refused(StageFinalError)
    rested = published(FILED, decided(), StageOpened(stage="final", teams=("ant", "bee")))
    rested.when("supersede-outcome", advancing()).refused(LaterStageOpenError)


def test_a_team_comes_back_only_while_its_seat_is_free() -> None:
    taken = published(FILED, decided(), charters.enrolment("dog"))
    taken.when("supersede-outcome", advancing()).refused(NoSeatError)


def test_a_team_comes_back_only_while_its_lead_is_in_no_other_consortium() -> None:
    """Lead led cow; once that cow had left was public, Lead joined ant."""
    cow = TeamEnrolled(team="cow", name=charters.enrolment("cow").name, members=("Lead", "Lab"))
    joined = ConsortiumChanged(team="ant", joined=("Lead",), left=(), effective="2026-01-15")
    history = [cow if each == charters.enrolment("cow") else each for each in published(FILED, decided()).background]
    assert given(background=history).when("supersede-outcome", advancing()).decide()
    met = given(background=[*history, joined])
    refusal = met.when("supersede-outcome", advancing()).refused(LeadInTwoConsortiumsError, "/team")
    assert refusal.detail == "Lead is in ant"
    left = TeamWithdrawn(stage="heat", team="ant", reason=WHY)
    assert given(background=[*history, joined, left]).when("supersede-outcome", advancing()).decide()


def test_a_ruling_is_superseded_once_for_each_upheld_objection_to_it() -> None:
    proof = "ab" * 32
    evidence = EvidenceRegistered(stage="heat", team="ant", kind="report", sha256=proof, title="Report")
    body = {
        "stage": "heat",
        "team": "ant",
        "verdict": "not_met",
        "perspectives": ["own"],
        "findings": [{"perspective": "own", "condition": "built", "verdict": "not_met"}],
        "evidence": [proof],
        "reason": REASON,
    }
    published(evidence).when("rule-independence", body).refused(AlreadyRuledError)
    about_outcome = published(evidence, decided(team="ant"))
    about_outcome.when("rule-independence", body).refused(AlreadyRuledError)
    upheld = published(evidence, decided(team="ant", subject="ruling"))
    (event,) = upheld.when("rule-independence", body).decide()
    assert isinstance(event, IndependenceRuled)
    first = next(n for n, each in enumerate(upheld.background, 1) if getattr(each, "verdict", None) is not None)
    assert event.supersedes == first
    again = given(background=[*upheld.background, event])
    again.when("rule-independence", body).refused(AlreadyRuledError)


def test_an_outcome_on_an_upheld_objection_is_undone_on_a_new_ground_only() -> None:
    """cow, eliminated by rank, came back on its objection: neither the old rank nor an old ruling undoes that."""
    back = OutcomeSuperseded(
        stage="heat", team="cow", was="eliminated", to="advanced", basis="objection", reason=WHY, objection="o"
    )
    undoing = advancing(to="eliminated", basis="rank", objection=None)
    flipped = published(FILED, decided(), back)
    flipped.when("supersede-outcome", undoing).refused(NoBasisError, "/basis")
    anew = StageReconsolidated(stage="heat", digest="0" * 64, position=1, basis="computed", supersedes=1, reason=WHY)
    assert published(FILED, decided(), back, anew).when("supersede-outcome", undoing).decide()
    ruling = {**undoing, "basis": "ruling"}
    assert published(FILED, decided(), back, ruled("cow", "not_met")).when("supersede-outcome", ruling).decide()
    earlier = published(ruled("cow", "not_met"), FILED, decided(), back)
    earlier.when("supersede-outcome", ruling).refused(NoBasisError, "/basis")
