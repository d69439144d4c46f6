"""Everything that counts for the standings of one stage, folded from its events."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

import msgspec

from domain.boundary import QueryItem, tag
from domain.call_events import CallTeamSelected
from domain.event import Event
from domain.outcome_events import (
    Basis,
    DeviationRecorded,
    IndependenceRuled,
    OutcomeSuperseded,
    TeamAdvanced,
    TeamEliminated,
    TeamWithdrawn,
    Verdict,
)
from domain.panel_events import ConflictDeclared, EvaluatorAppointed, EvaluatorRecused, EvaluatorReplaced
from domain.score_events import (
    ExclusionRecorded,
    Figure,
    FigureCertified,
    MeasurementCorrected,
    MeasurementRecorded,
    ScoreCorrected,
    ScoreSubmitted,
    Target,
)
from domain.stage_events import (
    ObjectionsWaived,
    ReleaseAgreed,
    ResultsPublished,
    ScoringClosed,
    ScoringReopened,
    StageConsolidated,
    StageFinalised,
    StageOpened,
    StageReconsolidated,
)
from domain.teams import Roster, TeamEnrolled


class Metric(msgspec.Struct, frozen=True):
    value: str
    target: Target | None


class Cell(msgspec.Struct):
    """What was scored for one team on one criterion: points by `sheet_key`, metrics by benchmark."""

    sheets: dict[str, str] = msgspec.field(default_factory=dict)
    metrics: dict[str, Metric] = msgspec.field(default_factory=dict)


def sheet_key(evaluator: str, item: str | None) -> str:
    """Under which key a cell keeps an evaluator's points: the evaluator, or `evaluator/item`."""
    return evaluator if item is None else f"{evaluator}/{item}"


class Statement(msgspec.Struct, frozen=True):
    """A certified figure with its source and position."""

    figure: Figure
    source: str
    position: int


EVERY_TEAM: Final = "*"


class Course(msgspec.Struct, kw_only=True):
    """The stage apart from its scores. Positions are 0 until the thing has happened.

    Reopening sets `closed`, `consolidated` and `published` back to 0; `settled` keeps the latest settlement.
    `barred`: by team, or `EVERY_TEAM`, the evaluators who may not judge it. `instead`: the only teams that a
    replacement judges; `given`: the teams that an evaluator was replaced for. `excluded`: by `team/criterion`, whose
    sheets are left out of it; `below_quorum`: where fewer sheets than the quorum are to do.
    `ruled`, `decided`: the position of each team's ruling, and of the outcome that stands. `eliminated`: on what; a
    team that withdrew before anything was certified or settled is among them, but not among `teams`. `by_objection`:
    whose outcome is that it advanced on an upheld objection.
    `released`: the agencies that agreed to release the results as they stand, each with the principal that did.
    `waived`: who does not object to them.
    """

    opened: int = 0
    closed: int = 0
    consolidated: int = 0
    settled: int = 0
    reopened: int = 0
    released: dict[str, str] = msgspec.field(default_factory=dict)
    published: int = 0
    objections_until: str | None = None
    waived: list[str] = msgspec.field(default_factory=list)
    finalised: int = 0
    teams: list[str] = msgspec.field(default_factory=list)
    panels: dict[str, list[str]] = msgspec.field(default_factory=dict)
    groups: dict[str, str] = msgspec.field(default_factory=dict)
    barred: dict[str, list[str]] = msgspec.field(default_factory=dict)
    instead: dict[str, list[str]] = msgspec.field(default_factory=dict)
    given: dict[str, list[str]] = msgspec.field(default_factory=dict)
    excluded: dict[str, list[str]] = msgspec.field(default_factory=dict)
    below_quorum: list[str] = msgspec.field(default_factory=list)
    statements: list[Statement] = msgspec.field(default_factory=list)
    rulings: dict[str, Verdict] = msgspec.field(default_factory=dict)
    ruled: dict[str, int] = msgspec.field(default_factory=dict)
    eliminated: dict[str, Basis] = msgspec.field(default_factory=dict)
    advanced: list[str] = msgspec.field(default_factory=list)
    by_objection: list[str] = msgspec.field(default_factory=list)
    decided: dict[str, int] = msgspec.field(default_factory=dict)
    deviation: str | None = None

    @property
    def takes_scores(self) -> bool:
        """Between opening and closing, and before anything is certified."""
        return bool(self.opened) and not (self.closed or self.consolidated or self.statements)

    def withdrew(self, team: str) -> bool:
        return self.eliminated.get(team) == "withdrawal"

    def evaluators(self, panel: str, team: str, node: str) -> list[str]:
        """Whose sheets count for `team` at `node`, wherever sheets are counted: members who judge it, less exclusions.

        This alone says which sheets of a cell count.
        """
        members = self.panels.get(panel, [])
        if not self.barred and not self.instead and not self.excluded:
            return members
        out = self.excluded.get(f"{team}/{node}", ())
        return [each for each in members if each not in out and self.judges(each, team)]

    def panel_of(self, evaluator: str) -> str | None:
        """The panel that an evaluator was given a place on, whatever they may still judge."""
        return next((panel for panel, members in self.panels.items() if evaluator in members), None)

    def judges(self, evaluator: str, team: str) -> bool:
        """Whether an evaluator, if they sit on the panel, judges `team`."""
        if evaluator in self.barred.get(team, ()) or evaluator in self.barred.get(EVERY_TEAM, ()):
            return False
        return team in self.instead.get(evaluator, (team,))


COURSE_EVENTS = (
    StageOpened,
    ScoringClosed,
    StageConsolidated,
    ScoringReopened,
    StageReconsolidated,
    ReleaseAgreed,
    ResultsPublished,
    ObjectionsWaived,
    StageFinalised,
    EvaluatorAppointed,
    ConflictDeclared,
    EvaluatorRecused,
    EvaluatorReplaced,
    ExclusionRecorded,
    FigureCertified,
    IndependenceRuled,
    DeviationRecorded,
    TeamAdvanced,
    TeamEliminated,
    TeamWithdrawn,
    OutcomeSuperseded,
)
CHANGES_RESULTS = (
    StageConsolidated,
    ScoringReopened,
    StageReconsolidated,
    IndependenceRuled,
    DeviationRecorded,
    TeamAdvanced,
    TeamEliminated,
    TeamWithdrawn,
    OutcomeSuperseded,
)
"""After these an agreement to release results is one to others. Scores, figures and who judges change only while
standings are not settled."""
SheetGiven = ScoreSubmitted | ScoreCorrected
Measurement = MeasurementRecorded | MeasurementCorrected
SHEET_EVENTS = (ScoreSubmitted, ScoreCorrected)
SCORE_EVENTS = (*SHEET_EVENTS, MeasurementRecorded, MeasurementCorrected)


class StageCourse:
    """A fact: the course of one stage, without its scores."""

    def __init__(self, programme: str, stage: str) -> None:
        self.programme = programme
        self.stage = stage

    @functools.cached_property
    def course(self) -> Course:
        """Made when it is first asked for: of facts that are about the same only one is folded."""
        return Course()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = tuple(cls.TYPE for cls in COURSE_EVENTS)
        return (QueryItem(types=types, tags=(tag("stage", self.programme, self.stage),)),)

    def apply(self, position: int, event: Event) -> None:
        run_course(self.course, position, event)


class StageProgress(StageCourse):
    """A fact: whether scores are taken, and from whom for whom; blind to what else goes on in the stage."""

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        settled = (StageConsolidated, StageReconsolidated, StageFinalised)
        of = (StageOpened, ScoringClosed, ScoringReopened, FigureCertified, TeamWithdrawn, *settled)
        types = tuple(cls.TYPE for cls in of)
        return (QueryItem(types=types, tags=(tag("stage", self.programme, self.stage),)),)


class StageRecord(StageCourse):
    """A fact: the course of one stage and every score in it, by (team, criterion)."""

    def __init__(self, programme: str, stage: str) -> None:
        super().__init__(programme, stage)
        self.cells: dict[tuple[str, str], Cell] = {}
        self.roster = Roster(programme)

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = tuple(cls.TYPE for cls in (*COURSE_EVENTS, *SCORE_EVENTS))
        enrolled = QueryItem(types=(TeamEnrolled.TYPE, CallTeamSelected.TYPE), tags=(tag("programme", self.programme),))
        return (QueryItem(types=types, tags=(tag("stage", self.programme, self.stage),)), enrolled)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case TeamEnrolled() | CallTeamSelected():
                self.roster.apply(position, event)
            case ScoreSubmitted() | ScoreCorrected() | MeasurementRecorded() | MeasurementCorrected():
                fill(self.cells.setdefault((event.team, event.criterion), Cell()), event)
            case _:
                super().apply(position, event)


def fill(cell: Cell, event: SheetGiven | Measurement) -> None:
    """Add a score or a metric to its cell, in the place of what it corrects."""
    if isinstance(event, SHEET_EVENTS):
        cell.sheets[sheet_key(event.evaluator, event.item)] = event.points
    else:
        cell.metrics[event.benchmark] = Metric(event.value, event.target)


def with_agreement(released: Mapping[str, str], agency: str, principal: str) -> dict[str, str]:
    """Agreements, each by its principal, with one more: nobody agrees for two, so theirs for another ends with it."""
    kept = {each: by for each, by in released.items() if not principal or by != principal}
    return {**kept, agency: principal}


def run_course(course: Course, position: int, event: Event) -> None:
    """Take one event of the stage into its course."""
    if isinstance(event, CHANGES_RESULTS):
        course.released.clear()
    match event:
        case StageOpened(teams=teams):
            course.opened, course.teams = position, list(teams)
        case ScoringClosed():
            course.closed = position
        case StageConsolidated() | StageReconsolidated():
            course.consolidated = course.settled = position
        case ScoringReopened():
            course.reopened = position
            course.closed = course.consolidated = course.published = 0
            course.statements.clear()
        case ReleaseAgreed(agency=agency, principal=principal):
            course.released = with_agreement(course.released, agency, principal)
        case ResultsPublished(objections_until=until):
            course.published, course.objections_until = position, until
            course.released.clear()
            course.waived.clear()
        case ObjectionsWaived(team=team):
            course.waived.append(team)
        case StageFinalised():
            course.finalised = position
        case EvaluatorAppointed(panel=panel, evaluator=evaluator, group=group):
            course.panels.setdefault(panel, []).append(evaluator)
            if group is not None:
                course.groups[evaluator] = group
        case ConflictDeclared(evaluator=evaluator, teams=teams):
            for team in teams:
                course.barred.setdefault(team, []).append(evaluator)
        case EvaluatorRecused(evaluator=evaluator, team=recused_from):
            course.barred.setdefault(recused_from or EVERY_TEAM, []).append(evaluator)
        case EvaluatorReplaced(panel=panel, replacement=replacement, group=group, teams=teams):
            course.panels.setdefault(panel, []).append(replacement)
            course.instead[replacement] = list(teams)
            course.given.setdefault(event.evaluator, []).extend(teams)
            if group is not None:
                course.groups[replacement] = group
        case ExclusionRecorded(team=team, criterion=criterion):
            course.excluded.setdefault(f"{team}/{criterion}", []).append(event.evaluator)
            if event.below_quorum:
                course.below_quorum.append(f"{team}/{criterion}")
        case FigureCertified(figure=figure, source=source):
            course.statements.append(Statement(figure, source, position))
        case IndependenceRuled(team=team, verdict=verdict):
            course.rulings[team], course.ruled[team] = verdict, position
            _may_object_again(course, team)
        case DeviationRecorded(actual=actual):
            course.deviation = actual
        case TeamAdvanced(team=team):
            course.advanced.append(team)
            course.decided[team] = position
        case TeamEliminated(team=team, basis=basis):
            course.eliminated[team] = basis
            course.decided[team] = position
        case TeamWithdrawn(team=team):
            _leave(course, team)
        case OutcomeSuperseded(team=team, basis=basis):
            _lose_outcome(course, team)
            if event.to == "advanced" or basis == "objection":  # an objection never eliminates
                course.advanced.append(team)
                if basis == "objection":
                    course.by_objection.append(team)
            else:
                course.eliminated[team] = basis
            course.decided[team] = position
            _may_object_again(course, team)
        case _:
            pass


def _lose_outcome(course: Course, team: str) -> None:
    """Whatever was said of the outcome that stood, its ground included, lapses with it."""
    course.eliminated.pop(team, None)
    for teams in (course.advanced, course.by_objection):
        if team in teams:
            teams.remove(team)


def _may_object_again(course: Course, team: str) -> None:
    if team in course.waived:
        course.waived.remove(team)


def _leave(course: Course, team: str) -> None:
    """Of a stage whose standings were settled, or rest on certified figures, the team keeps its rank."""
    _lose_outcome(course, team)
    course.eliminated[team] = "withdrawal"
    if not (course.settled or course.statements):
        course.teams.remove(team)
