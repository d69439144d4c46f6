"""A stage's course: opening it, closing its scoring, and what every topic asks of how far it is."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from domain.bounds import Contradiction
from domain.decision import Case, Command, decision, refuse_if, require_countersignature
from domain.event import Event
from domain.judging import sheets_of
from domain.measuring import metrics_of
from domain.opened_calls import OpenedCalls
from domain.record import Cell, StageCourse, StageRecord, Statement
from domain.refusal import InvalidCommandError, Refusal
from domain.rubric import Judged, Measured, Stage
from domain.scalars import Identifier
from domain.stage_events import ScoringClosed, StageOpened
from domain.tally import require_gates_agree, tally
from domain.teams import Roster, TeamWithdrawnError


class StageAlreadyOpenError(Refusal):
    """The stage was opened before."""


class StageNotOpenError(Refusal):
    """The stage takes no scores, because it was not opened."""


class EarlierStageNotFinalError(Refusal):
    """What follows a stage waits for its results, and for its finalisation where teams may object to them."""


class CallOpenError(Refusal):
    """An additional call still offers a seat of the field that a stage would be opened for."""


class NoTeamError(Refusal):
    """A stage needs at least one team."""


class ScoringClosedError(Refusal):
    """Scoring of the stage is closed."""


class ScoringOpenError(Refusal):
    """Scoring of the stage is still open."""


class ScoresMissingError(Refusal):
    """Something that the charter asks for was not scored."""


class FactsContradictError(Refusal):
    """Scores and certified figures of the stage cannot all be true."""


class StageAlreadyConsolidatedError(Refusal):
    """The standings of the stage are settled."""


class StageNotConsolidatedError(Refusal):
    """The standings of the stage are not settled yet."""


class ResultsAlreadyPublishedError(Refusal):
    """The results of the stage are public."""


class StageFinalError(Refusal):
    """The stage is finalised."""


class OutcomeMissingError(Refusal):
    """A team of the stage has neither advanced nor been eliminated."""


class EliminationsNotAsPlannedError(Refusal):
    """The number of eliminations is neither the charter's nor that of the deviation recorded last."""


def stage_of(case: Case, stage_id: str) -> Stage:
    """The charter's stage. Raises `InvalidCommandError`."""
    stage = case.charter.stage(stage_id)
    if stage is None:
        raise InvalidCommandError(
            f"stage: {stage_id!r} is no stage of {case.programme}",
            rule="The charter names the stages.",
            pointer="/stage",
        )
    return stage


def require_not_final(course: StageCourse) -> None:
    """Raise once the stage is finalised."""
    if course.course.finalised:
        raise StageFinalError(f"{course.stage} is final", rule="Nothing of a stage changes once it is finalised.")


def require_settled(stage: Stage, roster: Roster) -> None:
    """Raise until what follows the stage may rest on it: published, and finalised where teams may object."""
    if not roster.publications.current(stage.id):
        raise EarlierStageNotFinalError(
            f"the results of {stage.id} are not published", rule="Stages follow one another."
        )
    if stage.objections is not None and stage.id not in roster.finalised:
        raise EarlierStageNotFinalError(
            f"{stage.id} is not finalised", rule="Where teams may object, a stage is finalised before another follows."
        )


def require_not_withdrawn(team: str, course: StageCourse) -> None:
    """Raise once the team has withdrawn in the stage."""
    if course.course.withdrew(team):
        raise TeamWithdrawnError(
            f"{team} withdrew in {course.stage}",
            rule="A team that withdrew takes no further part in the stage.",
            pointer="/team",
        )


def require_scoring(course: StageCourse) -> None:
    """Raise unless the stage takes scores now."""
    require_not_final(course)
    if course.course.closed or course.course.consolidated:
        raise ScoringClosedError(
            f"scoring of {course.stage} is closed",
            rule="Scores are taken from the opening of a stage to its closing.",
        )
    if course.course.statements:
        raise ScoringClosedError(
            f"a figure of {course.stage} is certified", rule="Scores are taken before figures are certified."
        )
    require_opened(course)


def require_second_once_reopened(command: Command, case: Case, course: StageCourse, what: str) -> None:
    """Raise unless scoring was never reopened, or a second agency has approved: results are known by then."""
    if course.course.reopened and not command.reported:
        require_countersignature(case, f"{what} in the reopened {course.stage}")


def require_opened(course: StageCourse) -> None:
    if not course.course.opened:
        raise StageNotOpenError(
            f"{course.stage} was not opened", rule="A stage is opened before anything is scored in it."
        )


def require_consolidated(course: StageCourse) -> None:
    if not course.course.consolidated:
        raise StageNotConsolidatedError(
            f"{course.stage} is not consolidated", rule="Outcomes rest on consolidated standings."
        )


class OfStage(Command, frozen=True, kw_only=True):
    stage: Identifier


class OpenStage(OfStage, frozen=True, kw_only=True):
    """Which stage."""


def _before_opening(command: OpenStage, programme: str) -> tuple[StageCourse, Roster, OpenedCalls]:
    return StageCourse(programme, command.stage), Roster(programme), OpenedCalls(programme)


@decision("open-stage", OpenStage, comes_to=(StageOpened,), needs=_before_opening)
def open_stage(
    command: OpenStage, case: Case, course: StageCourse, roster: Roster, calls: OpenedCalls
) -> Iterator[Event]:
    """Open a stage: from here on scores are taken for the teams that hold a seat."""
    stage = stage_of(case, command.stage)
    if course.course.opened:
        raise StageAlreadyOpenError(f"{stage.id} is open", rule="A stage is opened once.")
    for before in case.charter.stages:
        if before.id == stage.id:
            break
        require_settled(before, roster)
    if calls.open and not command.reported:
        raise CallOpenError(
            f"{', '.join(calls.open)} may still fill a seat",
            rule="A stage is opened once the additional calls before it are filled or closed.",
        )
    if not roster.seated:
        raise NoTeamError("no team holds a seat", rule="A stage is opened for the teams that hold a seat.")
    yield StageOpened(stage=stage.id, teams=tuple(roster.seated))


class CloseScoring(OfStage, frozen=True, kw_only=True):
    """Which stage."""


@decision(
    "close-scoring", CloseScoring, comes_to=(ScoringClosed,), needs=lambda command, p: (StageRecord(p, command.stage),)
)
def close_scoring(command: CloseScoring, case: Case, record: StageRecord) -> Iterator[Event]:
    """Close scoring: every panel and every measurement that the charter asks for is complete."""
    stage = stage_of(case, command.stage)
    require_scoring(record)
    if not command.reported:
        refuse_if(
            _incomplete(stage, record),
            rule="Scoring closes when nothing is missing.",
            error=ScoresMissingError,
        )
    yield ScoringClosed(stage=stage.id)


def _incomplete(stage: Stage, record: StageRecord) -> Iterator[tuple[str, str]]:
    course = record.course
    for team in course.teams:
        for node, criterion in stage.criteria():
            cell = record.cells.get((team, node), Cell())
            match criterion.scoring:
                case Judged() as judged:
                    panel = stage.panel(judged.panel)
                    if panel and sheets_of(panel, node, criterion, judged, team, cell, course, closed=True) is None:
                        yield (
                            "/stage",
                            f"{team}, {node}: {len(cell.sheets)} sheets, below the panel's quorum or list",
                        )
                case Measured() as measured if metrics_of(measured, cell, closed=True) is None:
                    yield "/stage", f"{team}, {node}: {len(cell.metrics)} of {len(measured.benchmarks)} benchmarks"
                case _:
                    pass


def planned_eliminations(stage: Stage, course: StageCourse) -> int | None:
    """How many teams leave in the stage: the charter's number or that of the deviation recorded last."""
    return stage.cut if course.course.deviation is None else int(course.course.deviation)


def require_as_planned(stage: Stage, course: StageCourse) -> None:
    """Raise unless as many teams leave as planned, or as the deviation recorded last says."""
    planned = planned_eliminations(stage, course)
    left = eliminated_by_plan(course)
    if planned is not None and len(left) != planned:
        raise EliminationsNotAsPlannedError(
            f"{len(left)} of {len(course.course.teams)} teams are eliminated in {stage.id}, not {planned}",
            rule="Another number of eliminations than planned is recorded as a deviation; withdrawals do not count.",
        )


def eliminated_by_plan(course: StageCourse) -> list[str]:
    """Teams that count against the plan: whoever withdrew does not."""
    return [team for team in course.course.eliminated if not course.course.withdrew(team)]


def without_outcome(course: StageCourse) -> list[str]:
    """Teams of the stage that have neither advanced nor been eliminated."""
    return [t for t in course.course.teams if t not in course.course.advanced and t not in course.course.eliminated]


def facts_contradict(why: Contradiction) -> FactsContradictError:
    """The refusal of standings that no facts could lead to."""
    return FactsContradictError(str(why), rule="Standings rest on facts that can all be true.")


def contradicts(stage: Stage, record: StageRecord, *further: Statement) -> str | None:
    """Why the facts of the stage, and `further` statements, cannot all be true, or `None`."""
    course = msgspec.structs.replace(record.course, statements=[*record.course.statements, *further])
    try:
        require_gates_agree(stage, course, tally(stage, course, record.cells))
    except Contradiction as found:
        return str(found)
    return None
