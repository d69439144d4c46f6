"""Outcomes: deviations from the plan, eliminations, advancements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.charter_document import Charter
from domain.decision import Case, Command, decision, refuse_if, require_countersignature
from domain.event import Event
from domain.opened_stages import OpenedStages
from domain.outcome_events import Basis, DeviationRecorded, TeamAdvanced, TeamEliminated
from domain.points import UNDISCLOSED
from domain.record import StageCourse, StageRecord
from domain.refusal import InvalidCommandError, Refusal
from domain.rubric import Stage
from domain.scalars import Identifier, Names, Number
from domain.scoring import require_in_stage
from domain.stages import (
    eliminated_by_plan,
    planned_eliminations,
    require_consolidated,
    require_not_final,
    require_not_withdrawn,
    stage_of,
)
from domain.tally import Tally, gate_outcome, tally


class ApproverIsProposerError(Refusal):
    """A deviation is approved by another agency than the one that decides it."""

    KIND = "forbidden"


class DeviationAlreadyRecordedError(Refusal):
    """The stage deviates by that number of eliminations already."""


class OutcomeAlreadyDecidedError(Refusal):
    """The team has its outcome in this stage."""


class NoBasisError(Refusal):
    """The facts do not bear the basis that the outcome names."""


class PlanExceededError(Refusal):
    """More teams would leave than the charter plans, and no deviation is recorded."""


class RecordDeviation(Command, frozen=True, kw_only=True):
    """`actual` eliminations instead of the charter's number.

    `approver`: of a reported deviation only, an agency or undisclosed; else it is whoever countersigns.
    """

    stage: Identifier
    subject: Literal["eliminations"]
    actual: Number
    reason: Names
    approver: Identifier | None = None


def _deviating(command: RecordDeviation, p: str) -> tuple[StageCourse, OpenedStages]:
    return StageCourse(p, command.stage), OpenedStages(p)


@decision("record-deviation", RecordDeviation, needs=_deviating)
def record_deviation(
    command: RecordDeviation, case: Case, course: StageCourse, opened: OpenedStages
) -> Iterator[Event]:
    """Leave the plan of a stage, for a reason and with another agency's approval; a later deviation supersedes."""
    stage = stage_of(case, command.stage)
    if command.reported:
        _require_reported_approver(command, case)
    elif command.approver is not None:
        raise InvalidCommandError(
            "approver: is whoever countersigns, not whom the proposer names",
            rule="Only a reported deviation names its approver.",
            pointer="/approver",
        )
    if stage.cut is None:
        raise InvalidCommandError(
            f"stage: {stage.id} plans no cut",
            rule="A deviation leaves a plan.",
            pointer="/stage",
        )
    planned = stage.cut if course.course.deviation is None else None
    left = sum(not course.course.withdrew(team) for team in course.course.teams)
    if int(command.actual) == planned or (command.actual != "0" and int(command.actual) >= left):
        raise InvalidCommandError(
            f"actual: {command.actual} must differ from the planned {stage.eliminate} and leave a team",
            rule="A deviation differs from the plan.",
            pointer="/actual",
        )
    require_consolidated(course)
    require_not_final(course)
    opened.require_none_after(stage.id, case.charter)
    if command.actual == course.course.deviation:
        raise DeviationAlreadyRecordedError(
            f"{stage.id} deviates so already", rule="A deviation is superseded by another number only."
        )
    if not command.reported:
        require_countersignature(case, f"a deviation from the plan of {stage.id}")
    deciders = case.deciders(command)
    approver = command.approver or deciders[1]
    if approver in deciders[:1]:
        raise ApproverIsProposerError(
            f"approver: {approver} decides the deviation",
            rule="Two agencies take part in a deviation.",
            pointer="/approver",
        )
    yield DeviationRecorded(
        stage=stage.id,
        subject=command.subject,
        planned=stage.eliminate,
        actual=command.actual,
        reason=command.reason,
        approver=approver,
    )


def _require_reported_approver(command: RecordDeviation, case: Case) -> None:
    if command.approver not in {UNDISCLOSED, *(agency.id for agency in case.charter.agencies)}:
        raise InvalidCommandError(
            f"approver: {'nobody is named' if command.approver is None else f'{command.approver!r} is no agency'}",
            rule="A reported deviation names the agency that approved it, or says that it is undisclosed.",
            pointer="/approver",
        )


class EliminateTeam(Command, frozen=True, kw_only=True):
    """`basis`: the fact that the elimination rests on."""

    stage: Identifier
    team: Identifier
    basis: Literal["rank", "gate", "ruling"]
    reason: Names


@decision("eliminate-team", EliminateTeam, needs=lambda command, p: (StageRecord(p, command.stage),))
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
    """Raise unless the plan has room for another elimination and the facts bear its basis."""
    allowed = planned_eliminations(stage, record)
    if allowed is not None and len(eliminated_by_plan(record)) >= allowed:
        raise PlanExceededError(
            f"{allowed} of {len(record.course.teams)} teams leave in {stage.id}",
            rule="More eliminations than planned need a recorded deviation.",
        )
    why = _missing_basis(basis, team, stage, record, tally(stage, record.course, record.cells))
    if why is not None:
        raise NoBasisError(f"basis: {why}", rule="An elimination rests on rank, gate or ruling.", pointer="/basis")


class AdvanceTeam(Command, frozen=True, kw_only=True):
    stage: Identifier
    team: Identifier
    reason: Names


@decision("advance-team", AdvanceTeam, needs=lambda command, p: (StageRecord(p, command.stage),))
def advance_team(command: AdvanceTeam, case: Case, record: StageRecord) -> Iterator[Event]:
    """Let a team go on to the next stage."""
    stage = stage_of(case, command.stage)
    _require_open_outcome(command.team, record)
    require_advancement(command.team, case.charter, stage, record, reported=command.reported)
    yield TeamAdvanced(stage=stage.id, team=command.team, reason=command.reason, deciders=case.deciders(command))


def require_advancement(team: str, charter: Charter, stage: Stage, record: StageRecord, *, reported: bool) -> None:
    """Raise unless rank, gates and, where the charter asks for independence, a ruling let the team go on."""
    found = tally(stage, record.course, record.cells)
    why = _against_advancement(team, charter, stage, record, found, reported=reported)
    unsaid = [gate.id for gate in stage.gates if gate_outcome(stage, gate.id, team, found, record.course) is None]
    if why is None and unsaid and not reported:
        why = f"whether {team} passed {', '.join(unsaid)} is open"
    if why is not None:
        raise NoBasisError(
            why, rule="A team advances by its rank, past every gate, ruled independent.", pointer="/team"
        )


def _against_advancement(
    team: str, charter: Charter, stage: Stage, record: StageRecord, found: Tally, *, reported: bool
) -> str | None:
    """What rank, gates or ruling say against a team that goes on, or `None`."""
    failed = [gate.id for gate in stage.gates if gate_outcome(stage, gate.id, team, found, record.course) == "failed"]
    if failed:
        return f"{team} failed {', '.join(failed)}"
    # More may leave than planned, by a ruling perhaps: those ranked before the planned cut go on nevertheless.
    cut = None if stage.cut is None else min(stage.cut, planned_eliminations(stage, record) or 0)
    if _in_cut(team, cut, record, found):
        return f"{team} ranks {found.ranks[team].best}, within the cut of {cut}"
    return against_independence(team, charter, record, reported=reported)


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
    found = tally(stage, record.course, record.cells)
    for team in record.course.advanced:
        if team in record.course.by_objection:
            why = against_independence(team, charter, record, reported=reported)
        else:
            why = _against_advancement(team, charter, stage, record, found, reported=reported)
        if why is not None:
            yield f"{team} advanced, but {why}"
    for team, basis in record.course.eliminated.items():
        why = None if basis == "withdrawal" else _missing_basis(basis, team, stage, record, found)
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


def _missing_basis(basis: Basis, team: str, stage: Stage, record: StageRecord, found: Tally) -> str | None:
    """Why the basis does not bear an elimination, or `None`."""
    if basis == "ruling":
        if record.course.rulings.get(team) != "not_met":
            return f"no ruling says that {team} is not independent"
    elif basis == "gate":
        outcomes = [gate_outcome(stage, gate.id, team, found, record.course) for gate in stage.gates]
        if "failed" not in outcomes:
            return f"{team} failed no gate"
    elif not _in_cut(team, cut := planned_eliminations(stage, record), record, found):
        rank = found.ranks[team]
        planned = f"{stage.id} plans no cut" if cut is None else f"the cut is {cut}"
        return f"{team} ranks {rank.best} to {rank.worst} of {len(found.ranks)}; {planned}"
    return None


def _in_cut(team: str, cut: int | None, record: StageRecord, found: Tally) -> bool:
    """The team surely ranks among the last `cut` of those that did not withdraw."""
    best = found.ranks[team].best
    gone = [found.ranks[each].best for each in found.ranks if record.course.withdrew(each)]
    return cut is not None and best - sum(each < best for each in gone) > len(found.ranks) - len(gone) - cut
