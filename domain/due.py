"""What a decision that follows by itself is, and what reactions look at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from domain.charter_document import Charter
from domain.charter_document import Reaction as Named
from domain.deadlines import day_of
from domain.decision import Fact
from domain.milestones import Milestones
from domain.opened_calls import OpenedCalls
from domain.system import REACTIONS
from domain.teams import Roster


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that follows. `follows`: the position of what it follows from; `subject`: the grant, team, stage or
    call that it is about. `at`: the instant from which it is due, where it is not due at once.
    """

    reaction: str
    follows: int
    subject: str
    body: dict[str, Any]
    at: str | None = None

    @property
    def decision(self) -> str:
        return REACTIONS[self.reaction]

    @property
    def key(self) -> str:
        """Its own name as a request: however often and by however many it is made, it is recorded once."""
        return f"{self.reaction}:{self.follows}:{hashlib.sha256(self.subject.encode()).hexdigest()}"


class Known(NamedTuple):
    """What every reaction looks at. `now`: when, UTC."""

    charter: Charter
    milestones: Milestones
    roster: Roster
    calls: OpenedCalls
    now: datetime

    @property
    def programme(self) -> str:
        return self.milestones.programme

    @property
    def today(self) -> date:
        return day_of(self.now, self.charter.zone)

    def named(self, reaction: str) -> Named:
        """The reaction as the charter has it, which it does."""
        return next(each for each in self.charter.reactions if each.id == reaction)

    def days(self, reaction: str) -> int:
        """The days that the charter gives."""
        return int(self.named(reaction).days)

    def with_final(self, status: str) -> Iterator[tuple[str, str]]:
        """Teams of which that is the outcome, which nothing changes any more, each with its stage."""
        for team in self.roster.status:
            outcome = self.roster.public_outcome(team)
            if self.roster.status[team] != status or outcome is None or self.roster.under_embargo(team):
                continue
            if outcome[0] in self.milestones.finalised:
                yield team, outcome[0]


def common(programme: str) -> tuple[Milestones, Roster, OpenedCalls]:
    """The facts of every reaction, in the order of `Known`."""
    return Milestones(programme), Roster(programme), OpenedCalls(programme)


class Reaction(NamedTuple):
    """`looks_at`: what else is to be read, each time that it may be due. `of`: the same, of one command. `due`: what is
    due on it.
    """

    name: str
    looks_at: Callable[[Known], Iterable[tuple[Fact, ...]]]
    of: Callable[[Any, str], tuple[Fact, ...]]
    due: Callable[..., Iterator[Due]]
    version: int = 1
