"""Consortiums: enrolment, the roster, and a team's status through the stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.boundary import QueryItem, tag
from domain.charter_document import Identifier, Names
from domain.decision import Case, Command, decision
from domain.event import Event, event
from domain.outcome_events import TeamAdvanced, TeamEliminated
from domain.refusal import InvalidCommandError, Refusal
from domain.stage_events import ResultsPublished

Status = Literal["enrolled", "evaluating", "advanced", "eliminated", "withdrawn"]


class TeamAlreadyEnrolledError(Refusal):
    """A consortium id is enrolled once in a programme, for life."""


class NoSeatError(Refusal):
    """Every seat of the programme is taken."""


class TeamNotEnrolledError(Refusal):
    """No team of that id takes part in the programme."""

    KIND = "invalid"


@event("TeamEnrolled")
class TeamEnrolled(Event, frozen=True, kw_only=True):
    """A consortium takes a seat."""

    team: str
    name: Names

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), tag("team", programme, self.team))


class Roster:
    """Every team that was ever enrolled, in order, with its latest status."""

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.status: dict[str, Status] = {}
        self.names: dict[str, Names] = {}
        self._outcome_in: dict[str, str] = {}
        self._published: set[str] = set()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (TeamEnrolled.TYPE, TeamAdvanced.TYPE, TeamEliminated.TYPE, ResultsPublished.TYPE)
        return (QueryItem(types=types, tags=(tag("programme", self.programme),)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case TeamEnrolled(team=team, name=name):
                self.status[team] = "enrolled"
                self.names[team] = name
            case TeamAdvanced(team=team, stage=stage):
                self.status[team], self._outcome_in[team] = "advanced", stage
            case TeamEliminated(team=team, stage=stage):
                self.status[team], self._outcome_in[team] = "eliminated", stage
            case ResultsPublished(stage=stage):
                self._published.add(stage)
            case _:
                pass

    @property
    def seated(self) -> list[str]:
        """Teams that hold a seat: enrolled and not eliminated."""
        return [team for team, status in self.status.items() if status in ("enrolled", "advanced")]

    def under_embargo(self, team: str) -> bool:
        """Whether the team's latest outcome is still unpublished."""
        return team in self._outcome_in and self._outcome_in[team] not in self._published

    def require(self, team: str) -> None:
        """Raise `TeamNotEnrolledError` unless the team was enrolled."""
        if team not in self.status:
            raise TeamNotEnrolledError(
                f"team: {team!r} is not enrolled in {self.programme}",
                rule="Decisions name teams that are enrolled in the programme.",
                pointer="/team",
            )


class EnrolTeam(Command, frozen=True, kw_only=True):
    """A consortium by its id, for life, and its name in both languages."""

    team: Identifier
    name: Names


@decision("enrol-team", EnrolTeam, needs=lambda _command, programme: (Roster(programme),))
def enrol_team(command: EnrolTeam, case: Case, roster: Roster) -> Iterator[Event]:
    """Give a consortium a seat in the programme."""
    if command.team in roster.status:
        raise TeamAlreadyEnrolledError(
            f"{command.team} was enrolled before",
            rule="A consortium id is for life; a re-entry has an id of its own.",
        )
    if any(name.en == command.name.en or name.ko == command.name.ko for name in roster.names.values()):
        raise InvalidCommandError(
            f"name: {command.name.en!r} is the name of another team",
            rule="Two teams of a programme do not share a name.",
            pointer="/name",
        )
    if len(roster.seated) >= int(case.charter.seats):
        raise NoSeatError(
            f"all {case.charter.seats} seats are taken", rule=f"The charter gives {case.charter.seats} seats."
        )
    yield TeamEnrolled(team=command.team, name=command.name)
