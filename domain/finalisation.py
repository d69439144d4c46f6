"""The end of a stage: once it is finalised nothing of it changes, and the next may rest on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from domain.deadlines import passed
from domain.decision import Case, decision, refuse_if
from domain.event import Event
from domain.hearing_course import StageReviews
from domain.objections import Objections
from domain.outcomes import require_borne
from domain.record import StageRecord
from domain.refusal import Refusal
from domain.results import results
from domain.serving import Served, everybody_until
from domain.stage_events import StageFinalised
from domain.stage_machine import STAGE, stage_state
from domain.stages import OfStage, OutcomeMissingError, require_as_planned, stage_of, without_outcome


class ObjectionWindowOpenError(Refusal):
    """Teams may still object."""


class ObjectionUndecidedError(Refusal):
    """An objection waits for its decision."""


class ReviewOpenError(Refusal):
    """A review of a team's independence has not come to its ruling."""


class FinaliseStage(OfStage, frozen=True, kw_only=True):
    """Which stage."""


def _facts_1(command: FinaliseStage, p: str) -> tuple[StageRecord, Objections, StageReviews]:
    return StageRecord(p, command.stage), Objections(p, command.stage), StageReviews(p, command.stage)


def _facts(command: FinaliseStage, p: str) -> tuple[StageRecord, Objections, StageReviews, Served]:
    return *_facts_1(command, p), Served(p)


_OF_STAGE: Final[Any] = {"comes_to": (StageFinalised,), "rests_on": results}


@decision("finalise-stage", FinaliseStage, needs=_facts_1, earlier=True, **_OF_STAGE)
def finalise_stage_1(
    command: FinaliseStage, case: Case, record: StageRecord, objections: Objections, reviews: StageReviews
) -> Iterator[Event]:
    """Without what is on record of notices, from which nothing was counted."""
    yield from finalise_stage(command, case, record, objections, reviews, Served(case.programme))


@decision("finalise-stage", FinaliseStage, needs=_facts, version=2, **_OF_STAGE)
def finalise_stage(
    command: FinaliseStage,
    case: Case,
    record: StageRecord,
    objections: Objections,
    reviews: StageReviews,
    served: Served,
) -> Iterator[Event]:
    """Close the book of a stage; an objection that was upheld need not have had a consequence."""
    stage = stage_of(case, command.stage)
    run = record.course
    STAGE.require(stage_state(run), "finalise-stage", subject=stage.id)
    may_object = [team for team in run.teams if team not in run.waived and not run.withdrew(team)]
    until = everybody_until(may_object, stage, run, served, case.charter)
    if until is not None and not passed(until, case.decided_at):
        raise ObjectionWindowOpenError(
            f"{', '.join(may_object)} may object until {until}",
            rule="A stage is finalised after its objection window, or once every team has waived its objections.",
        )
    refuse_if(
        (("/stage", f"objection {each} of {team} is undecided") for team, each in objections.undecided),
        rule="A stage is finalised once every objection is decided.",
        error=ObjectionUndecidedError,
    )
    refuse_if(
        (("/stage", f"the independence of {team} is under review") for team in reviews.waiting),
        rule="A stage is finalised once every review that was opened has come to a ruling.",
        error=ReviewOpenError,
    )
    refuse_if(
        (("/stage", f"{team} has no outcome") for team in without_outcome(record)),
        rule="A stage is finalised with the outcome of every team.",
        error=OutcomeMissingError,
    )
    require_as_planned(stage, record)
    require_borne(case.charter, stage, record, reported=command.reported)
    yield StageFinalised(stage=stage.id)
