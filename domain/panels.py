"""Panels and their evaluators, known by opaque ids only."""

from __future__ import annotations

from collections.abc import Iterator

from domain.boundary import QueryItem, tag
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.panel_events import ConflictDeclared, EvaluatorAppointed, EvaluatorId, EvaluatorRecused, EvaluatorReplaced
from domain.record import StageCourse
from domain.refusal import InvalidCommandError, Refusal
from domain.rubric import Judged, Stage
from domain.scalars import Identifier, Text
from domain.score_events import ExclusionRecorded
from domain.stages import require_not_final, require_opened, require_scoring, require_second_once_reopened, stage_of


class EvaluatorAlreadyAppointedError(Refusal):
    """An evaluator sits on one panel of a stage."""


class NotAppointedError(Refusal):
    """The evaluator does not sit on the panel that judges the criterion."""


class PanelFullError(Refusal):
    """Every place of the panel is taken."""


class ConflictOfInterestError(Refusal):
    """An evaluator must not be close to a team that they judge."""


class EvaluatorBarredError(Refusal):
    """The evaluator may not judge the team, by a conflict of interest or a recusal."""


class SheetExcludedError(Refusal):
    """The evaluator's sheet was left out, by a recorded exclusion."""


class ReplacementNotAllowedError(Refusal):
    """The charter leaves the place of a recused evaluator empty."""


class NothingToReplaceError(Refusal):
    """An evaluator is replaced where they may not judge, once for each team."""


class Appointment(StageCourse):
    """A fact: the place of one evaluator, and what they may judge; blind to everything else in the stage."""

    def __init__(self, programme: str, stage: str, evaluator: str) -> None:
        super().__init__(programme, stage)
        self.evaluator = evaluator

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (EvaluatorAppointed, ConflictDeclared, EvaluatorRecused, EvaluatorReplaced, ExclusionRecorded)
        evaluator = tag("evaluator", self.programme, self.stage, self.evaluator)
        return (QueryItem(types=tuple(cls.TYPE for cls in types), tags=(evaluator,)),)

    def require_judge(self, panel: str, team: str) -> None:
        """Raise unless the evaluator sits on the panel and may judge the team."""
        if self.course.panel_of(self.evaluator) != panel:
            raise NotAppointedError(
                f"{self.evaluator} does not sit on {panel}", rule=f"Only members of {panel} are asked."
            )
        if not self.course.judges(self.evaluator, team):
            raise EvaluatorBarredError(
                f"{self.evaluator} does not judge {team}",
                rule="Who has a conflict of interest or is recused does not judge; a replacement does for them only.",
            )

    def require(self, panel: str, team: str, node: str) -> None:
        """Raise unless the evaluator sits on the panel, and their sheet for the team at `node` would count."""
        self.require_judge(panel, team)
        if not self.course.evaluators(panel, team, node):
            raise SheetExcludedError(
                f"the sheet of {self.evaluator} for {team} on {node} is left out",
                rule="What is excluded is not scored any more.",
            )


class AppointEvaluator(Command, frozen=True, kw_only=True):
    """`evaluator`: an opaque random id. `affiliations`: every team that the person is close to. `group`: of the panel,
    if it has groups."""

    stage: Identifier
    panel: Identifier
    evaluator: EvaluatorId
    affiliations: tuple[Identifier, ...] = ()
    group: Identifier | None = None


@decision(
    "appoint-evaluator",
    AppointEvaluator,
    comes_to=(EvaluatorAppointed,),
    needs=lambda command, p: (StageCourse(p, command.stage),),
)
def appoint_evaluator(command: AppointEvaluator, case: Case, course: StageCourse) -> Iterator[Event]:
    """Give an evaluator a place on a panel."""
    stage = stage_of(case, command.stage)
    panel = stage.panel(command.panel)
    if panel is None:
        raise InvalidCommandError(
            f"panel: {command.panel!r} is no panel of {command.stage}",
            rule="The charter names the panels of a stage.",
            pointer="/panel",
        )
    if panel.groups if command.group is None else panel.group(command.group) is None:
        raise InvalidCommandError(
            f"group: {panel.id} has {', '.join(group.id for group in panel.groups) or 'no groups'}",
            rule="The charter names the groups of a panel; its evaluators are each in one.",
            pointer="/group",
        )
    require_opened(course)
    _require_changeable(panel.id, stage, case, course)
    _require_new(command.evaluator, command.affiliations, course)
    members = [each for each in course.course.panels.get(panel.id, []) if each not in course.course.instead]
    if len(members) >= int(panel.size):
        raise PanelFullError(f"{panel.id} has its {panel.size} members", rule=f"The panel has {panel.size} places.")
    require_second_once_reopened(command, case, course, "an appointment")
    yield EvaluatorAppointed(stage=command.stage, panel=panel.id, evaluator=command.evaluator, group=command.group)


def _require_changeable(panel: str | None, stage: Stage, case: Case, course: StageCourse) -> None:
    """Raise once who sits on the panel, and who of it may judge, stands: with scoring, or where it only gives opinions
    on independence, with the stage."""
    review = case.charter.independence.review
    scores = any(isinstance(each.scoring, Judged) and each.scoring.panel == panel for _node, each in stage.criteria())
    if review is None or review.panel != panel or scores:
        require_scoring(course)
    else:
        require_opened(course)
        require_not_final(course)


def _require_new(evaluator: str, affiliations: tuple[str, ...], course: StageCourse) -> None:
    sits_on = course.course.panel_of(evaluator)
    if sits_on is not None:
        raise EvaluatorAlreadyAppointedError(
            f"{evaluator} sits on {sits_on}", rule="An evaluator is appointed once a stage."
        )
    close_to = [team for team in affiliations if team in course.course.teams]
    if close_to:
        raise ConflictOfInterestError(
            f"{evaluator} is close to {', '.join(close_to)}",
            rule="An evaluator must not be a member of, or affiliated with, a team judged.",
        )


class OfEvaluator(Command, frozen=True, kw_only=True):
    stage: Identifier
    evaluator: EvaluatorId
    reason: Text


def _course(command: OfEvaluator, programme: str) -> tuple[StageCourse]:
    return (StageCourse(programme, command.stage),)


class DeclareConflict(OfEvaluator, frozen=True, kw_only=True):
    """`teams`: those of the stage that the evaluator turned out to be close to."""

    teams: tuple[Identifier, ...]


@decision("declare-conflict", DeclareConflict, comes_to=(ConflictDeclared,), needs=_course)
def declare_conflict(command: DeclareConflict, case: Case, course: StageCourse) -> Iterator[Event]:
    """Declare that an evaluator is close to teams: they judge them no more, and their sheets for them do not count."""
    stage = stage_of(case, command.stage)
    if not command.teams or len(set(command.teams)) != len(command.teams):
        raise InvalidCommandError(
            "teams: at least one team, each once", rule="A conflict of interest names its teams.", pointer="/teams"
        )
    _require_changeable(course.course.panel_of(command.evaluator), stage, case, course)
    for team in command.teams:
        _require_judge(command.evaluator, team, course, "/teams")
    require_second_once_reopened(command, case, course, "a conflict of interest")
    yield ConflictDeclared(stage=stage.id, evaluator=command.evaluator, teams=command.teams, reason=command.reason)


class RecuseEvaluator(OfEvaluator, frozen=True, kw_only=True):
    """`team`: the one that the evaluator steps back from; none: from all of the stage."""

    team: Identifier | None = None


@decision("recuse-evaluator", RecuseEvaluator, comes_to=(EvaluatorRecused,), needs=_course)
def recuse_evaluator(command: RecuseEvaluator, case: Case, course: StageCourse) -> Iterator[Event]:
    """Recuse an evaluator, from one team or from all: from then on their sheets do not count."""
    stage = stage_of(case, command.stage)
    _require_changeable(course.course.panel_of(command.evaluator), stage, case, course)
    _require_judge(command.evaluator, command.team, course, "/team")
    require_second_once_reopened(command, case, course, "a recusal")
    yield EvaluatorRecused(stage=stage.id, evaluator=command.evaluator, team=command.team, reason=command.reason)


def _require_judge(evaluator: str, team: str | None, course: StageCourse, pointer: str) -> None:
    """Raise unless the evaluator has a place and may judge the team, or any team at all."""
    _place(evaluator, course)
    if team is not None and team not in course.course.teams:
        raise InvalidCommandError(
            f"{pointer[1:]}: {team!r} does not compete in {course.stage}",
            rule="An evaluator judges the teams of the stage.",
            pointer=pointer,
        )
    teams = course.course.teams if team is None else [team]
    if not any(course.course.judges(evaluator, each) for each in teams):
        raise EvaluatorBarredError(
            f"{evaluator} does not judge {team or 'any team'}", rule="An evaluator is recused from what they judge."
        )


def _place(evaluator: str, course: StageCourse) -> str:
    """The evaluator's panel. Raises `NotAppointedError`."""
    panel = course.course.panel_of(evaluator)
    if panel is None:
        raise NotAppointedError(
            f"{evaluator} sits on no panel of {course.stage}", rule="Only who has a place can leave it."
        )
    return panel


class ReplaceEvaluator(OfEvaluator, frozen=True, kw_only=True):
    """`evaluator`: who may not judge some or all teams any more. `replacement` judges these in their place.

    `affiliations`: every team that the replacement is close to.
    """

    replacement: EvaluatorId
    affiliations: tuple[Identifier, ...] = ()


@decision("replace-evaluator", ReplaceEvaluator, comes_to=(EvaluatorReplaced,), needs=_course)
def replace_evaluator(command: ReplaceEvaluator, case: Case, course: StageCourse) -> Iterator[Event]:
    """Give the place of an evaluator who is recused or has a conflict to another, on the same panel."""
    stage = stage_of(case, command.stage)
    require_opened(course)
    _require_changeable(course.course.panel_of(command.evaluator), stage, case, course)
    panel = stage.panel(_place(command.evaluator, course))
    if panel is None or not panel.replaces:
        raise ReplacementNotAllowedError(
            f"places of {course.course.panel_of(command.evaluator)} are not given to others",
            rule="The charter says whether a panel's evaluators are replaced.",
        )
    _require_new(command.replacement, command.affiliations, course)
    run = course.course
    judged = run.instead.get(command.evaluator, run.teams)
    given = run.given.get(command.evaluator, [])
    open_teams = tuple(each for each in judged if each not in given and not run.judges(command.evaluator, each))
    if not open_teams:
        raise NothingToReplaceError(
            f"{command.evaluator} judges every team, or was replaced",
            rule="A place is given to another once its evaluator is recused or has a conflict of interest.",
        )
    require_second_once_reopened(command, case, course, "a replacement")
    yield EvaluatorReplaced(
        stage=stage.id,
        evaluator=command.evaluator,
        panel=panel.id,
        group=run.groups.get(command.evaluator),
        replacement=command.replacement,
        teams=open_teams,
        reason=command.reason,
    )
