"""Waivers: a team says that it will not object, so that a window in which nobody may object any more ends early."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from domain.decision import Case, decision
from domain.event import Event
from domain.objections import require_objectable
from domain.record import StageCourse
from domain.results import results
from domain.scalars import Identifier
from domain.serving import Served
from domain.stage_events import ObjectionsWaived
from domain.stages import OfStage, stage_of


class WaiveObjections(OfStage, frozen=True, kw_only=True):
    """`team`: which will not object to the results as they are published."""

    team: Identifier


def _course(command: WaiveObjections, p: str) -> tuple[StageCourse]:
    return (StageCourse(p, command.stage),)


def _course_and_service(command: WaiveObjections, p: str) -> tuple[StageCourse, Served]:
    return StageCourse(p, command.stage), Served(p, command.team)


_OF_TEAM: Final[Any] = {"comes_to": (ObjectionsWaived,), "own": "team", "in_person": True, "rests_on": results}


@decision("waive-objections", WaiveObjections, needs=_course, earlier=True, **_OF_TEAM)
def waive_objections_1(command: WaiveObjections, case: Case, course: StageCourse) -> Iterator[Event]:
    """Without what is on record of notices, from which nothing was counted."""
    yield from waive_objections(command, case, course, Served(case.programme, command.team))


@decision("waive-objections", WaiveObjections, needs=_course_and_service, version=2, **_OF_TEAM)
def waive_objections(command: WaiveObjections, case: Case, course: StageCourse, served: Served) -> Iterator[Event]:
    """Waive further objections; the waiver lapses when results are published anew, or the team's outcome changes."""
    stage = stage_of(case, command.stage)
    require_objectable(stage, command.team, case, course, served, reported=command.reported)
    yield ObjectionsWaived(stage=stage.id, team=command.team)
