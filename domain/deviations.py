"""Deviations: another number of eliminations than the charter plans, by two agencies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.decision import Case, Command, decision, require_countersignature
from domain.event import Event
from domain.grounds import Grounds
from domain.opened_stages import OpenedStages
from domain.outcome_events import DeviationRecorded
from domain.points import UNDISCLOSED
from domain.record import StageRecord
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Identifier, Names, Number
from domain.stages import require_consolidated, require_not_final, stage_of


class ApproverIsProposerError(Refusal):
    """A deviation is approved by another agency than the one that decides it."""

    KIND = "forbidden"


class DeviationAlreadyRecordedError(Refusal):
    """The stage deviates by that number of eliminations already."""


class RecordDeviation(Command, frozen=True, kw_only=True):
    """`actual` eliminations instead of the charter's number.

    `approver`: of a reported deviation only, an agency or undisclosed; else it is whoever countersigns.
    """

    stage: Identifier
    subject: Literal["eliminations"]
    actual: Number
    reason: Names
    approver: Identifier | None = None


def _facts(command: RecordDeviation, p: str) -> tuple[StageRecord, OpenedStages]:
    return StageRecord(p, command.stage), OpenedStages(p)


@decision("record-deviation", RecordDeviation, comes_to=(DeviationRecorded,), needs=_facts)
def record_deviation(
    command: RecordDeviation, case: Case, record: StageRecord, opened: OpenedStages
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
    planned = stage.cut if record.course.deviation is None else None
    left = sum(not record.course.withdrew(team) for team in record.course.teams)
    if int(command.actual) == planned or int(command.actual) > left:
        raise InvalidCommandError(
            f"actual: {command.actual} must differ from the planned {stage.eliminate}, and be no more than {left}",
            rule="A deviation differs from the plan, and eliminates no more teams than are left.",
            pointer="/actual",
        )
    require_consolidated(record)
    require_not_final(record)
    opened.require_none_after(stage.id, case.charter)
    if left and int(command.actual) == left and not command.reported and (on := Grounds(stage, record).may_go_on()):
        raise InvalidCommandError(
            f"actual: {command.actual} are all that are left, and {', '.join(on)} may go on",
            rule="All leave only where each ranks within the planned cut, failed a gate or was ruled not independent.",
            pointer="/actual",
        )
    if command.actual == record.course.deviation:
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
