"""Consortiums: the organisations that stand behind a team, and how they change. The team, its id and its lead stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain.boundary import QueryItem, tag
from domain.call_events import CallTeamSelected
from domain.deadlines import day_of
from domain.decision import Case, Command, decision, refuse_if
from domain.event import Event, event
from domain.legible import alike
from domain.opened_stages import OpenedStages
from domain.periods import require_date
from domain.points import UNDISCLOSED
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Date, Identifier
from domain.sentences import Says, Words
from domain.team_machine import TEAM, team_state
from domain.teams import Organisation, Roster, TeamEnrolled, require_each_once


class AlreadyMemberError(Refusal):
    """An organisation that joins is in the consortium."""

    KIND = "invalid"


class NotMemberError(Refusal):
    """An organisation that leaves is not in the consortium."""

    KIND = "invalid"


class LeadInTwoConsortiumsError(Refusal):
    """The lead of a consortium takes part in another one."""

    KIND = "invalid"


class LeadStaysError(Refusal):
    """The lead of a consortium stays: the team is its own."""

    KIND = "invalid"


@event(
    "ConsortiumChanged",
    says=Says(
        title=Words("Consortium changed", "컨소시엄 변경"),
        en="{team} changed its consortium as of {effective:day}[; joined: {joined}][; left: {left}]",
        ko="{team}이(가) {effective:day}자로 컨소시엄 구성을 변경하였다[. 합류: {joined}][. 탈퇴: {left}]",
    ),
)
class ConsortiumChanged(Event, frozen=True, kw_only=True):
    """Organisations joined a consortium and left it. `effective`: the day (YYYY-MM-DD) since which that is so."""

    team: str
    joined: tuple[str, ...]
    left: tuple[str, ...]
    effective: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), tag("team", programme, self.team))


class Consortiums:
    """A fact: the members of one team or, without `team`, of all in the programme, as far as they were recorded.

    `effective_at`: a day; without changes that have effect after it.
    """

    def __init__(self, programme: str, team: str | None = None, *, effective_at: str | None = None) -> None:
        self._effective_at = effective_at
        self._tag = tag("programme", programme) if team is None else tag("team", programme, team)
        self._members: dict[str, tuple[str, ...]] = {}
        self._leads: dict[str, str] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(TeamEnrolled.TYPE, CallTeamSelected.TYPE, ConsortiumChanged.TYPE), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case TeamEnrolled(team=team, members=members) | CallTeamSelected(team=team, members=members):
                self._members[team] = members
                if members:
                    self._leads[team] = members[0]
            case ConsortiumChanged(effective=effective) if (
                self._effective_at is not None and effective > self._effective_at
            ):
                pass
            case ConsortiumChanged(team=team, joined=joined, left=left):
                stayed = tuple(each for each in self.of(team) if not _among(each, left))
                self._members[team] = (*stayed, *joined)
            case _:
                pass

    def of(self, team: str) -> tuple[str, ...]:
        return self._members.get(team, ())

    def lead_of(self, team: str) -> str | None:
        """The lead as it took its seat; `None` if its members were not said."""
        return self._leads.get(team)

    def led_before(self, members: tuple[str, ...], roster: Roster) -> list[str]:
        """Teams known to have left that were led by the first of these members."""
        return [
            each
            for each, lead in self._leads.items()
            if members and alike(lead, members[0]) and roster.known_to_have_left(each)
        ]

    def require_led_apart(self, members: tuple[str, ...], roster: Roster, *, at: str) -> None:
        """Raise if a new consortium of these members, the lead first, shares a lead with one of the programme.

        `at`: the pointer to a member, by its number.
        """
        self._require_apart(members, members[0] if members else None, self._seated(roster), at)

    def require_back_apart(self, team: str, roster: Roster) -> None:
        """Raise if a team that takes its seat back shares a lead with one that holds a seat."""
        others = [each for each in roster.seated if each != team]
        self._require_apart(self.of(team), self.lead_of(team), others, "/team")

    def require_no_lead(self, joined: tuple[str, ...], team: str, roster: Roster) -> None:
        """Raise if an organisation that joins a team leads another."""
        self._require_apart(joined, None, [each for each in self._seated(roster) if each != team], "/joined/{}")

    def _require_apart(self, members: tuple[str, ...], lead: str | None, teams: list[str], at: str) -> None:
        """Raise if one of the members leads one of the teams, or `lead` is in one."""
        refuse_if(
            (
                (at.format(n), f"{each} {'leads' if _same(each, self.lead_of(team)) else 'is in'} {team}")
                for n, each in enumerate(members)
                for team in teams
                if _same(each, self.lead_of(team)) or (_same(each, lead) and _among(each, self.of(team)))
            ),
            rule=_APART,
            error=LeadInTwoConsortiumsError,
        )

    def _seated(self, roster: Roster) -> list[str]:
        """Teams with a seat, as far as is public: no refusal, and no lack of one, tells who is eliminated."""
        return [team for team in self._members if not roster.known_to_have_left(team)]


def _same(one: str, other: str | None) -> bool:
    """Whether two names are of one organisation, as far as a person can see."""
    return other is not None and alike(one, other)


def _among(one: str, others: tuple[str, ...]) -> bool:
    return any(_same(one, each) for each in others)


_APART: Final = "Who leads a consortium takes part in no other; organisations that lead none may take part in several."


class ChangeConsortium(Command, frozen=True, kw_only=True):
    """Organisations, not people, that joined and left. `effective`: the day (YYYY-MM-DD) since which that is so;
    undisclosed if it is reported and was not published."""

    team: Identifier
    joined: tuple[Organisation, ...] = ()
    left: tuple[Organisation, ...] = ()
    effective: Date


def _facts(command: ChangeConsortium, p: str) -> tuple[Roster, OpenedStages, Consortiums]:
    """Of other consortiums only where somebody joins, who may lead one."""
    return Roster(p), OpenedStages(p), Consortiums(p, None if command.joined else command.team)


@decision("change-consortium", ChangeConsortium, comes_to=(ConsortiumChanged,), needs=_facts, own="team")
def change_consortium(
    command: ChangeConsortium, case: Case, roster: Roster, opened: OpenedStages, consortiums: Consortiums
) -> Iterator[Event]:
    """Record that organisations joined a consortium or left it; its id, its name and its lead stay."""
    state = team_state(roster, opened, command.team)
    TEAM.require(state, "change-consortium", subject=command.team, pointer="/team")
    _require_day(command, case)
    if not (command.joined or command.left):
        raise InvalidCommandError("joined: nobody joins and nobody leaves", rule="A change changes something.")
    require_each_once("joined", command.joined)
    require_each_once("left", command.left)
    members = consortiums.of(command.team)
    refuse_if(
        (
            (f"/joined/{n}", f"{each} is in {command.team}")
            for n, each in enumerate(command.joined)
            if _among(each, members)
        ),
        rule="An organisation joins a consortium that it is not in.",
        error=AlreadyMemberError,
    )
    if not command.reported:
        consortiums.require_no_lead(command.joined, command.team, roster)
    refuse_if(
        (
            (f"/left/{n}", f"{each} is not in {command.team}")
            for n, each in enumerate(command.left)
            if not _among(each, members)
        ),
        rule="An organisation leaves a consortium that it is in.",
        error=NotMemberError,
    )
    lead = consortiums.lead_of(command.team)
    if lead is not None and _among(lead, command.left):
        raise LeadStaysError(
            f"{lead} leads {command.team}",
            rule="A team without its lead is another team: it withdraws, and may apply again.",
            pointer="/left",
        )
    yield ConsortiumChanged(team=command.team, joined=command.joined, left=command.left, effective=command.effective)


def _require_day(command: ChangeConsortium, case: Case) -> None:
    """Raise unless the change has happened: who is a member is known of today, not of a day to come."""
    if command.reported and command.effective == UNDISCLOSED:
        return
    require_date("effective", command.effective)
    if command.effective > day_of(case.decided_at, case.charter.zone).isoformat():
        raise InvalidCommandError(
            f"effective: {command.effective} is to come",
            rule="A consortium's change is recorded once it has happened.",
            pointer="/effective",
        )
