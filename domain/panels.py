"""Panels and their evaluators, known by opaque ids only."""

from __future__ import annotations

from collections.abc import Iterator

from domain.boundary import QueryItem, tag
from domain.charter_document import Identifier
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.record import StageCourse
from domain.refusal import InvalidCommandError, Refusal
from domain.stage_events import EvaluatorAppointed, EvaluatorId
from domain.stages import require_opened, require_scoring, stage_of


class EvaluatorAlreadyAppointedError(Refusal):
    """An evaluator sits on one panel of a stage."""


class PanelFullError(Refusal):
    """Every place of the panel is taken."""


class ConflictOfInterestError(Refusal):
    """An evaluator must not be close to a team that they judge."""


class PanelSeats:
    """A fact: who sits on which panel of a stage."""

    def __init__(self, programme: str, stage: str) -> None:
        self.programme = programme
        self.stage = stage
        self.panel_of: dict[str, str] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(EvaluatorAppointed.TYPE,), tags=(tag("stage", self.programme, self.stage),)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, EvaluatorAppointed):
            self.panel_of[event.evaluator] = event.panel


class Appointment(PanelSeats):
    """A fact: the panel of one evaluator; blind to the appointment of others."""

    def __init__(self, programme: str, stage: str, evaluator: str) -> None:
        super().__init__(programme, stage)
        self.evaluator = evaluator

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        evaluator = tag("evaluator", self.programme, self.stage, self.evaluator)
        return (QueryItem(types=(EvaluatorAppointed.TYPE,), tags=(evaluator,)),)


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
    needs=lambda command, p: (StageCourse(p, command.stage), PanelSeats(p, command.stage)),
)
def appoint_evaluator(command: AppointEvaluator, case: Case, course: StageCourse, seats: PanelSeats) -> Iterator[Event]:
    """Give an evaluator a place on a panel."""
    panel = stage_of(case, command.stage).panel(command.panel)
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
    require_scoring(course)
    if command.evaluator in seats.panel_of:
        raise EvaluatorAlreadyAppointedError(
            f"{command.evaluator} sits on {seats.panel_of[command.evaluator]}",
            rule="An evaluator is appointed once a stage.",
        )
    close_to = [team for team in command.affiliations if team in course.course.teams]
    if close_to:
        raise ConflictOfInterestError(
            f"{command.evaluator} is close to {', '.join(close_to)}",
            rule="An evaluator must not be a member of, or affiliated with, a team judged.",
        )
    if list(seats.panel_of.values()).count(panel.id) >= int(panel.size):
        raise PanelFullError(f"{panel.id} has its {panel.size} members", rule=f"The panel has {panel.size} places.")
    yield EvaluatorAppointed(stage=command.stage, panel=panel.id, evaluator=command.evaluator, group=command.group)
