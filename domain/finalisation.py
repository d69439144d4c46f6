"""The end of a stage: once it is finalised nothing of it changes, and the next may rest on it."""

from __future__ import annotations

from collections.abc import Iterator

from domain.deadlines import passed
from domain.decision import Case, decision, refuse_if
from domain.event import Event
from domain.objections import Objections
from domain.record import StageCourse
from domain.refusal import Refusal
from domain.stage_events import StageFinalised
from domain.stage_machine import STAGE, stage_state
from domain.stages import OfStage, OutcomeMissingError, require_as_planned, stage_of, without_outcome


class ObjectionWindowOpenError(Refusal):
    """Teams may still object."""


class ObjectionUndecidedError(Refusal):
    """An objection waits for its decision."""


class FinaliseStage(OfStage, frozen=True, kw_only=True):
    """Which stage."""


def _facts(command: FinaliseStage, p: str) -> tuple[StageCourse, Objections]:
    return StageCourse(p, command.stage), Objections(p, command.stage)


@decision("finalise-stage", FinaliseStage, needs=_facts)
def finalise_stage(command: FinaliseStage, case: Case, course: StageCourse, objections: Objections) -> Iterator[Event]:
    """Close the book of a stage; an objection that was upheld need not have had a consequence."""
    stage = stage_of(case, command.stage)
    STAGE.require(stage_state(course.course), "finalise-stage", subject=stage.id)
    run = course.course
    until = run.objections_until
    may_object = [team for team in run.teams if team not in run.waived and not run.withdrew(team)]
    if until is not None and may_object and not passed(until, case.decided_at):
        raise ObjectionWindowOpenError(
            f"{', '.join(may_object)} may object until {until}",
            rule="A stage is finalised after its objection window, or once every team has waived its objections.",
        )
    refuse_if(
        (("/stage", f"objection {each} is undecided") for each in objections.undecided),
        rule="A stage is finalised once every objection is decided.",
        error=ObjectionUndecidedError,
    )
    refuse_if(
        (("/stage", f"{team} has no outcome") for team in without_outcome(course)),
        rule="A stage is finalised with the outcome of every team.",
        error=OutcomeMissingError,
    )
    require_as_planned(stage, course)
    yield StageFinalised(stage=stage.id)
