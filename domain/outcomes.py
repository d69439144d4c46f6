"""First outcomes: eliminations and advancements, and what every outcome rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.charter_document import Charter
from domain.decision import Case, Command, decision, refuse_if
from domain.event import Event
from domain.grounds import Grounds
from domain.outcome_events import Basis, TeamAdvanced, TeamEliminated
from domain.record import StageRecord
from domain.refusal import Refusal
from domain.rubric import Stage
from domain.scalars import Identifier, Names
from domain.scoring import require_in_stage
from domain.stages import (
    eliminated_by_plan,
    planned_eliminations,
    require_consolidated,
    require_not_final,
    require_not_withdrawn,
    stage_of,
)


class OutcomeAlreadyDecidedError(Refusal):
    """The team has its outcome in this stage."""


class NoBasisError(Refusal):
    """The facts do not bear the basis that the outcome names."""


class PlanExceededError(Refusal):
    """More teams would leave than the charter plans, and no deviation is recorded."""


class EliminateTeam(Command, frozen=True, kw_only=True):
    """`basis`: the fact that the elimination rests on."""

    stage: Identifier
    team: Identifier
    basis: Literal["rank", "gate", "ruling"]
    reason: Names


@decision(
    "eliminate-team",
    EliminateTeam,
    comes_to=(TeamEliminated,),
    needs=lambda command, p: (StageRecord(p, command.stage),),
)
def eliminate_team(command: EliminateTeam, case: Case, record: StageRecord) -> Iterator[Event]:
    """End a team's part in the programme, by its rank, a failed gate or a ruling."""
    stage = stage_of(case, command.stage)
    _require_open_outcome(command.team, record)
    require_elimination(command.basis, command.team, stage, record)
    yield TeamEliminated(
        stage=stage.id,
        team=command.team,
        basis=command.basis,
        reason=command.reason,
        deciders=case.deciders(command),
    )


def require_elimination(basis: Basis, team: str, stage: Stage, record: StageRecord) -> None:
    """Raise unless the plan has room for the elimination and the facts bear its basis."""
    allowed = planned_eliminations(stage, record)
    others = [each for each in eliminated_by_plan(record) if each != team]
    if allowed is not None and len(others) >= allowed:
        raise PlanExceededError(
            f"{allowed} of {len(record.course.teams)} teams leave in {stage.id}",
            rule="More eliminations than planned need a recorded deviation.",
        )
    why = Grounds(stage, record).against_elimination(basis, team)
    if why is not None:
        raise NoBasisError(f"basis: {why}", rule="An elimination rests on rank, gate or ruling.", pointer="/basis")


class AdvanceTeam(Command, frozen=True, kw_only=True):
    stage: Identifier
    team: Identifier
    reason: Names


@decision(
    "advance-team", AdvanceTeam, comes_to=(TeamAdvanced,), needs=lambda command, p: (StageRecord(p, command.stage),)
)
def advance_team(command: AdvanceTeam, case: Case, record: StageRecord) -> Iterator[Event]:
    """Let a team go on to the next stage."""
    stage = stage_of(case, command.stage)
    _require_open_outcome(command.team, record)
    require_advancement(command.team, case.charter, stage, record, reported=command.reported)
    yield TeamAdvanced(stage=stage.id, team=command.team, reason=command.reason, deciders=case.deciders(command))


def require_advancement(team: str, charter: Charter, stage: Stage, record: StageRecord, *, reported: bool) -> None:
    """Raise unless rank, gates and, where the charter asks for independence, a ruling let the team go on."""
    grounds = Grounds(stage, record)
    why = grounds.against_advancement(team) or against_independence(team, charter, record, reported=reported)
    unsaid = [gate for gate, outcome in grounds.gates(team) if outcome is None]
    if why is None and unsaid and not reported:
        why = f"whether {team} passed {', '.join(unsaid)} is open"
    if why is not None:
        raise NoBasisError(
            why, rule="A team advances by its rank, past every gate, ruled independent.", pointer="/team"
        )


def against_independence(team: str, charter: Charter, record: StageRecord, *, reported: bool) -> str | None:
    """Why the team cannot be said to be independent, or `None`; a ruling may be missing from what is reported."""
    verdict = record.course.rulings.get(team)
    if verdict == "not_met":
        return f"{team} was ruled not independent"
    if verdict is None and charter.independence.perspectives and not reported:
        return f"the independence of {team} was not ruled upon"
    return None


def require_borne(charter: Charter, stage: Stage, record: StageRecord, *, reported: bool) -> None:
    """Raise while the facts bear an outcome no more, since scoring was reopened or a ruling was superseded.

    What rests on an upheld objection or a withdrawal stands whatever the standings say; independence still counts.
    """
    refuse_if(
        (("/stage", why) for why in _unborne(charter, stage, record, reported=reported)),
        rule="An outcome that standings or ruling bear no more is superseded before anything rests on it.",
        error=NoBasisError,
    )


def _unborne(charter: Charter, stage: Stage, record: StageRecord, *, reported: bool) -> Iterator[str]:
    grounds = Grounds(stage, record)
    for team in record.course.advanced:
        why = None if team in record.course.by_objection else grounds.against_advancement(team)
        why = why or against_independence(team, charter, record, reported=reported)
        if why is not None:
            yield f"{team} advanced, but {why}"
    for team, basis in record.course.eliminated.items():
        why = grounds.against_elimination(basis, team)
        if why is not None:
            yield f"{team} is eliminated by {basis}, but {why}"


def _require_open_outcome(team: str, record: StageRecord) -> None:
    require_not_final(record)
    require_in_stage(team, record)
    require_consolidated(record)
    require_not_withdrawn(team, record)
    if team in record.course.eliminated or team in record.course.advanced:
        raise OutcomeAlreadyDecidedError(
            f"{team} has its outcome in {record.stage}", rule="An outcome stands until it is superseded."
        )
