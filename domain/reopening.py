"""Scoring reopened: what the standings rest on may change again, until they are settled and published anew."""

from __future__ import annotations

from collections.abc import Iterator

from domain.decision import Case, decision
from domain.event import Event
from domain.objections import Objections
from domain.opened_stages import OpenedStages
from domain.outcomes import NoBasisError
from domain.record import StageCourse
from domain.results import results
from domain.scalars import Identifier, Names
from domain.stage_events import ScoringReopened
from domain.stage_machine import STAGE, stage_state
from domain.stages import OfStage, stage_of


class ReopenScoring(OfStage, frozen=True, kw_only=True):
    """`objection`: the upheld one, of any team and about scores, that makes it necessary, if one does."""

    reason: Names
    objection: Identifier | None = None


def _facts(command: ReopenScoring, p: str) -> tuple[StageCourse, Objections, OpenedStages]:
    return StageCourse(p, command.stage), Objections(p, command.stage), OpenedStages(p)


@decision("reopen-scoring", ReopenScoring, comes_to=(ScoringReopened,), needs=_facts, rests_on=results)
def reopen_scoring(
    command: ReopenScoring, case: Case, course: StageCourse, objections: Objections, opened: OpenedStages
) -> Iterator[Event]:
    """Take and correct scores again; corrections then need a countersignature, and certified figures lapse."""
    stage = stage_of(case, command.stage)
    STAGE.require(stage_state(course.course), "reopen-scoring", subject=stage.id)
    opened.require_none_after(stage.id, case.charter)
    if command.objection is not None and not objections.upheld(command.objection, subject="score"):
        raise NoBasisError(
            f"objection: {command.objection!r} about scores of {stage.id} was not upheld",
            rule="Scoring is reopened on an objection that was upheld, or for another reason.",
            pointer="/objection",
        )
    yield ScoringReopened(
        stage=stage.id, reason=command.reason, objection=command.objection, deciders=case.deciders(command)
    )
