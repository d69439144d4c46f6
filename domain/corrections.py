"""Corrections of scores and measurements: what was recorded stays, and other points stand in its place."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from domain.decision import Case, decision, require_countersignature
from domain.event import Event
from domain.panels import Appointment
from domain.record import Measurement, SheetGiven, StageProgress, Statement
from domain.refusal import Refusal
from domain.scalars import Text
from domain.score_events import MeasurementCorrected, ScoreCorrected
from domain.scoring import (
    LiveScore,
    RecordMeasurement,
    SubmitScore,
    measurement_facts,
    panel_for,
    require_measurable,
    score_facts,
    scored,
)
from domain.stages import (
    StageAlreadyConsolidatedError,
    require_not_final,
    require_not_withdrawn,
    require_opened,
    stage_of,
)
from domain.standings import stated


class NothingToCorrectError(Refusal):
    """No such score or measurement stands."""


class FigureCertifiedError(Refusal):
    """A figure of the stage is certified, beside the scores as they stand."""


class SameValueError(Refusal):
    """A correction changes what it corrects."""

    KIND = "invalid"


class CorrectScore(SubmitScore, frozen=True, kw_only=True):
    """`points` in the place of those that the evaluator gave to the team on the criterion, or on the item of it."""

    reason: Text


@decision(
    "correct-score",
    CorrectScore,
    comes_to=(ScoreCorrected,),
    needs=lambda command, p: score_facts(command, p, ScoreCorrected),
)
def correct_score(
    command: CorrectScore, case: Case, progress: StageProgress, appointment: Appointment, live: LiveScore
) -> Iterator[Event]:
    """Correct an evaluator's points; after scoring closed with another agency's countersignature."""
    stage = stage_of(case, command.stage)
    panel = panel_for(command, stage)
    require_not_withdrawn(command.team, progress)
    _require_correctable(progress)
    if not isinstance(live.event, SheetGiven):
        raise NothingToCorrectError(
            f"{command.evaluator} has not scored {command.team} on {scored(command)}",
            rule="What is corrected was scored before.",
        )
    appointment.require(panel, command.team, command.criterion)
    _require_change(command.points, live.event.points, "points")
    _require_second(command, case, progress, f"a correction of the score at position {live.position}")
    yield ScoreCorrected(
        stage=stage.id,
        team=command.team,
        criterion=command.criterion,
        evaluator=command.evaluator,
        points=command.points,
        item=command.item,
        supersedes=live.position,
        reason=command.reason,
        deciders=case.deciders(command),
    )


class CorrectMeasurement(RecordMeasurement, frozen=True, kw_only=True):
    """`value`, and `target`, in the place of those that were recorded for the team on the benchmark."""

    reason: Text


@decision(
    "correct-measurement",
    CorrectMeasurement,
    comes_to=(MeasurementCorrected,),
    needs=lambda command, p: measurement_facts(command, p, MeasurementCorrected),
)
def correct_measurement(
    command: CorrectMeasurement, case: Case, progress: StageProgress, live: LiveScore
) -> Iterator[Event]:
    """Correct a team's metric; after scoring closed with another agency's countersignature."""
    stage = stage_of(case, command.stage)
    require_measurable(command, stage)
    require_not_withdrawn(command.team, progress)
    _require_correctable(progress)
    before = live.event
    if not isinstance(before, Measurement):
        raise NothingToCorrectError(
            f"{command.team} was not measured on {command.benchmark}", rule="What is corrected was measured before."
        )
    if command.target == before.target:
        _require_change(command.value, before.value, "value")
    _require_second(command, case, progress, f"a correction of the measurement at position {live.position}")
    yield MeasurementCorrected(
        stage=stage.id,
        team=command.team,
        criterion=command.criterion,
        benchmark=command.benchmark,
        value=command.value,
        target=command.target,
        supersedes=live.position,
        reason=command.reason,
        deciders=case.deciders(command),
    )


def _require_correctable(progress: StageProgress) -> None:
    require_opened(progress)
    require_not_final(progress)
    if progress.course.consolidated:
        raise StageAlreadyConsolidatedError(
            f"{progress.stage} is consolidated", rule="Scoring is reopened before what the standings rest on changes."
        )
    if progress.course.statements:
        certified = "; ".join(map(_named, progress.course.statements))
        raise FigureCertifiedError(
            f"of {progress.stage} is certified: {certified}",
            rule="Scores are corrected before figures are certified; once scoring is reopened, these lapse.",
        )


def _named(statement: Statement) -> str:
    kind, node, teams, value = stated(statement)
    return f"{kind} {value} at {node}{' of ' * bool(teams)}{', '.join(teams)} (position {statement.position})"


def _require_change(points: str, before: str, field: str) -> None:
    if Fraction(points) == Fraction(before):
        raise SameValueError(
            f"{field}: {points} stands already", rule="A correction changes what it corrects.", pointer=f"/{field}"
        )


def _require_second(command: CorrectScore | CorrectMeasurement, case: Case, progress: StageProgress, what: str) -> None:
    """Raise unless scoring was never closed, or a second agency has approved."""
    if (progress.course.closed or progress.course.reopened) and not command.reported:
        require_countersignature(case, what)
