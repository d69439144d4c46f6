"""Objections: who may file which and until when, and who decides them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.decision import NotMandatedError
from domain.event import Event
from domain.finalisation import ObjectionUndecidedError, ObjectionWindowOpenError, ReviewOpenError
from domain.hearing_course import AlreadyRuledError, IndependenceReviewOpened
from domain.objections import (
    OBJECTION,
    NoStandingError,
    ObjectionAlreadyDecidedError,
    ObjectionAlreadyFiledError,
    ObjectionDecided,
    ObjectionFiled,
    ObjectionsWaivedError,
    ObjectionWindowClosedError,
    ResultsNotPublishedError,
    TookPartError,
    UnknownObjectionError,
)
from domain.opened_stages import LaterStageOpenError
from domain.outcome_events import (
    DeviationRecorded,
    EvidenceRegistered,
    IndependenceRuled,
    OutcomeSuperseded,
    TeamAdvanced,
    TeamEliminated,
)
from domain.outcomes import NoBasisError, PlanExceededError
from domain.refusal import InvalidCommandError, Refusal
from domain.scoring import TeamNotInStageError
from domain.stage_events import (
    ExclusionRecorded,
    FigureCertified,
    MeanOf,
    MeasurementCorrected,
    ObjectionsWaived,
    ResultsPublished,
    ScoreCorrected,
    ScoringReopened,
    StageConsolidated,
    StageFinalised,
    StageOpened,
    StageReconsolidated,
)
from domain.stages import (
    EarlierStageNotFinalError,
    OutcomeMissingError,
    ResultsAlreadyPublishedError,
    ScoringOpenError,
    StageFinalError,
    StageNotConsolidatedError,
    StageNotOpenError,
)
from domain.supersession import OutcomeUnchangedError
from domain.teams import NoSeatError
from tests.domain import charters
from tests.given import Given, given
from tests.playing import standings

WHY = charters.Names(en="why", ko="왜")
REASON = {"en": "why", "ko": "왜"}
UNTIL = "2026-01-18T15:00:00.000000Z"
AFTER = datetime(2026, 1, 18, 15, 0, tzinfo=UTC)
HEAT = {"stage": "heat"}
FILING = {"stage": "heat", "objection": "o", "team": "cow", "subject": "outcome", "grounds": "wrong"}
FILED = ObjectionFiled(objection="o", stage="heat", team="cow", subject="outcome", grounds="wrong")
DECIDING = {"stage": "heat", "objection": "o", "outcome": "upheld", "reason": "right"}


def charter(**changes: Any) -> Event:
    """With a window of three days, decided by the other agency, filed by teams."""
    document = charters.document(**changes)
    for stage in document["stages"]:
        stage["objections"] = {"days": "3"}
    mandates = [
        *document["mandates"],
        {"decisions": ["decide-objection", "eliminate-team", "rule-independence"], "agencies": ["other"]},
    ]
    return charters.charter(
        **{
            "stages": document["stages"],
            "mandates": mandates,
            "consortium_decisions": ["file-objection", "waive-objections"],
            **changes,
        }
    )


def ruled(team: str, verdict: Any = "met", by: str = "owner") -> IndependenceRuled:
    return IndependenceRuled(
        stage="heat",
        team=team,
        verdict=verdict,
        perspectives=("own",),
        findings=(),
        evidence=(),
        reason=WHY,
        deciders=(by,),
    )


def settled() -> list[Event]:
    """cow (9) is eliminated, ant (25) and bee (19) advance; not published."""
    return [
        charter(),
        *charters.consolidated()[1:],
        *(ruled(team) for team in charters.TEAMS),
        TeamEliminated(stage="heat", team="cow", basis="rank", reason=WHY, deciders=("owner",)),
        *(TeamAdvanced(stage="heat", team=team, reason=WHY, deciders=("owner",)) for team in ("ant", "bee")),
    ]


PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"), objections_until=UNTIL)


def published(*more: Event) -> Given:
    return given(background=[*settled(), PUBLISHED, *more])


def decided(outcome: Any = "upheld", objection: str = "o", team: str = "cow", subject: Any = "outcome") -> Event:
    return ObjectionDecided(
        objection=objection, stage="heat", team=team, subject=subject, outcome=outcome, reason="right"
    )


def advancing(**changes: Any) -> dict[str, Any]:
    return {
        "stage": "heat",
        "team": "cow",
        "to": "advanced",
        "basis": "objection",
        "objection": "o",
        "reason": REASON,
        **changes,
    }


# The window


def test_publication_says_until_when_teams_may_object() -> None:
    body = {"stage": "heat", "publishers": ["owner", "other"]}
    given(background=[*settled(), charters.AGREED]).when("publish-results", body).then(PUBLISHED)


def test_a_team_objects_for_itself_and_no_agency_for_it() -> None:
    published().by_consortium("cow").when("file-objection", FILING).then(FILED)
    published().by("owner").when("file-objection", FILING).refused(NotMandatedError, "/team")
    published().by_consortium("ant").when("file-objection", FILING).refused(NotMandatedError, "/team")


def test_an_objection_is_filed_within_the_window() -> None:
    just = datetime(2026, 1, 18, 14, 59, 59, tzinfo=UTC)
    assert published().at(just).when("file-objection", FILING).decide()
    published().at(AFTER).when("file-objection", FILING).refused(ObjectionWindowClosedError)


def test_an_objection_follows_publication_and_precedes_finalisation() -> None:
    given(background=settled()).when("file-objection", FILING).refused(ResultsNotPublishedError)
    published(StageFinalised(stage="heat")).when("file-objection", FILING).refused(StageFinalError)


def test_without_a_window_in_the_charter_nobody_objects() -> None:
    history = [charters.charter(), *settled()[1:], ResultsPublished(stage="heat", publishers=("owner", "other"))]
    given(background=history).when("file-objection", FILING).refused(ObjectionWindowClosedError)


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        ({"team": "dog"}, NoStandingError, "/team"),
        ({"stage": "x"}, InvalidCommandError, "/stage"),
    ],
)
def test_an_objection_without_standing_is_refused(change: Any, error: type[Refusal], pointer: str) -> None:
    published().when("file-objection", {**FILING, **change}).refused(error, pointer)


def test_an_objection_to_a_ruling_needs_one() -> None:
    history = [each for each in [*settled(), PUBLISHED] if getattr(each, "verdict", None) is None]
    body = {**FILING, "subject": "ruling"}
    given(background=history).when("file-objection", body).refused(InvalidCommandError, "/subject")
    assert published().when("file-objection", body).decide()


def test_an_id_of_an_objection_is_taken_once() -> None:
    other = {**FILING, "team": "ant"}
    published(FILED).when("file-objection", other).refused(ObjectionAlreadyFiledError, "/objection")
    published(FILED, decided()).when("file-objection", other).refused(ObjectionAlreadyDecidedError, "/objection")


# The decision


def test_an_objection_is_decided_by_an_agency_that_took_no_part() -> None:
    published(FILED).by("other").when("decide-objection", DECIDING).then(decided())


def test_who_made_the_outcome_does_not_decide_the_objection_to_it() -> None:
    refusal = published(FILED).when("decide-objection", DECIDING).refused(TookPartError)
    assert "owner" in refusal.detail


def test_who_gives_scores_does_not_decide_the_objection_to_them() -> None:
    """Here by mandate: an event does not say which agency brought a sheet."""
    filed = ObjectionFiled(objection="o", stage="heat", team="cow", subject="score", grounds="wrong")
    published(filed).when("decide-objection", DECIDING).refused(TookPartError)
    assert published(filed).by("other").when("decide-objection", DECIDING).decide()


def test_who_ruled_does_not_decide_the_objection_to_an_outcome_by_that_ruling() -> None:
    by_ruling = TeamEliminated(stage="heat", team="cow", basis="ruling", reason=WHY, deciders=("owner",))
    history = [by_ruling if isinstance(each, TeamEliminated) else each for each in settled()]
    history = [ruled("cow", "not_met", by="other") if each == ruled("cow") else each for each in history]
    given(background=[*history, PUBLISHED, FILED]).by("other").when("decide-objection", DECIDING).refused(TookPartError)


def test_who_ruled_does_not_decide_the_objection_to_the_ruling() -> None:
    filed = ObjectionFiled(objection="o", stage="heat", team="ant", subject="ruling", grounds="wrong")
    history = published(filed).background
    case = given(background=[ruled("ant", by="other") if each == ruled("ant") else each for each in history])
    case.by("other").when("decide-objection", DECIDING).refused(TookPartError)
    assert case.by("owner").when("decide-objection", DECIDING).decide()


BY_OTHER: dict[str, Event] = {
    "corrected a score": ScoreCorrected(
        stage="heat",
        team="ant",
        criterion="paper/idea",
        evaluator=charters.JURY[0],
        points="9",
        supersedes=7,
        reason="A slip.",
        deciders=("owner", "other"),
    ),
    "corrected a measurement": MeasurementCorrected(
        stage="heat",
        team="ant",
        criterion="field/speed",
        benchmark="track",
        value="81",
        supersedes=8,
        reason="A slip.",
        deciders=("other",),
    ),
    "excluded a sheet": ExclusionRecorded(
        stage="heat",
        evaluator=charters.JURY[0],
        team="ant",
        criterion="paper/idea",
        reason="lost",
        below_quorum=False,
        deciders=("owner", "other"),
    ),
    "certified a figure": FigureCertified(
        stage="heat", figure=MeanOf(node="total", value="17.67"), source="other", deciders=("other",)
    ),
    "reopened scoring": ScoringReopened(stage="heat", reason=WHY, deciders=("owner", "other")),
}


@pytest.mark.parametrize("part", BY_OTHER)
def test_whoever_took_part_in_scores_does_not_decide_the_objection_to_them(part: str) -> None:
    """Also who countersigned. Owner gives scores; other is free unless it took part."""
    filed = ObjectionFiled(objection="o", stage="heat", team="ant", subject="score", grounds="wrong")
    history = published(filed).background
    at = next(n for n, each in enumerate(history) if isinstance(each, StageConsolidated))
    case = given(background=[*history[:at], BY_OTHER[part], *history[at:]])
    refusal = case.by("other").when("decide-objection", DECIDING).refused(TookPartError)
    assert "other" in refusal.detail
    outcome = ObjectionFiled(objection="o", stage="heat", team="cow", subject="outcome", grounds="wrong")
    history = [outcome if each == filed else each for each in case.background]
    assert given(background=history).by("other").when("decide-objection", DECIDING).decide()


@pytest.mark.parametrize("settled_by", ["owner", "other"])
def test_who_consolidated_does_not_decide_the_objection_to_the_scores(settled_by: str) -> None:
    """Of the two agencies owner gives scores, so other is free unless it has settled the standings."""
    filed = ObjectionFiled(objection="o", stage="heat", team="ant", subject="score", grounds="wrong")
    (made,) = given(background=charters.closed()).when("consolidate-stage", HEAT).decide()
    assert isinstance(made, StageConsolidated)
    assert made.deciders == ("owner",)
    settling = msgspec.structs.replace(made, deciders=(settled_by,))
    history = [settling if isinstance(each, StageConsolidated) else each for each in published(filed).background]
    case = given(background=history)
    case.by(settled_by).when("decide-objection", DECIDING).refused(TookPartError)
    if settled_by == "owner":
        assert case.by("other").when("decide-objection", DECIDING).decide()


def test_an_objection_is_decided_once_and_only_if_it_was_filed() -> None:
    published().by("other").when("decide-objection", DECIDING).refused(UnknownObjectionError, "/objection")
    published(FILED, decided("dismissed")).by("other").when("decide-objection", DECIDING).refused(
        ObjectionAlreadyDecidedError
    )
    body = {**DECIDING, "stage": "final"}
    published(FILED).by("other").when("decide-objection", body).refused(UnknownObjectionError, "/objection")


@pytest.mark.parametrize("outcome", ["upheld", "dismissed", "inadmissible"])
def test_the_machine_of_objections_is_what_the_deciders_do(outcome: str) -> None:
    body = {**DECIDING, "outcome": outcome}
    (event,) = published(FILED).by("other").when("decide-objection", body).decide()
    assert isinstance(event, ObjectionDecided)
    assert event.outcome in OBJECTION.targets("undecided", "decide-objection")
    for decision, asked in (("file-objection", FILING), ("decide-objection", body)):
        assert not OBJECTION.allows(outcome, decision)
        published(FILED, event).when(decision, asked).refused(ObjectionAlreadyDecidedError)


# Supersession


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


# Waivers


WAIVING = {"stage": "heat", "team": "cow"}
WAIVED = ObjectionsWaived(stage="heat", team="cow")


def test_a_team_waives_for_itself_where_it_may_object() -> None:
    history = [charter(consortium_decisions=["waive-objections"]), *settled()[1:]]
    theirs = given(background=[*history, PUBLISHED]).by_consortium("cow")
    theirs.when("waive-objections", WAIVING).then(WAIVED)
    theirs.when("waive-objections", {**WAIVING, "team": "ant"}).refused(NotMandatedError, "/team")
    published().at(AFTER).when("waive-objections", WAIVING).refused(ObjectionWindowClosedError)
    published().when("waive-objections", {**WAIVING, "team": "dog"}).refused(NoStandingError, "/team")
    given(background=history).when("waive-objections", WAIVING).refused(ResultsNotPublishedError)


def test_whoever_waived_objects_no_more() -> None:
    published(WAIVED).when("file-objection", FILING).refused(ObjectionsWaivedError, "/team")
    published(WAIVED).when("waive-objections", WAIVING).refused(ObjectionsWaivedError, "/team")
    assert published(WAIVED).when("file-objection", {**FILING, "team": "ant"}).decide()


@pytest.mark.parametrize(
    "change",
    [
        ruled("cow", "not_met"),
        PUBLISHED,
        OutcomeSuperseded(stage="heat", team="cow", was="eliminated", to="advanced", basis="rank", reason=WHY),
    ],
)
def test_a_waiver_lapses_when_what_it_was_about_changes(change: Event) -> None:
    assert published(WAIVED, change).when("file-objection", FILING).decide()


def test_a_stage_is_finalised_early_once_every_team_has_waived() -> None:
    waivers = [ObjectionsWaived(stage="heat", team=team) for team in charters.TEAMS]
    published(*waivers).when("finalise-stage", HEAT).then(StageFinalised(stage="heat"))
    refusal = published(*waivers[:2]).when("finalise-stage", HEAT).refused(ObjectionWindowOpenError)
    assert refusal.detail.startswith("cow may object until")
    published(FILED, *waivers).when("finalise-stage", HEAT).refused(ObjectionUndecidedError)


# Finalisation


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


def test_a_record_that_reports_waives_the_window_and_who_took_part() -> None:
    reported = {"attribution": "reported", "source": "a newspaper"}
    record = charter(data_set="public-record", recorder="owner")
    history = [record, *settled()[1:]]
    body = {"stage": "heat", "publishers": ["owner", "other"], **reported}
    (event,) = given(background=history).when("publish-results", body).decide()
    assert event == ResultsPublished(stage="heat", publishers=("owner", "other"))
    later = given(background=[*history, event])
    assert later.at(AFTER).when("file-objection", {**FILING, **reported}).decide()
    filed = given(background=[*history, event, FILED])
    assert filed.when("decide-objection", {**DECIDING, **reported}).decide()


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


def test_publishing_twice_is_refused() -> None:
    body = {"stage": "heat", "publishers": ["owner", "other"]}
    published().when("publish-results", body).refused(ResultsAlreadyPublishedError)


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


def test_no_agency_waives_in_the_name_of_a_team_unless_it_reports_that_the_team_did() -> None:
    published().by("owner").when("waive-objections", WAIVING).refused(NotMandatedError, "/team")
    public = [charter(data_set="public-record", recorder="owner"), *settled()[1:], PUBLISHED]
    reported = {**WAIVING, "attribution": "reported", "source": "a newspaper"}
    given(background=public).by("owner").when("waive-objections", reported).then(WAIVED)
