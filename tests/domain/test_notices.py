"""Notices and their acknowledgement."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.entitlements import OutcomeUnpublishedError
from domain.envelope import Actor
from domain.event import Event
from domain.notices import (
    NotAddresseeError,
    NoticeAcknowledged,
    NoticeAcknowledgedError,
    NoticeAlreadyServedError,
    NoticeServed,
    NotRecipientError,
    notice_id,
    reminder_id,
)
from domain.outcome_events import TeamAdvanced
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.scalars import Names
from domain.stage_events import ResultsPublished
from domain.system import SYSTEM
from domain.teams import TeamNotEnrolledError
from tests.domain import charters
from tests.domain.verified import alone, changed, first, found, recorded
from tests.given import Given, given

SERVE = {
    "notice": "notice-1",
    "team": "ant",
    "template": "hearing",
    "subject": "stage heat",
    "values": {"question": "whose weights?"},
}
SERVED = NoticeServed(
    notice="notice-1",
    team="ant",
    template="hearing",
    subject="stage heat",
    values={"question": "whose weights?"},
    deadline="2026-01-22T15:00:00.000000Z",
)
ACKNOWLEDGE = {"notice": "notice-1", "team": "ant"}
ACKNOWLEDGED = NoticeAcknowledged(notice="notice-1", team="ant")


def after(*events: Event) -> Given:
    """The programme, whose consortiums acknowledge what they are told."""
    charter = charters.charter(consortium_decisions=["acknowledge-notice"])
    return given(*events, background=[charter, *charters.enrolled()[1:]])


def test_a_notice_is_served_with_its_deadline_at_the_end_of_a_day_in_seoul() -> None:
    after().when("serve-notice", SERVE).then(SERVED)


@pytest.mark.parametrize(
    ("change", "error", "pointer"),
    [
        ({"template": "x"}, InvalidCommandError, "/template"),
        ({"values": {}}, InvalidCommandError, "/values"),
        ({"values": {"question": "a", "answer": "b"}}, InvalidCommandError, "/values/answer"),
        ({"team": "dog"}, TeamNotEnrolledError, "/team"),
    ],
)
def test_a_notice_follows_its_template_and_reaches_a_team(change: Any, error: Any, pointer: str) -> None:
    after().when("serve-notice", {**SERVE, **change}).refused(error, pointer)


def test_a_notice_is_for_the_teams_that_the_template_is_for() -> None:
    why = Names(en="why", ko="왜")
    advanced = TeamAdvanced(stage="heat", team="ant", reason=why)
    after(advanced).when("serve-notice", SERVE).refused(OutcomeUnpublishedError)
    published = ResultsPublished(stage="heat", publishers=("owner", "other"))
    after(advanced, published).when("serve-notice", SERVE).refused(NotRecipientError, "/team")


def test_a_notice_is_served_once() -> None:
    after(SERVED).when("serve-notice", SERVE).refused(NoticeAlreadyServedError)
    after(SERVED, ACKNOWLEDGED).when("serve-notice", SERVE).refused(NoticeAcknowledgedError)


@pytest.mark.parametrize("notice", [notice_id(7, "ant", "results"), reminder_id(7, "ant"), f"9-{'0' * 16}"])
def test_no_agency_takes_the_id_of_what_is_served_by_itself(notice: str) -> None:
    """It would be taken for served. What was recorded before ids were kept apart stands, and comes out so again."""
    taking = {**SERVE, "notice": notice}
    refusal = after().when("serve-notice", taking).refused(InvalidCommandError, "/notice")
    assert "ids" in refusal.rule
    (served,) = alone("serve-notice", taking, msgspec.structs.replace(SERVED, notice=notice))
    assert found([*first(), served]) == [2]
    assert found([*first(), changed(served, decider="serve-notice/1")]) == []


def test_what_the_system_puts_on_record_has_the_id_that_follows() -> None:
    def faults_of(notice: str, follows: str | None = "1", principal: str = "serve-notices/1") -> list[int]:
        body = {**SERVE, "notice": notice}
        actor = Actor(agency=SYSTEM, principal=principal, party="system")
        by_itself = given().by_itself("serve-notices", 1)
        made = recorded(by_itself, "serve-notice", body, (msgspec.structs.replace(SERVED, notice=notice),))
        serving = (changed(each, causation=follows, actor=actor) for each in made)
        return found([*first(reactions=[{"id": "serve-notices"}]), *serving])

    assert faults_of(notice_id(1, "ant", "hearing")) == []
    assert faults_of(notice_id(1, "bee", "hearing")) == [2]
    assert faults_of("by-hand") == [2]
    assert faults_of("by-hand", principal="serve-notices") == [2]
    assert faults_of(notice_id(0, "ant", "hearing"), follows=None) == [2]


def test_an_approval_does_not_depend_on_the_day_that_it_was_proposed() -> None:
    later = NoticeServed(**{**{f: getattr(SERVED, f) for f in SERVED.__struct_fields__}, "deadline": "later"})
    assert later.substance() == SERVED.substance()


def test_the_addressee_acknowledges_once() -> None:
    after(SERVED).by_consortium("ant").when("acknowledge-notice", ACKNOWLEDGE).then(ACKNOWLEDGED)
    after(SERVED, ACKNOWLEDGED).by_consortium("ant").when("acknowledge-notice", ACKNOWLEDGE).refused(
        NoticeAcknowledgedError
    )


def test_nobody_else_acknowledges() -> None:
    after(SERVED).by("owner").when("acknowledge-notice", ACKNOWLEDGE).refused(NotMandatedError, "/team")
    bee = after(SERVED).by_consortium("bee")
    bee.when("acknowledge-notice", {**ACKNOWLEDGE, "team": "bee"}).refused(NotAddresseeError, "/notice")
    bee.when("acknowledge-notice", ACKNOWLEDGE).refused(NotMandatedError, "/team")


def test_what_was_not_served_is_not_acknowledged() -> None:
    after().by_consortium("ant").when("acknowledge-notice", ACKNOWLEDGE).refused(NotAddresseeError, "/notice")


def test_a_public_record_may_report_an_acknowledgement() -> None:
    history = given(SERVED, background=[charters.reported_charter(), *charters.enrolled()[1:]])
    reported = {**ACKNOWLEDGE, "attribution": "reported", "source": "a newspaper"}
    history.when("acknowledge-notice", reported).then(ACKNOWLEDGED)
