"""Withdrawal: a team leaves the programme of its own accord."""

from __future__ import annotations

from collections.abc import Iterator

from domain.decision import Case, Command, decision
from domain.entitlements import OutcomeUnpublishedError
from domain.event import Event
from domain.opened_stages import OpenedStages
from domain.outcome_events import TeamWithdrawn
from domain.scalars import Identifier, Names
from domain.team_machine import TEAM, team_state
from domain.teams import Roster


class WithdrawTeam(Command, frozen=True, kw_only=True):
    """Which team, and why."""

    team: Identifier
    reason: Names


def _facts(_command: WithdrawTeam, p: str) -> tuple[Roster, OpenedStages]:
    return Roster(p), OpenedStages(p)


@decision("withdraw-team", WithdrawTeam, comes_to=(TeamWithdrawn,), needs=_facts, own="team", in_person=True)
def withdraw_team(command: WithdrawTeam, _case: Case, roster: Roster, opened: OpenedStages) -> Iterator[Event]:
    """Leave the programme; the seat of the team is free from then.

    Before figures of its stage are certified or settled the team leaves the field as well; after that it keeps its
    rank, and its withdrawal is its outcome.
    """
    TEAM.require(team_state(roster, opened, command.team), "withdraw-team", subject=command.team, pointer="/team")
    if roster.awaits_first_results(command.team):
        # Not even which outcome it is: the consortium may be the one who asks.
        raise OutcomeUnpublishedError(
            f"an outcome of {command.team} is recorded, and not published yet",
            rule="A withdrawal waits for the results: it would give a recorded outcome away, or evade it.",
            pointer="/team",
        )
    stage = opened.latest_of(command.team)
    yield TeamWithdrawn(team=command.team, reason=command.reason, stage=None if stage in roster.finalised else stage)
