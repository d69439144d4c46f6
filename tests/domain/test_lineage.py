"""Who led a team that has left enters again as that team only."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest

from domain.call_applications import ClassNotEligibleError
from domain.call_events import CallTeamSelected
from domain.decision import boundary
from domain.enrolment import ReentryOutsideCallError
from domain.event import Event, encode_data
from domain.outcome_events import OutcomeSuperseded, TeamWithdrawn
from domain.refusal import InvalidCommandError
from domain.rulebook import DECISIONS
from domain.teams import TeamEnrolled
from tests.domain import charters
from tests.domain.test_calls import (
    WHY,
    announced,
    application,
    eliminated,
    name_of,
    received,
    screened,
    select,
    selected,
)
from tests.domain.test_stateful import lived
from tests.given import Given, given
from tests.lawful import Lawful

LED = ("Lead", "Lab")
REPORTED = {"attribution": "reported", "source": "a newspaper"}


def led(history: Given, team: str = "cow", members: tuple[str, ...] = LED) -> Given:
    """The same history, the team enrolled with these members."""
    said = [
        msgspec.structs.replace(each, members=members) if isinstance(each, TeamEnrolled) and each.team == team else each
        for each in history.background
    ]
    return given(background=said)


@pytest.mark.parametrize("eligible_class", ["anyone", "fresh"])
def test_who_led_a_team_that_was_eliminated_applies_under_no_other_id(eligible_class: str) -> None:
    asked = application(members=["Lead", "New"], eligible_class=eligible_class)
    led(announced()).when("apply-to-call", asked).refused(ClassNotEligibleError, "/reenters")
    led(announced()).when("apply-to-call", {**asked, "members": []}).refused(InvalidCommandError, "/members")
    assert led(announced()).when("apply-to-call", {**asked, "members": ["Lab", "Lead"]}).decide()


def test_it_enters_again_as_the_team_that_it_led() -> None:
    body = application("cow-2", called="cow", reenters="cow", members=["Lead"])
    assert led(announced()).when("apply-to-call", body).decide()
    gone = TeamWithdrawn(team="bee", reason=WHY)
    other = application("bee-2", called="bee", reenters="bee", members=["Lead"])
    led(announced(gone)).when("apply-to-call", other).refused(ClassNotEligibleError, "/reenters")


def test_who_did_not_lead_it_does_not_enter_again_as_it() -> None:
    body = application("cow-2", called="cow", reenters="cow", members=["Lab", "Lead"])
    led(announced()).when("apply-to-call", body).refused(ClassNotEligibleError, "/reenters")
    ready = (received("cow-2", name="cow", reenters="cow", members=("Lab",)), screened("cow-2", independence="met"))
    led(announced(*ready)).when("select-team", select("cow-2")).refused(ClassNotEligibleError, "/team")


def test_it_names_every_team_that_it_led() -> None:
    again = CallTeamSelected(
        call="earlier", stage="heat", team="cow-2", name=name_of("cow"), reason=WHY, reenters="cow", members=LED
    )
    history = led(announced(again, TeamWithdrawn(team="cow-2", reason=WHY)))
    body = application("cow-3", called="cow", members=["Lead"])
    assert history.when("apply-to-call", {**body, "reenters": "cow-2"}).decide()
    history.when("apply-to-call", {**body, "reenters": "cow"}).refused(ClassNotEligibleError, "/reenters")


COW_2 = CallTeamSelected(call="refill", stage="heat", team="cow-2", name=name_of("cow"), reason=WHY, reenters="cow")


def test_a_consortium_holds_one_seat_whoever_its_members_are() -> None:
    """It came back by another outcome after it applied, or by another call."""
    ready = (received("cow-2", name="cow", reenters="cow"), screened("cow-2", independence="met"))
    assert announced(*ready).when("select-team", select("cow-2")).decide()
    gone = TeamWithdrawn(team="bee", reason=WHY)  # a seat is free in any case
    back = OutcomeSuperseded(
        stage="heat", team="cow", was="eliminated", to="advanced", basis="objection", reason=WHY, objection="o"
    )
    again = announced(*ready, back, gone)
    refusal = again.when("select-team", select("cow-2")).refused(ClassNotEligibleError, "/team")
    assert refusal.detail == "team: cow-2 is cow, which holds a seat"
    earlier = msgspec.structs.replace(COW_2, call="earlier")
    twice = (received("cow-3", name="kow", reenters="cow"), screened("cow-3", independence="met"))
    announced(earlier, gone, *twice).when("select-team", select("cow-3")).refused(ClassNotEligibleError, "/team")
    left = TeamWithdrawn(team="cow-2", reason=WHY)
    assert announced(earlier, left, gone, *twice).when("select-team", select("cow-3")).decide()


def test_a_consortium_that_is_back_does_not_apply_again() -> None:
    earlier = msgspec.structs.replace(COW_2, call="earlier")
    body = application("cow-3", called="kow", reenters="cow")
    announced(earlier).when("apply-to-call", body).refused(ClassNotEligibleError, "/reenters")
    left = TeamWithdrawn(team="cow-2", reason=WHY)
    assert announced(earlier, left).when("apply-to-call", body).decide()


def test_who_leads_a_team_that_leaves_after_it_applied_is_not_selected_under_the_other_id() -> None:
    ready = (received(members=LED), screened())
    leaving: list[Event] = [TeamWithdrawn(team="ant", reason=WHY)]
    led(announced(*ready, *leaving), "ant").when("select-team", select()).refused(ClassNotEligibleError, "/team")
    led(announced(*ready, *leaving), "ant", ("Other",)).when("select-team", select()).then(selected(members=LED))


def test_no_answer_to_an_applicant_tells_that_a_team_is_eliminated() -> None:
    asked = application(members=["Lead"])
    for history in (announced(), announced(eliminated("ant", "final"))):
        assert led(history, "ant").when("apply-to-call", asked).decide()


def test_who_led_a_team_that_withdrew_before_the_first_stage_is_enrolled_under_no_other_id() -> None:
    history = led(given(background=[*charters.enrolled(), TeamWithdrawn(team="cow", reason=WHY)]))
    dog: dict[str, Any] = {"team": "dog", "name": charters.names("DOG")}
    history.when("enrol-team", {**dog, "members": ["Lead"]}).refused(ReentryOutsideCallError, "/members/0")
    for members in ([], ["Lab", "Lead"]):
        assert history.when("enrol-team", {**dog, "members": members}).decide()


def test_what_is_reported_may_leave_a_lineage_unsaid() -> None:
    record = charters.reported_charter()
    asked = application(members=["Lead"], **REPORTED)
    assert led(announced(charter=record)).when("apply-to-call", asked).decide()


def test_a_team_that_leaves_meets_whoever_applies_with_its_lead() -> None:
    for decision in (DECISIONS["apply-to-call"], DECISIONS["select-team"]):
        body = application(members=["Lead"]) if decision.type == "apply-to-call" else select()
        query = boundary(decision.needs(msgspec.convert(body, decision.command), "programme"))
        assert query.matches(TeamWithdrawn.TYPE, TeamWithdrawn(team="cow", reason=WHY).tags("programme"))


@pytest.mark.parametrize(("lead", "lawful"), [("ant Ltd", False), ("cow Ltd", False), ("dog Ltd", True)])
def test_a_history_in_which_a_lead_takes_a_second_seat_is_unlawful(lead: str, *, lawful: bool) -> None:
    told = Lawful()
    with contextlib.nullcontext() if lawful else pytest.raises(AssertionError, match=f"{lead} leads dog"):
        for position, event in enumerate(lived("two leave"), 1):
            data = msgspec.json.decode(encode_data(event))
            told.take(position, event.TYPE, data | ({"members": [lead]} if data.get("team") == "dog" else {}))
