"""Service on record of notices that are sent by themselves, and the time to object, which counts from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.charter_faults import faults
from domain.deadlines import moment
from domain.decision import DECISIONS
from domain.event import EVENTS, Event
from domain.finalisation import ObjectionWindowOpenError
from domain.notices import (
    NoticeAcknowledged,
    NoticeAlreadyServedError,
    NoticeServed,
    notice_id,
)
from domain.objections import ObjectionWindowClosedError
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.stage_events import ObjectionsWaived, ResultsPublished, ScoringReopened
from domain.teams import TeamNotEnrolledError
from tests.domain import charters, objecting
from tests.domain.objecting import FILED, FILING, HEAT
from tests.domain.test_noticing import RESULTS
from tests.domain.test_reactions import found
from tests.given import Given, given

SERVED_TO = {**RESULTS, "service": {"by": "delivered", "acknowledge_days": "2"}}
RULES: dict[str, Any] = {
    "automatic_notices": [SERVED_TO],
    "reactions": [{"id": "serve-notices"}, {"id": "finalise-stages"}],
    "consortium_decisions": ["file-objection", "waive-objections", "acknowledge-notice"],
}
DEEMED = "2026-01-25T15:00:00.000000Z"
"""Seven days to be told in, and three to object, after the 15th."""
AT = len(objecting.settled()) + 1


def stages(**window: str) -> list[Any]:
    found: list[Any] = charters.document()["stages"]
    for each in found:
        each["objections"] = {"days": "3", "counts_from": "service", "deemed_days": "7", **window}
    return found


def published(*more: Event) -> Given:
    """Results that are public since the 15th, in a programme in which the time to object counts from service."""
    rules = objecting.charter(stages=stages(), **RULES)
    results = ResultsPublished(stage="heat", publishers=("owner", "other"), objections_until=DEEMED)
    return given(background=[rules, *objecting.settled()[1:], results, *more])


def serving(team: str = "cow", day: str = "2026-01-15", **changes: Any) -> dict[str, Any]:
    evidence = {"at": f"{day}T03:00:00.000000Z", "by": "opened", "counts-from": day, "sha256": "0" * 64}
    values = {**evidence, **changes.pop("values", {})}
    of = {"notice": notice_id(AT, team, "results"), "team": team, "template": "results", "subject": "heat"}
    return {**of, "values": values, **changes}


def served(team: str = "cow", day: str = "2026-01-15", **changes: Any) -> NoticeServed:
    return NoticeServed(**serving(team, day, **changes), deadline=DEEMED)


def day(number: int) -> datetime:
    """The last instant of a day of January in Seoul."""
    return datetime(2026, 1, number, 15, 0, tzinfo=UTC) - timedelta(microseconds=1)


def test_the_system_puts_on_record_what_was_served_to_be_acknowledged_from_that_day() -> None:
    history = published().by_itself("serve-notices", AT)
    (event,) = history.when("serve-notice", serving()).decide()
    assert event == NoticeServed(**serving(), deadline="2026-01-17T15:00:00.000000Z")
    after = published(event)
    after.by_itself("serve-notices", AT).when("serve-notice", serving()).refused(NoticeAlreadyServedError)
    acknowledging = {"notice": serving()["notice"], "team": "cow"}
    after.when("acknowledge-notice", acknowledging).then(NoticeAcknowledged(**acknowledging))


@pytest.mark.parametrize(
    "changes",
    [
        {"notice": "by-hand"},
        {"notice": notice_id(AT - 1, "cow", "results")},
        {"notice": notice_id(AT, "bee", "results")},
        {"values": {"by": "inbox"}},
        {"values": {"counts-from": "2026-01-14"}},
        {"values": {"counts-from": "2026-01-16"}},
        {"values": {"more": "x"}},
    ],
)
def test_what_is_put_on_record_is_what_was_sent_by_evidence_that_counts_and_of_today(changes: dict[str, Any]) -> None:
    history = published().by_itself("serve-notices", AT)
    history.when("serve-notice", serving(**changes)).refused(InvalidCommandError)


def test_nobody_else_puts_on_record_what_was_sent_by_itself() -> None:
    published().when("serve-notice", serving()).refused(InvalidCommandError, "/template")
    published().by_itself("finalise-stages", AT).when("serve-notice", serving()).refused(NotMandatedError)
    stranger = serving("dog")
    published().by_itself("serve-notices", AT).when("serve-notice", stranger).refused(TeamNotEnrolledError)


def test_results_are_open_to_objections_until_the_last_day_for_anybody() -> None:
    history = given(background=[objecting.charter(stages=stages(), **RULES), *objecting.settled()[1:]])
    agreed = history.when("publish-results", {**HEAT, "publishers": ["owner", "other"]}).decide()
    both = replace(history, background=[*history.background, *agreed]).by("other")
    (public,) = both.when("publish-results", {**HEAT, "publishers": ["owner", "other"]}).decide()
    assert isinstance(public, ResultsPublished)
    assert public.objections_until == DEEMED


def test_the_time_to_object_counts_from_service_for_each_team() -> None:
    history = published(served("cow", "2026-01-17"))
    history.at(day(20)).when("file-objection", FILING).then(FILED)
    refusal = history.at(day(21)).when("file-objection", FILING).refused(ObjectionWindowClosedError)
    assert "3 days after the day of service" in refusal.rule
    history.at(day(21)).when("waive-objections", {**HEAT, "team": "cow"}).refused(ObjectionWindowClosedError)
    history.at(day(21)).when("file-objection", {**FILING, "team": "bee"}).decide()


def test_who_was_never_served_may_object_until_they_are_deemed_to_have_been() -> None:
    published().at(day(25)).when("file-objection", FILING).decide()
    published().at(day(26)).when("file-objection", FILING).refused(ObjectionWindowClosedError)
    late = published(served("cow", "2026-01-24"))
    late.at(day(26)).when("file-objection", FILING).refused(ObjectionWindowClosedError)


def test_what_was_served_of_results_that_were_published_anew_starts_no_time_of_these() -> None:
    anew = ResultsPublished(stage="heat", publishers=("owner", "other"), objections_until=DEEMED)
    history = published(served(), ScoringReopened(stage="heat", reason=objecting.WHY), anew)
    history.at(day(21)).when("file-objection", FILING).decide()


def test_what_an_agency_served_by_hand_starts_no_time() -> None:
    """Whatever it calls it, and says of it."""
    by_hand = NoticeServed(**{**serving(), "template": "hearing"}, deadline=DEEMED)
    published(by_hand).at(day(21)).when("file-objection", FILING).decide()


def test_a_stage_is_final_once_the_time_of_the_last_team_is_over() -> None:
    everybody = [served("ant"), served("bee", "2026-01-16"), served("cow")]
    ends = published(*everybody)
    ends.at(day(19)).when("finalise-stage", HEAT).refused(ObjectionWindowOpenError)
    ends.at(day(20)).when("finalise-stage", HEAT).decide()
    without = published(*everybody[:2])
    without.at(day(20)).when("finalise-stage", HEAT).refused(ObjectionWindowOpenError)
    waived = published(*everybody[:2], ObjectionsWaived(stage="heat", team="cow"))
    waived.at(day(20)).when("finalise-stage", HEAT).decide()


def test_the_stage_becomes_final_by_itself_when_that_time_is_over() -> None:
    def when(*more: Event) -> list[str | None]:
        return [each.at for each in found(published(*more)) if each.reaction == "finalise-stages"]

    assert when() == [DEEMED]
    (at,) = when(*(served(team, "2026-01-16") for team in charters.TEAMS))
    assert at is not None
    assert moment(at) - timedelta(microseconds=1) == day(19)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reactions": []}, "/automatic_notices/0/service"),
        ({"consortium_decisions": ["file-objection"]}, "/automatic_notices/0/service"),
        ({"automatic_notices": []}, "/stages/0/objections/counts_from"),
        ({"automatic_notices": [{**SERVED_TO, "service": None}]}, "/stages/0/objections/counts_from"),
        (
            {"automatic_notices": [{**SERVED_TO, "recipients": ["enrolled", "registered"]}]},
            "/automatic_notices/0/service",
        ),
        ({"stages": stages(counts_from="publication")}, "/stages/0/objections/deemed_days"),
    ],
)
def test_service_that_could_not_be_put_on_record_is_a_fault(changes: dict[str, Any], pointer: str) -> None:
    def pointers(**changes: Any) -> list[str]:
        document = charters.document(**{"stages": stages(), **RULES, **changes})
        return [each.pointer for each in faults(document, DECISIONS, EVENTS)]

    assert pointer in pointers(**changes)
    assert pointer not in pointers()
