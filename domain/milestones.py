"""What reactions follow from: how far stages, calls and grants of a programme have come, and since which position."""

from __future__ import annotations

from typing import NamedTuple

from domain.boundary import QueryItem, tag
from domain.call_events import (
    AdditionalCallOpened,
    ApplicationScreened,
    CallApplicationReceived,
    CallTeamSelected,
)
from domain.charter import CHARTER_EVENTS
from domain.charter_document import parse
from domain.event import Event
from domain.grant_course import GrantCourse, evolved
from domain.grant_events import (
    GrantAdjusted,
    GrantResumed,
    GrantRevoked,
    GrantSuspended,
    ResourceGranted,
)
from domain.outcome_events import TeamWithdrawn
from domain.stage_events import ResultsPublished, ScoringReopened, StageFinalised, StageOpened


class Published(NamedTuple):
    """Results that are public as they stand. `until`: when the objection window ends, if there is one."""

    position: int
    until: str | None


class Milestones:
    """A fact: positions, by what they are of.

    `mandated`: since when the charter has a reaction; what was before follows from nothing. `opened`, `published`,
    `finalised`: of stages. `withdrawn`, `selected`: of teams. `calls`: when each was opened.
    """

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.mandated: dict[str, int] = {}
        self.opened: dict[str, int] = {}
        self.published: dict[str, Published] = {}
        self.finalised: dict[str, int] = {}
        self.withdrawn: dict[str, int] = {}
        self.selected: dict[str, int] = {}
        self.calls: dict[str, int] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (
            *CHARTER_EVENTS,
            StageOpened,
            ResultsPublished,
            ScoringReopened,
            StageFinalised,
            TeamWithdrawn,
            CallTeamSelected,
            AdditionalCallOpened,
        )
        return (QueryItem(types=tuple(each.TYPE for each in types), tags=(tag("programme", self.programme),)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case ResultsPublished(stage=stage, objections_until=until):
                self.published[stage] = Published(position, until)
            case ScoringReopened(stage=stage):
                self.published.pop(stage, None)
            case StageOpened(stage=stage):
                self.opened[stage] = position
            case StageFinalised(stage=stage):
                self.finalised[stage] = position
            case TeamWithdrawn(team=team):
                self.withdrawn[team] = position
            case CallTeamSelected(team=team):
                self.selected[team] = position
            case AdditionalCallOpened(call=call):
                self.calls[call] = position
            case _ if isinstance(event, CHARTER_EVENTS):
                named = [each.id for each in parse(event.document.encode()).reactions]
                self.mandated = {each: self.mandated.get(each, position) for each in named}
            case _:
                pass


class GrantTurns:
    """A fact: the grants that carry a tag, of one team or one grant, and what was decided last of their use.

    `stopped`: by grant, the position of its last suspension, resumption or revocation.
    """

    def __init__(self, tag_: str) -> None:
        self.tag = tag_
        self.courses: dict[str, GrantCourse] = {}
        self.stopped: dict[str, int] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (ResourceGranted, GrantAdjusted, GrantSuspended, GrantResumed, GrantRevoked)
        return (QueryItem(types=tuple(each.TYPE for each in types), tags=(self.tag,)),)

    def apply(self, position: int, event: Event) -> None:
        assert isinstance(event, ResourceGranted | GrantAdjusted | GrantSuspended | GrantResumed | GrantRevoked)
        course = self.courses.get(event.grant, GrantCourse())
        self.courses[event.grant] = evolved(course, position, event)
        if isinstance(event, GrantSuspended | GrantResumed | GrantRevoked):
            self.stopped[event.grant] = position


class Applicants:
    """A fact: who applied to a call, under whatever id, and who waits or was admitted."""

    def __init__(self, programme: str, call: str) -> None:
        self.call = call
        self._tag = tag("call", programme, call)
        self.waiting: set[str] = set()
        self.applied: set[str] = set()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (CallApplicationReceived.TYPE, ApplicationScreened.TYPE)
        return (QueryItem(types=types, tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case CallApplicationReceived(team=team, reenters=former):
                self.waiting.add(team)
                self.applied |= {team, former or team}
            case ApplicationScreened(team=team, screening="refused"):
                self.waiting.discard(team)
            case _:
                pass
