"""Consolidation: the standings of a stage are settled, and settled anew after its scoring was reopened."""

from __future__ import annotations

from collections.abc import Iterator

from domain.bounds import Contradiction
from domain.decision import Case, decision, refuse_if
from domain.event import Event
from domain.record import StageRecord
from domain.refusal import Refusal
from domain.rubric import Stage
from domain.scalars import Names
from domain.stage_events import StageConsolidated, StageReconsolidated
from domain.stages import (
    OfStage,
    ScoresMissingError,
    ScoringOpenError,
    StageAlreadyConsolidatedError,
    facts_contradict,
    require_opened,
    stage_of,
)
from domain.standings import Standings, StandingsBasis, missing_points, standings_basis, standings_of
from domain.tally import Tally, gate_outcome, tally


class NeverConsolidatedError(Refusal):
    """The standings of the stage were not settled before."""


class GateOpenError(Refusal):
    """It is open whether a team passed a gate."""


class ConsolidateStage(OfStage, frozen=True, kw_only=True):
    """Which stage."""


def _rows(command: OfStage, case: Case, record: StageRecord) -> bytes:
    """Every row of what is settled, and the rules: the digest of the standings but for the position."""
    stage = stage_of(case, command.stage)
    found = tally(stage, record.course, record.cells)
    return _standings(stage, case, record, found, position=0).digest.encode()


@decision(
    "consolidate-stage",
    ConsolidateStage,
    comes_to=(StageConsolidated,),
    needs=lambda command, p: (StageRecord(p, command.stage),),
    rests_on=_rows,
)
def consolidate_stage(command: ConsolidateStage, case: Case, record: StageRecord) -> Iterator[Event]:
    """Settle the standings of a stage; the event carries their digest."""
    if record.course.settled:
        raise StageAlreadyConsolidatedError(
            f"{command.stage} was consolidated at position {record.course.settled}",
            rule="A stage is consolidated once; reconsolidate-stage settles it anew after scoring was reopened.",
        )
    digest, basis = _settle(command, case, record)
    yield StageConsolidated(
        stage=command.stage, digest=digest, position=case.position, basis=basis, deciders=case.deciders(command)
    )


class ReconsolidateStage(OfStage, frozen=True, kw_only=True):
    """`reason`: what changed since the settlement before."""

    reason: Names


@decision(
    "reconsolidate-stage",
    ReconsolidateStage,
    comes_to=(StageReconsolidated,),
    needs=lambda command, p: (StageRecord(p, command.stage),),
    rests_on=_rows,
)
def reconsolidate_stage(command: ReconsolidateStage, case: Case, record: StageRecord) -> Iterator[Event]:
    """Settle the standings of a reopened stage anew; those before stay readable as they were."""
    if not record.course.settled:
        raise NeverConsolidatedError(
            f"{command.stage} was not consolidated before", rule="consolidate-stage settles a stage the first time."
        )
    digest, basis = _settle(command, case, record)
    yield StageReconsolidated(
        stage=command.stage,
        digest=digest,
        position=case.position,
        basis=basis,
        deciders=case.deciders(command),
        supersedes=record.course.settled,
        reason=command.reason,
    )


def _settle(command: OfStage, case: Case, record: StageRecord) -> tuple[str, StandingsBasis]:
    """Digest and basis of the standings as they are, or the refusal to settle them."""
    stage = stage_of(case, command.stage)
    require_opened(record)
    if record.course.consolidated:
        raise StageAlreadyConsolidatedError(
            f"{stage.id} is consolidated", rule="Scoring is reopened before standings are settled anew."
        )
    if not record.course.closed and not command.reported:
        raise ScoringOpenError(
            f"scoring of {stage.id} is open", rule="A stage is consolidated after scoring is closed."
        )
    try:
        found = tally(stage, record.course, record.cells)
    except Contradiction as why:
        raise facts_contradict(why) from why
    refuse_if(
        (("/stage", f"{team} has no points for {node}") for team, node in missing_points(stage, found)),
        rule="A required score is computed, certified or undisclosed by the charter.",
        error=ScoresMissingError,
    )
    if not command.reported:
        refuse_if(
            (("/stage", why) for why in _open_gates(stage, record, found)),
            rule="Standings are settled once it is told of every team whether it passed every gate.",
            error=GateOpenError,
        )
    standings = _standings(stage, case, record, found, case.position)
    return standings.digest, standings_basis(standings)


def _open_gates(stage: Stage, record: StageRecord, found: Tally) -> Iterator[str]:
    """Figures are certified no more once standings are settled: nobody could then advance, or be eliminated."""
    for gate in stage.gates:
        for team in record.course.teams:
            passed = gate_outcome(stage, gate.id, team, found, record.course)
            if passed is None and not record.course.withdrew(team):
                yield f"whether {team} passed {gate.id} is open: certify it"


def _standings(stage: Stage, case: Case, record: StageRecord, found: Tally, position: int) -> Standings:
    return standings_of(case.charter, case.rules_hash, stage, record.course, found, record.roster.names, position)
