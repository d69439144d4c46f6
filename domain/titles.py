"""Titles that a team may bear by its status."""

from __future__ import annotations

from collections.abc import Iterator

from domain.boundary import QueryItem, tag
from domain.decision import Case, Command, decision
from domain.entitlements import require_entitled, require_published
from domain.event import Event, event
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Identifier, Names, Text
from domain.sentences import Says, Words
from domain.teams import Roster


class TitleHeldError(Refusal):
    """The team bears the title."""


class TitleNotHeldError(Refusal):
    """The team does not bear the title."""


class _OfTitle(Event, frozen=True, kw_only=True):
    team: str
    title: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), tag("team", programme, self.team))


@event(
    "TitleConferred",
    says=Says(
        title=Words("Title conferred", "명칭 부여"),
        en="{actor} conferred the title “{title}” on {team}",
        ko="{actor}이(가) {team}에 “{title}” 명칭을 부여하였다",
    ),
)
class TitleConferred(_OfTitle, frozen=True, kw_only=True):
    """From now on the team bears the title."""


@event(
    "TitleWithdrawn",
    says=Says(
        title=Words("Title withdrawn", "명칭 회수"),
        en="{actor} withdrew the title “{title}” from {team}",
        ko="{actor}이(가) {team}의 “{title}” 명칭을 회수하였다",
    ),
)
class TitleWithdrawn(_OfTitle, frozen=True, kw_only=True):
    """The team bears the title no more."""

    reason: Names


class Titles:
    """A fact: the titles that teams bear, of one team or, without `team`, of all in the programme.

    `decided`: by team and title, the position at which it was conferred or withdrawn last.
    """

    def __init__(self, programme: str, team: str | None = None) -> None:
        self._tag = tag("programme", programme) if team is None else tag("team", programme, team)
        self._held: dict[str, dict[str, int]] = {}
        self.decided: dict[tuple[str, str], int] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(TitleConferred.TYPE, TitleWithdrawn.TYPE), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, TitleConferred | TitleWithdrawn):
            self.decided[event.team, event.title] = position
        match event:
            case TitleConferred(team=team, title=title):
                self._held.setdefault(team, {})[title] = position
            case TitleWithdrawn(team=team, title=title):
                self._held.get(team, {}).pop(title, None)
            case _:
                pass

    def of(self, team: str) -> dict[str, int]:
        """Titles that the team bears, each with the position at which it was conferred."""
        return self._held.get(team, {})


class ConferTitle(Command, frozen=True, kw_only=True):
    """`title`: one of the charter's."""

    team: Identifier
    title: Text


def _facts(command: ConferTitle | WithdrawTitle, p: str) -> tuple[Roster, Titles]:
    return Roster(p), Titles(p, command.team)


@decision("confer-title", ConferTitle, comes_to=(TitleConferred,), needs=_facts)
def confer_title(command: ConferTitle, case: Case, roster: Roster, titles: Titles) -> Iterator[Event]:
    """Give a team a title that its status entitles it to."""
    roster.require(command.team)
    if not any(command.title in each.titles for each in case.charter.entitlements):
        raise InvalidCommandError(
            f"title: {command.title[:80]!r} is no title of the charter",
            rule="The charter names the titles.",
            pointer="/title",
        )
    if command.title in titles.of(command.team):
        raise TitleHeldError(
            f"{command.team} was given the title at position {titles.of(command.team)[command.title]}",
            rule="A title is conferred once.",
        )
    require_entitled(case.charter, roster, command.team, title=command.title)
    require_published(roster, command.team)
    yield TitleConferred(team=command.team, title=command.title)


class WithdrawTitle(Command, frozen=True, kw_only=True):
    """`title`: one that the team bears."""

    team: Identifier
    title: Text
    reason: Names


@decision("withdraw-title", WithdrawTitle, comes_to=(TitleWithdrawn,), needs=_facts)
def withdraw_title(command: WithdrawTitle, _case: Case, roster: Roster, titles: Titles) -> Iterator[Event]:
    """Take a title from a team, for a reason."""
    roster.require(command.team)
    if command.title not in titles.of(command.team):
        raise TitleNotHeldError(
            f"{command.team} does not bear the title {command.title[:80]!r}",
            rule="Only a title that is borne is withdrawn.",
        )
    require_published(roster, command.team)
    yield TitleWithdrawn(team=command.team, title=command.title, reason=command.reason)
