"""Objections: who may file which and until when, and who decides them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.event import Event
from domain.objections import (
    OBJECTION,
    NoStandingError,
    ObjectionAlreadyDecidedError,
    ObjectionAlreadyFiledError,
    ObjectionDecided,
    ObjectionFiled,
    ObjectionWindowClosedError,
    ResultsNotPublishedError,
    TookPartError,
    UnknownObjectionError,
)
from domain.outcome_events import TeamEliminated
from domain.outcomes import NoBasisError
from domain.refusal import InvalidCommandError, NotMandatedError, Refusal
from domain.score_events import (
    ExclusionRecorded,
    FigureCertified,
    MeanOf,
    MeasurementCorrected,
    MeasurementRecorded,
    ScoreCorrected,
    ScoreSubmitted,
)
from domain.stage_events import ResultsPublished, ScoringReopened, StageConsolidated, StageFinalised
from domain.stages import ResultsAlreadyPublishedError, StageFinalError
from tests.domain import charters
from tests.domain.objecting import (
    AFTER,
    DECIDING,
    FILED,
    FILING,
    HEAT,
    PUBLISHED,
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


def test_a_team_takes_an_id_of_an_objection_once_whatever_others_chose() -> None:
    published(FILED).when("file-objection", FILING).refused(ObjectionAlreadyFiledError, "/objection")
    published(FILED, decided()).when("file-objection", FILING).refused(ObjectionAlreadyDecidedError, "/objection")
    other = {**FILING, "team": "ant"}
    (filed,) = published().when("file-objection", other).decide()
    published(FILED).when("file-objection", other).then(filed)
    published(FILED, decided()).when("file-objection", other).then(filed)


def test_where_teams_chose_the_same_id_the_decision_names_the_team() -> None:
    filed = msgspec.structs.replace(FILED, team="ant")
    both = published(FILED, filed).by("other")
    both.when("decide-objection", DECIDING).refused(InvalidCommandError, "/team")
    both.when("decide-objection", {**DECIDING, "team": "ant"}).then(decided(team="ant"))
    both.when("decide-objection", {**DECIDING, "team": "bee"}).refused(UnknownObjectionError, "/objection")
    after = published(FILED, filed, decided(team="ant")).by("other")
    after.when("decide-objection", {**DECIDING, "team": "cow"}).then(decided())
    after.when("decide-objection", {**DECIDING, "team": "ant"}).refused(ObjectionAlreadyDecidedError)


def test_an_objection_of_another_team_of_the_same_id_bears_nothing() -> None:
    filed = msgspec.structs.replace(FILED, team="ant")
    upheld = published(FILED, filed, decided(team="ant"))
    upheld.when("supersede-outcome", advancing()).refused(NoBasisError, "/objection")
    about = msgspec.structs.replace(filed, subject="score")
    reopening = published(FILED, about, decided("dismissed"), decided(team="ant", subject="score"))
    assert reopening.when("reopen-scoring", {**HEAT, "reason": REASON, "objection": "o"}).decide()


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
    "gave a score": ScoreSubmitted(
        stage="heat",
        team="ant",
        criterion="paper/idea",
        evaluator=charters.JURY[0],
        points="9",
        deciders=("owner", "other"),
    ),
    "measured": MeasurementRecorded(
        stage="heat", team="ant", criterion="field/speed", benchmark="track", value="81", deciders=("owner", "other")
    ),
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


# Finalisation


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


def test_publishing_twice_is_refused() -> None:
    body = {"stage": "heat", "publishers": ["owner", "other"]}
    published().when("publish-results", body).refused(ResultsAlreadyPublishedError)
