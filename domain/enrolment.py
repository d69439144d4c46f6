"""Enrolment: a consortium takes a seat before the first stage is opened."""

from __future__ import annotations

from collections.abc import Iterator

from domain.consortiums import Consortiums
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.opened_stages import OpenedStages
from domain.refusal import Refusal
from domain.scalars import Identifier, Names
from domain.teams import NoSeatError, Organisation, Roster, TeamEnrolled, require_each_once


class ReentryOutsideCallError(Refusal):
    """A consortium enters a programme again by an additional call only."""


class EnrolmentOverError(Refusal):
    """The programme takes no teams any more, but by an additional call."""


class EnrolTeam(Command, frozen=True, kw_only=True):
    """A consortium by its id, for life, and its name in both languages. `members`: organisations, the lead first."""

    team: Identifier
    name: Names
    members: tuple[Organisation, ...] = ()


def _facts(_command: EnrolTeam, p: str) -> tuple[Roster, OpenedStages, Consortiums]:
    return Roster(p), OpenedStages(p), Consortiums(p)


@decision("enrol-team", EnrolTeam, comes_to=(TeamEnrolled,), needs=_facts)
def enrol_team(
    command: EnrolTeam, case: Case, roster: Roster, opened: OpenedStages, consortiums: Consortiums
) -> Iterator[Event]:
    """Give a consortium a seat in the programme, before its first stage is opened."""
    roster.require_new(command.team)
    if former := roster.reentry_id_of(command.team):
        raise ReentryOutsideCallError(
            f"team: {command.team} is the id of a re-entry of {former}",
            rule="A former team enters again by an additional call, with its lineage.",
            pointer="/team",
        )
    roster.require_own_name(command.name)
    if opened.fields:
        raise EnrolmentOverError(
            f"{next(iter(opened.fields))} is opened",
            rule="Once a stage was opened, seats are filled by an additional call alone.",
        )
    if len(roster.seated) >= int(case.charter.seats):
        raise NoSeatError(
            f"all {case.charter.seats} seats are taken", rule=f"The charter gives {case.charter.seats} seats."
        )
    require_each_once("members", command.members)
    if not command.reported:
        if led := consortiums.led_before(command.members, roster):
            raise ReentryOutsideCallError(
                f"members: {command.members[0]} led {', '.join(led)}",
                rule="A former team enters again by an additional call, with its lineage.",
                pointer="/members/0",
            )
        consortiums.require_led_apart(command.members, roster, at="/members/{}")
    yield TeamEnrolled(team=command.team, name=command.name, members=command.members)
