"""Scores and measurements, as they come in."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from domain.boundary import QueryItem
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.maxima import reach
from domain.panel_events import EvaluatorId
from domain.panels import Appointment
from domain.points import DecimalFormatError, decimal_text, is_known, known, parse_decimal
from domain.record import StageCourse, StageProgress
from domain.refusal import InvalidCommandError, Refusal
from domain.rubric import Criterion, Judged, Measured, Stage
from domain.scalars import Identifier
from domain.score_events import (
    DecimalText,
    MeasurementRecorded,
    Node,
    ScoreSubmitted,
    Target,
    measurement_tag,
    sheet_tag,
)
from domain.stages import require_not_withdrawn, require_scoring, require_second_once_reopened, stage_of


class ScoreAlreadySubmittedError(Refusal):
    """An evaluator has one live score for each team and criterion, or item of it."""


class AlreadyMeasuredError(Refusal):
    """A team has one live measurement on each benchmark."""


class TeamNotInStageError(Refusal):
    """The team does not compete in the stage."""

    KIND = "invalid"


class LiveScore:
    """A fact: the score, or measurement, of a tag that stands already."""

    def __init__(self, of: str, *types: type[Event]) -> None:
        self._item = QueryItem(types=tuple(cls.TYPE for cls in types), tags=(of,))
        self.position = 0
        self.event: Event | None = None

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (self._item,)

    def apply(self, position: int, event: Event) -> None:
        self.position, self.event = position, event


def criterion_of(stage: Stage, node: str) -> Criterion:
    """The criterion at `assessment/criterion`. Raises `InvalidCommandError`."""
    criterion = stage.criterion(node)
    if criterion is None:
        raise InvalidCommandError(
            f"criterion: {node[:80]!r} is no criterion of {stage.id}",
            rule="The charter's rubric names the criteria, as assessment/criterion.",
            pointer="/criterion",
        )
    return criterion


def require_in_stage(team: str, progress: StageCourse) -> None:
    """Raise unless the team is in the field of the stage."""
    if team not in progress.course.teams:
        require_not_withdrawn(team, progress)
        raise TeamNotInStageError(
            f"team: {team!r} does not compete in {progress.stage}",
            rule="Scores are taken for the teams of the stage.",
            pointer="/team",
        )


def require_decimal(text: str, field: str, *, decimals: int | None = None, maximum: Fraction | None = None) -> Fraction:
    """The value of a decimal of at most so many places, and so large. Raises `InvalidCommandError`."""
    try:
        value = parse_decimal(text, decimals=decimals)
    except DecimalFormatError as error:
        raise InvalidCommandError(
            f"{field}: {error}", rule="Points are plain decimal strings.", pointer=f"/{field}"
        ) from error
    if maximum is not None and value > maximum:
        raise InvalidCommandError(
            f"{field}: {text} is above {decimal_text(maximum)}",
            rule="Points lie between 0 and the maximum, or what the other maxima leave of one that is undisclosed.",
            pointer=f"/{field}",
        )
    return value


class SubmitScore(Command, frozen=True, kw_only=True):
    """One sheet: `criterion` is `assessment/criterion`, `points` a decimal string in the charter's precision. Of a
    criterion with items each is submitted apart, as `item`."""

    stage: Identifier
    team: Identifier
    criterion: Node
    evaluator: EvaluatorId
    points: DecimalText
    item: Identifier | None = None


def score_facts(command: SubmitScore, p: str, *later: type[Event]) -> tuple[StageProgress, Appointment, LiveScore]:
    """What a score of a sheet depends on; `later`: events that stand in the place of the first score."""
    sheet = sheet_tag(p, command.stage, command.team, command.criterion, command.evaluator, command.item)
    return (
        StageProgress(p, command.stage),
        Appointment(p, command.stage, command.evaluator),
        LiveScore(sheet, ScoreSubmitted, *later),
    )


@decision("submit-score", SubmitScore, comes_to=(ScoreSubmitted,), needs=score_facts)
def submit_score(
    command: SubmitScore, case: Case, progress: StageProgress, appointment: Appointment, live: LiveScore
) -> Iterator[Event]:
    """Submit one evaluator's points for one team on one criterion."""
    stage = stage_of(case, command.stage)
    panel = panel_for(command, stage)
    require_scoring(progress)
    require_in_stage(command.team, progress)
    appointment.require(panel, command.team, command.criterion)
    if live.position:
        raise ScoreAlreadySubmittedError(
            f"{command.evaluator} has scored {command.team} on {scored(command)}, at position {live.position}",
            rule="A score is corrected, not submitted again.",
        )
    require_second_once_reopened(command, case, progress, "a score")
    yield ScoreSubmitted(
        stage=stage.id,
        team=command.team,
        criterion=command.criterion,
        evaluator=command.evaluator,
        points=command.points,
        item=command.item,
        deciders=case.deciders(command),
    )


def panel_for(command: SubmitScore, stage: Stage) -> str:
    """The panel that judges the criterion. Raises `InvalidCommandError` for what the charter does not score so."""
    criterion = criterion_of(stage, command.criterion)
    if not isinstance(criterion.scoring, Judged):
        raise InvalidCommandError(
            f"criterion: {command.criterion} is not judged by a panel",
            rule="The charter says how each criterion is scored.",
            pointer="/criterion",
        )
    item = None if command.item is None else criterion.item(command.item)
    if criterion.items if command.item is None else item is None:
        raise InvalidCommandError(
            f"item: {command.criterion} has {', '.join(each.id for each in criterion.items) or 'no items'}",
            rule="The charter says which items of a criterion are scored one by one.",
            pointer="/item",
        )
    own = known(criterion.maximum if item is None else item.maximum)
    maximum = reach(stage, scored(command)) if own is None else own
    require_decimal(command.points, "points", decimals=stage.decimals, maximum=maximum)
    return criterion.scoring.panel


def scored(command: SubmitScore) -> str:
    """What the points are for: the criterion, or the item of it."""
    return command.criterion if command.item is None else f"{command.criterion}/{command.item}"


class RecordMeasurement(Command, frozen=True, kw_only=True):
    """A raw metric: a percentage, or a value beside that of the team's own `target` model."""

    stage: Identifier
    team: Identifier
    criterion: Node
    benchmark: Identifier
    value: DecimalText
    target: Target | None = None


def measurement_facts(command: RecordMeasurement, p: str, *later: type[Event]) -> tuple[StageProgress, LiveScore]:
    """What a metric of a team depends on; `later`: events that stand in the place of the first measurement."""
    measured = measurement_tag(p, command.stage, command.team, command.criterion, command.benchmark)
    return StageProgress(p, command.stage), LiveScore(measured, MeasurementRecorded, *later)


@decision("record-measurement", RecordMeasurement, comes_to=(MeasurementRecorded,), needs=measurement_facts)
def record_measurement(
    command: RecordMeasurement, case: Case, progress: StageProgress, live: LiveScore
) -> Iterator[Event]:
    """Record a team's raw metric on one benchmark."""
    stage = stage_of(case, command.stage)
    require_measurable(command, stage)
    require_scoring(progress)
    require_in_stage(command.team, progress)
    if live.position:
        raise AlreadyMeasuredError(
            f"{command.team} was measured on {command.benchmark} at position {live.position}",
            rule="A measurement is corrected, not recorded again.",
        )
    require_second_once_reopened(command, case, progress, "a measurement")
    yield MeasurementRecorded(
        stage=stage.id,
        team=command.team,
        criterion=command.criterion,
        benchmark=command.benchmark,
        value=command.value,
        target=command.target,
        deciders=case.deciders(command),
    )


def require_measurable(command: RecordMeasurement, stage: Stage) -> None:
    """Raise `InvalidCommandError` for what the charter does not measure so."""
    scoring = criterion_of(stage, command.criterion).scoring
    if not isinstance(scoring, Measured) or command.benchmark not in {b.id for b in scoring.benchmarks}:
        raise InvalidCommandError(
            f"benchmark: {command.benchmark!r} does not measure {command.criterion}",
            rule="The charter lists the benchmarks of each measured criterion.",
            pointer="/benchmark",
        )
    if scoring.conversion == "capped-ratios" or (not is_known(scoring.conversion) and command.target is not None):
        require_decimal(command.value, "value")
        if command.target is None or not require_decimal(command.target.value, "target/value"):
            raise InvalidCommandError(
                "target: a model and its metric above 0",
                rule="The criterion compares each team with its own target.",
                pointer="/target",
            )
    else:
        percentage = scoring.conversion == "mean-of-percentages"
        require_decimal(command.value, "value", maximum=Fraction(100) if percentage else None)
        if command.target is not None:
            raise InvalidCommandError(
                f"target: {command.criterion} compares with none",
                rule=f"The criterion's conversion is {scoring.conversion}.",
                pointer="/target",
            )
