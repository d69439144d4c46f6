"""The states of a team, and the decisions that lead from one to another."""

from __future__ import annotations

from typing import Literal

from domain.machines import machine
from domain.opened_stages import OpenedStages
from domain.outcomes import OutcomeAlreadyDecidedError
from domain.teams import Roster, TeamAlreadyEnrolledError, TeamEliminatedError, TeamNotEnrolledError, TeamWithdrawnError

TeamState = Literal["unenrolled", "enrolled", "selected", "evaluating", "advanced", "eliminated", "withdrawn"]

TEAM = machine(
    "team",
    initial="unenrolled",
    transitions=[
        ("unenrolled", "enrol-team", "enrolled"),
        ("unenrolled", "select-team", "selected"),
        ("enrolled", "open-stage", "evaluating"),
        ("selected", "open-stage", "evaluating"),
        ("advanced", "open-stage", "evaluating"),
        ("evaluating", "advance-team", "advanced"),
        ("evaluating", "eliminate-team", "eliminated"),
        ("advanced", "supersede-outcome", "eliminated"),
        ("eliminated", "supersede-outcome", "advanced"),
        ("eliminated", "supersede-outcome", "eliminated"),
        ("enrolled", "change-consortium", "enrolled"),
        ("selected", "change-consortium", "selected"),
        ("evaluating", "change-consortium", "evaluating"),
        ("advanced", "change-consortium", "advanced"),
        ("enrolled", "withdraw-team", "withdrawn"),
        ("selected", "withdraw-team", "withdrawn"),
        ("evaluating", "withdraw-team", "withdrawn"),
        ("advanced", "withdraw-team", "withdrawn"),
    ],
    refusals={
        "unenrolled": TeamNotEnrolledError,
        "enrolled": TeamAlreadyEnrolledError,
        "selected": TeamAlreadyEnrolledError,
        "evaluating": TeamAlreadyEnrolledError,
        "advanced": OutcomeAlreadyDecidedError,
        "eliminated": TeamEliminatedError,
        "withdrawn": TeamWithdrawnError,
    },
)


def team_state(roster: Roster, opened: OpenedStages, team: str) -> TeamState:
    """Where a team is in the programme as far as is public, so that no answer to a team tells what is not.

    `evaluating` from the opening of a stage for it to the publication of its outcome there.
    """
    status: TeamState = roster.status.get(team, "unenrolled")
    stage, public = opened.latest_of(team), roster.public_outcome(team)
    if status in ("unenrolled", "withdrawn") or stage is None:
        return status
    return public[1] if public is not None and public[0] == stage else "evaluating"
