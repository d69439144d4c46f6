"""Reminders: whoever has not done yet what a deadline is for is told before it ends, once, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.call_events import AdditionalCallOpened, CallApplicationReceived, CallClosedWithoutSelection
from domain.charter_faults import faults
from domain.decision import DECISIONS
from domain.event import EVENTS, Event
from domain.notices import NoticeAlreadyServedError, NoticeServed, reminder_id
from domain.outcome_events import TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.reactions import NotFollowingError
from domain.scalars import Names
from domain.stage_events import ObjectionsWaived
from tests.domain import charters, hearings
from tests.domain.granting import WHY
from tests.domain.test_notices import ACKNOWLEDGED, SERVED
from tests.domain.test_reactions import FINAL, SOON, due, ended, found, news, rules
from tests.given import Given, given

TWO_BEFORE = datetime(2026, 1, 18, 15, 0, tzinfo=UTC)
"""Of a deadline that the 20th ends with, in Seoul."""
BEFORE_ANSWER = datetime(2026, 1, 20, 15, 0, tzinfo=UTC)
"""Of that until which ant is to answer."""


def told(history: Given) -> list[tuple[str, str, str]]:
    served = [each for each in news(history) if isinstance(each, NoticeServed)]
    return [(each.team, each.subject, each.values["deadline"]) for each in served]


def window(*more: Event) -> Given:
    return ended(rules("remind-of-objections"), *more).at(TWO_BEFORE)


def test_teams_are_reminded_of_the_end_of_the_objection_window() -> None:
    assert told(window()) == [(team, "heat", "2026-01-20") for team in charters.TEAMS]
    assert told(window().at(TWO_BEFORE - timedelta(microseconds=1))) == []
    assert [each.at for each in found(window())] == ["2026-01-18T15:00:00.000000Z"] * 3


def test_nobody_is_reminded_of_what_is_done_or_over() -> None:
    assert [team for team, *_ in told(window(ObjectionsWaived(stage="heat", team="bee")))] == ["ant", "cow"]
    assert found(window().at(TWO_BEFORE + timedelta(days=2))) == []
    assert found(window(FINAL)) == []


def asked(*more: Event, **changes: Any) -> Given:
    history = [rules("remind-of-statements", **changes), *charters.opened()[1:], hearings.OPENED, hearings.REQUESTED]
    return given(background=[*history, *more]).at(BEFORE_ANSWER)


def test_a_team_is_reminded_of_the_statement_that_it_was_asked_for() -> None:
    assert told(asked()) == [("ant", "heat", "2026-01-22")]
    assert told(asked().at(BEFORE_ANSWER - timedelta(microseconds=1))) == []


def test_a_team_that_has_answered_or_was_ruled_upon_is_not_reminded() -> None:
    assert told(asked(hearings.ANSWERED)) == []
    assert told(asked(hearings.RULED)) == []
    assert [team for team, *_ in told(asked(hearings.ANSWERED, hearings.REQUESTED))] == ["ant"]


def test_whose_outcome_is_under_embargo_is_told_nothing_that_would_give_it_away() -> None:
    out = TeamEliminated(stage="heat", team="ant", basis="rank", reason=WHY)
    assert found(asked(out)) == []
    assert found(asked(TeamAdvanced(stage="heat", team="ant", reason=WHY))) == []


def test_a_team_that_is_gone_is_asked_for_nothing() -> None:
    notices = [{**SOON, "recipients": ["enrolled", "withdrawn"]}]
    (each,) = due(asked(notices=notices))
    gone = asked(TeamWithdrawn(team="ant", reason=WHY, stage="heat"), notices=notices)
    assert found(gone) == []
    gone.by_itself(each.reaction, each.follows).when(each.decision, each.body).refused(NotFollowingError)


def test_only_those_whom_the_template_is_for_are_reminded() -> None:
    soon = {**SOON, "recipients": ["eliminated"]}
    history = ended(rules("remind-of-objections", notices=[soon])).at(TWO_BEFORE)
    assert [team for team, *_ in told(history)] == ["cow"]


def test_a_reminder_is_served_once_and_says_what_the_charter_says() -> None:
    history = window()
    each = due(history)[0]
    (served,) = history.by_itself(each.reaction, each.follows).when(each.decision, each.body).decide()
    again = replace(history, background=[*history.background, served])
    again.by_itself(each.reaction, each.follows).when(each.decision, each.body).refused(NoticeAlreadyServedError)
    other = {**each.body, "values": {"deadline": "2027-01-01"}}
    history.by_itself(each.reaction, each.follows).when(each.decision, other).refused(NotFollowingError)


def called(*more: Event, **changes: Any) -> Given:
    opened = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="2026-01-20")
    return ended(rules("remind-of-calls", **changes), opened, *more).at(TWO_BEFORE)


def test_former_teams_that_may_apply_to_a_call_and_did_not_are_reminded_of_its_deadline() -> None:
    """Nobody else can be served on record; and of a call that is over nobody is."""
    assert told(called()) == [("cow", "refill", "2026-01-20")]
    assert told(called().at(TWO_BEFORE - timedelta(microseconds=1))) == []
    of: dict[str, Any] = {"call": "refill", "eligible_class": "anyone", "team": "cow-2", "reenters": "cow"}
    assert found(called(CallApplicationReceived(**of, name=Names(**charters.names("cow"))))) == []
    assert found(called(CallClosedWithoutSelection(call="refill", stage="heat", reason=WHY))) == []
    assert found(called().at(TWO_BEFORE + timedelta(days=2))) == []


def test_nobody_is_reminded_of_a_call_that_is_for_others() -> None:
    (call,) = charters.document()["calls"]
    others = {**call, "closes": "2026-01-20", "classes": [{**call["classes"][0], "requires": "not-former-team"}]}
    assert found(called(calls=[others])) == []


TO_ACKNOWLEDGE = msgspec.structs.replace(SERVED, deadline="2026-01-20T15:00:00.000000Z")


def unacknowledged(*more: Event, served: NoticeServed = TO_ACKNOWLEDGE, **changes: Any) -> Given:
    hearing = charters.document()["notices"][0]
    charter = rules("remind-of-acknowledgements", notices=[hearing, SOON], **ACKNOWLEDGING, **changes)
    return given(background=[charter, *charters.enrolled()[1:], served, *more]).at(TWO_BEFORE)


ACKNOWLEDGING: dict[str, Any] = {"consortium_decisions": ["acknowledge-notice"]}


def test_a_team_is_reminded_of_a_notice_that_it_has_not_acknowledged() -> None:
    assert told(unacknowledged()) == [("ant", "notice-1", "2026-01-20")]
    assert told(unacknowledged().at(TWO_BEFORE - timedelta(microseconds=1))) == []
    assert found(unacknowledged(ACKNOWLEDGED)) == []
    assert found(unacknowledged().at(TWO_BEFORE + timedelta(days=2))) == []


def test_nobody_is_reminded_of_a_reminder_or_sooner_than_they_could_read() -> None:
    assert found(unacknowledged(served=msgspec.structs.replace(TO_ACKNOWLEDGE, notice=reminder_id(3, "ant")))) == []
    hearing = {**charters.document()["notices"][0], "acknowledge_days": "2"}
    charter = rules("remind-of-acknowledgements", **{"notices": [hearing, SOON], **ACKNOWLEDGING})
    assert found(given(background=[charter, *charters.enrolled()[1:], TO_ACKNOWLEDGE]).at(TWO_BEFORE)) == []


@pytest.mark.parametrize(
    ("reaction", "without"),
    [("remind-of-calls", {"calls": []}), ("remind-of-acknowledgements", {"consortium_decisions": []})],
)
def test_a_reminder_of_what_there_never_is_is_a_fault(reaction: str, without: dict[str, Any]) -> None:
    named = {"reactions": [{"id": reaction, "days": "2", "template": "soon"}], "notices": [SOON]}

    def pointers(**changes: Any) -> list[str]:
        return [each.pointer for each in faults(charters.document(**named, **changes), DECISIONS, EVENTS)]

    assert "/reactions/0" in pointers(**without)
    assert "/reactions/0" not in pointers()
