"""Waivers: a team says that it will not object, so that a window in which nobody may object any more ends early."""

from __future__ import annotations

from collections.abc import Iterator

from domain.decision import Case, decision
from domain.event import Event
from domain.objections import require_objectable
from domain.record import StageCourse
from domain.results import results
from domain.scalars import Identifier
from domain.stage_events import ObjectionsWaived
from domain.stages import OfStage, stage_of


class WaiveObjections(OfStage, frozen=True, kw_only=True):
    """`team`: which will not object to the results as they are published."""

    team: Identifier


@decision(
    "waive-objections",
    WaiveObjections,
    comes_to=(ObjectionsWaived,),
    needs=lambda command, p: (StageCourse(p, command.stage),),
    own="team",
    in_person=True,
    rests_on=results,
)
def waive_objections(command: WaiveObjections, case: Case, course: StageCourse) -> Iterator[Event]:
    """Waive further objections; the waiver lapses when results are published anew, or the team's outcome changes."""
    stage = stage_of(case, command.stage)
    require_objectable(stage, command.team, case, course, reported=command.reported)
    yield ObjectionsWaived(stage=stage.id, team=command.team)
