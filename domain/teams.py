"""The teams of a programme: the roster, and a team's status through the stages."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from domain.boundary import QueryItem, tag
from domain.call_events import CallTeamSelected
from domain.event import Event, event
from domain.legible import alike, known_as
from domain.outcome_events import OutcomeSuperseded, TeamAdvanced, TeamEliminated, TeamWithdrawn
from domain.publications import PUBLICATION_EVENTS, Publications
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Names
from domain.sentences import Says, Words
from domain.stage_events import StageFinalised

Status = Literal["enrolled", "evaluating", "advanced", "selected", "eliminated", "withdrawn"]
Organisation = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, description="an organisation's name of 1 to 200 characters")
]
"""The name of an organisation as it is registered; never that of a natural person."""


class TeamAlreadyEnrolledError(Refusal):
    """A consortium id is enrolled once in a programme, for life."""


class TeamEliminatedError(Refusal):
    """The team was eliminated."""


class TeamWithdrawnError(Refusal):
    """The team withdrew."""


class NoSeatError(Refusal):
    """Every seat of the programme is taken."""


class TeamNotEnrolledError(Refusal):
    """No team of that id takes part in the programme."""

    KIND = "invalid"


@event(
    "TeamEnrolled",
    says=Says(
        title=Words("Team enrolled", "팀 등록"),
        en="{actor} enrolled {team} in the programme[; members: {members}]",
        ko="{actor}이(가) {team}을(를) 사업 참여팀으로 등록하였다[. 구성 기관: {members}]",
    ),
)
class TeamEnrolled(Event, frozen=True, kw_only=True):
    """A consortium takes a seat. `members`: its organisations, the lead first; none if they were not said."""

    team: str
    name: Names
    members: tuple[str, ...] = ()

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), tag("team", programme, self.team))


ROSTER_EVENTS = (
    TeamEnrolled,
    CallTeamSelected,
    TeamAdvanced,
    TeamEliminated,
    TeamWithdrawn,
    OutcomeSuperseded,
    *PUBLICATION_EVENTS,
    StageFinalised,
)


class Roster:
    """Every team that was ever enrolled, or selected in a call, in order, with its latest status.

    `reenters`: the team that a team was before. `finalised`: stages of which nothing changes any more.
    """

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.status: dict[str, Status] = {}
        self.names: dict[str, Names] = {}
        self._entered: dict[str, Status] = {}
        self._outcomes: dict[str, list[tuple[str, int, Status]]] = {}
        self.reenters: dict[str, str] = {}
        self.publications = Publications()
        self.finalised: set[str] = set()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=tuple(cls.TYPE for cls in ROSTER_EVENTS), tags=(tag("programme", self.programme),)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case TeamEnrolled(team=team, name=name):
                self.status[team] = self._entered[team] = "enrolled"
                self.names[team] = name
            case CallTeamSelected(team=team, name=name, reenters=reenters):
                self.status[team] = self._entered[team] = "selected"
                self.names[team] = name
                if reenters is not None:
                    self.reenters[team] = reenters
            case TeamAdvanced(team=team, stage=stage):
                self._decide(team, stage, position, "advanced")
            case TeamEliminated(team=team, stage=stage):
                self._decide(team, stage, position, "eliminated")
            case OutcomeSuperseded(team=team, stage=stage, to=status):
                self._decide(team, stage, position, status)
            case TeamWithdrawn(team=team):
                self.status[team] = "withdrawn"
            case StageFinalised(stage=stage):
                self.finalised.add(stage)
            case _:
                self.publications.take(position, event)

    def _decide(self, team: str, stage: str, position: int, status: Status) -> None:
        self.status[team] = status
        self._outcomes.setdefault(team, []).append((stage, position, status))

    @property
    def seated(self) -> list[str]:
        """Teams that hold a seat: enrolled or selected, and not gone."""
        return [team for team, status in self.status.items() if status in ("enrolled", "advanced", "selected")]

    def under_embargo(self, team: str) -> bool:
        """Whether the team's latest outcome is still unpublished."""
        return team in self._outcomes and not self.publications.covers(*self._outcomes[team][-1][:2])

    def public_outcome(self, team: str) -> tuple[str, Status] | None:
        """The stage and the outcome that was published last of the team."""
        public = [each for each in self._outcomes.get(team, ()) if self.publications.covers(*each[:2])]
        return (public[-1][0], public[-1][2]) if public else None

    def public_status(self, team: str) -> Status:
        """The status of a team as far as is public."""
        if self.status[team] == "withdrawn" or not self.under_embargo(team):
            return self.status[team]
        public = self.public_outcome(team)
        return self._entered[team] if public is None else public[1]

    def with_outcome(self, stage: str) -> list[str]:
        """Teams whose outcome in the stage was decided."""
        return [team for team, outcomes in self._outcomes.items() if any(each[0] == stage for each in outcomes)]

    def awaits_first_results(self, team: str) -> bool:
        """Whether the team's latest outcome is of a stage of which no outcome of the team was ever published."""
        public = self.public_outcome(team)
        return team in self._outcomes and (public is None or public[0] != self._outcomes[team][-1][0])

    def known_to_have_left(self, team: str) -> bool:
        """Whether it is public that the team holds no seat any more, and cannot change before it is public."""
        if self.status.get(team) == "withdrawn":
            return True
        public = self.public_outcome(team)
        return public is not None and public[1] == "eliminated" and self.publications.current(public[0])

    def reentry_of(self, team: str) -> str:
        """The id that the consortium of `team` enters again under: `{consortium}-2`, then -3 …."""
        team = self._first(team)
        number = 2
        while f"{team}-{number}" in self.status:
            number += 1
        return f"{team}-{number}"

    def reentry_id_of(self, team: str) -> str | None:
        """The team that an id of the shape `{team}-2` would be a re-entry of, if there was one."""
        consortium, _, number = team.rpartition("-")
        return consortium if consortium in self.status and number.isdecimal() else None

    def lineage(self, team: str | None) -> set[str]:
        """The team, and those that it was before."""
        found = set()
        while team is not None:
            found.add(team)
            team = self.reenters.get(team)
        return found

    def same_consortium(self, team: str) -> list[str]:
        """Every team that the consortium of `team` ever was, this one with them."""
        first = self._first(team)
        return [each for each in self.status if self._first(each) == first]

    def _first(self, team: str) -> str:
        while team in self.reenters:
            team = self.reenters[team]
        return team

    def require_new(self, team: str) -> None:
        """Raise `TeamAlreadyEnrolledError` if the id was ever taken."""
        if team in self.status:
            raise TeamAlreadyEnrolledError(
                f"{team} was enrolled before", rule="A consortium id is for life; a re-entry has an id of its own."
            )

    def require_own_name(self, name: Names, reenters: str | None = None) -> None:
        """Raise unless no other team has the name; a re-entrant may go by that of the teams that it was."""
        own = self.lineage(reenters)
        for team, taken in self.names.items():
            if team not in own and (alike(taken.en, name.en) or alike(taken.ko, name.ko)):
                raise InvalidCommandError(
                    f"name: {name.en!r} is the name of another team",
                    rule="Two teams of a programme do not share a name.",
                    pointer="/name",
                )

    def require(self, team: str) -> None:
        """Raise `TeamNotEnrolledError` unless the team was enrolled."""
        if team not in self.status:
            raise TeamNotEnrolledError(
                f"team: {team!r} is not enrolled in {self.programme}",
                rule="Decisions name teams that are enrolled in the programme.",
                pointer="/team",
            )


def require_each_once(field: str, organisations: tuple[str, ...]) -> None:
    """Raise `InvalidCommandError` for an organisation named twice."""
    known = [known_as(each) for each in organisations]
    for n, each in enumerate(organisations):
        if known[n] in known[:n]:
            raise InvalidCommandError(
                f"{field}: {each} stands twice",
                rule="An organisation is a member of a consortium once.",
                pointer=f"/{field}/{n}",
            )
