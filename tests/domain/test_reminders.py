"""Reminders: whoever has not done yet what a deadline is for is told before it ends, once, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.event import Event
from domain.notices import NoticeAlreadyServedError, NoticeServed
from domain.outcome_events import TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.reactions import NotFollowingError
from domain.stage_events import ObjectionsWaived
from tests.domain import charters, hearings
from tests.domain.granting import WHY
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
