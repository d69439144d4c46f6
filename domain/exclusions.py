"""Exclusions: an evaluator's sheet that is left out, or not waited for."""

from __future__ import annotations

from collections.abc import Iterator

from domain.decision import Case, decision
from domain.event import Event
from domain.judging import fewest_sheets, quorum_of
from domain.panels import NotAppointedError, OfEvaluator, SheetExcludedError
from domain.record import StageCourse
from domain.refusal import InvalidCommandError, Refusal
from domain.rubric import Judged
from domain.scalars import Identifier
from domain.score_events import ExclusionRecorded, Node
from domain.scoring import criterion_of, require_in_stage
from domain.stages import require_scoring, require_second_once_reopened, stage_of


class BelowQuorumError(Refusal):
    """Too few sheets would be left."""


class RecordExclusion(OfEvaluator, frozen=True, kw_only=True):
    """The evaluator's sheet for `team` on `criterion` is left out, whether it is there or missing.

    `below_quorum`: says that fewer sheets are left than the panel's quorum, and that they are to do nevertheless.
    """

    team: Identifier
    criterion: Node
    below_quorum: bool = False


def _course(command: RecordExclusion, programme: str) -> tuple[StageCourse]:
    return (StageCourse(programme, command.stage),)


@decision("record-exclusion", RecordExclusion, comes_to=(ExclusionRecorded,), needs=_course)
def record_exclusion(command: RecordExclusion, case: Case, course: StageCourse) -> Iterator[Event]:
    """Leave an evaluator's sheet out, for a reason; scoring then closes without it."""
    stage = stage_of(case, command.stage)
    judged = criterion_of(stage, command.criterion).scoring
    panel = stage.panel(judged.panel) if isinstance(judged, Judged) else None
    if panel is None or not isinstance(judged, Judged):
        raise InvalidCommandError(
            f"criterion: {command.criterion} is not judged by a panel",
            rule="The charter says how each criterion is scored.",
            pointer="/criterion",
        )
    require_scoring(course)
    require_in_stage(command.team, course)
    run = course.course
    if command.evaluator not in run.panels.get(panel.id, []):
        raise NotAppointedError(f"{command.evaluator} does not sit on {panel.id}", rule=f"Sheets are of {panel.id}.")
    if command.evaluator in run.excluded.get(f"{command.team}/{command.criterion}", ()):
        raise SheetExcludedError(
            f"the sheet of {command.evaluator} for {command.team} on {command.criterion} is left out",
            rule="An exclusion is recorded once.",
        )
    counted = run.evaluators(panel.id, command.team, command.criterion)
    left = sum(each != command.evaluator for each in counted)
    quorum = quorum_of(panel, judged)
    if left < fewest_sheets(judged) or (left < quorum and not command.below_quorum):
        raise BelowQuorumError(
            f"{left} evaluators are left for {command.team} on {command.criterion}; the quorum is {quorum}",
            rule="An exclusion that leaves fewer than the quorum says so, and leaves enough to compute points.",
            pointer="/below_quorum",
        )
    if left >= quorum and command.below_quorum:
        raise InvalidCommandError(
            f"below_quorum: {left} evaluators are left, the quorum is {quorum}",
            rule="Only an exclusion that leaves fewer than the quorum says so.",
            pointer="/below_quorum",
        )
    require_second_once_reopened(command, case, course, "an exclusion")
    yield ExclusionRecorded(
        stage=stage.id,
        evaluator=command.evaluator,
        team=command.team,
        criterion=command.criterion,
        below_quorum=command.below_quorum,
        reason=command.reason,
        deciders=case.deciders(command),
    )
