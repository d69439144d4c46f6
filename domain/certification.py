"""Certified figures: what a named body states about a stage, beside or instead of scores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from domain.decision import Case, Command, decision, refuse_if
from domain.event import Event
from domain.points import DecimalFormatError, known, parse_decimal
from domain.record import StageRecord, Statement
from domain.refusal import Refusal
from domain.rubric import Stage
from domain.scalars import Identifier
from domain.score_events import Figure, FigureCertified, GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup
from domain.stages import ScoringOpenError, StageAlreadyConsolidatedError, contradicts, require_opened, stage_of

_RANK: Final = re.compile(r"[1-9][0-9]{0,8}")


class FigureContradictsError(Refusal):
    """The figure cannot be true together with what is known."""


class CertifyFigure(Command, frozen=True, kw_only=True):
    """`figure`: points, mean, highest, rank-group or gate.

    A rank-group with as many teams as ranks is all who hold these ranks: nobody else shares one. Teams that tie are one
    group, over the ranks that they fill: two that share rank 2 hold `best` 2 to `worst` 3.
    """

    stage: Identifier
    figure: Figure


@decision(
    "certify-figure",
    CertifyFigure,
    comes_to=(FigureCertified,),
    needs=lambda command, p: (StageRecord(p, command.stage),),
)
def certify_figure(command: CertifyFigure, case: Case, record: StageRecord) -> Iterator[Event]:
    """State a figure of the stage that does not follow from scores in the ledger."""
    stage = stage_of(case, command.stage)
    require_opened(record)
    refuse_if(
        figure_faults(command.figure, stage, record.course.teams),
        rule="A figure is about the rubric and the teams.",
    )
    if record.course.consolidated:
        raise StageAlreadyConsolidatedError(
            f"{stage.id} is consolidated", rule="Figures are certified before the standings are settled."
        )
    if not record.course.closed and not command.reported:
        raise ScoringOpenError(f"scoring of {stage.id} is open", rule="Figures are certified after scoring is closed.")
    source = command.source or f"certified by {case.actor.agency}"
    if why := contradicts(stage, record, Statement(command.figure, source, case.position)):
        raise FigureContradictsError(why, rule="A certified figure must not contradict a known one.", pointer="/figure")
    yield FigureCertified(stage=stage.id, figure=command.figure, source=source, deciders=case.deciders(command))


def figure_faults(figure: Figure, stage: Stage, field: list[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a figure in itself: (JSON pointer, sentence)."""
    teams = figure.teams if isinstance(figure, HighestOf | RankGroup) else ()
    if isinstance(figure, PointsOf | GateOutcome):
        teams = (figure.team,)
    for team in teams:
        if team not in field:
            yield "/figure/team", f"{team!r} does not compete in {stage.id}"
    if isinstance(figure, HighestOf | RankGroup) and (not teams or len(set(teams)) != len(teams)):
        yield "/figure/teams", "at least one team, each once"
    match figure:
        case PointsOf(node=node, value=value) | HighestOf(node=node, value=value) | MeanOf(node=node, value=value):
            if not field:
                yield "/figure/node", f"no team is left in {stage.id}"
                return
            maxima = stage.nodes()
            if node not in maxima:
                yield "/figure/node", f"{node!r} is no node of the rubric"
                return
            try:
                points = parse_decimal(value, decimals=None if isinstance(figure, MeanOf) else stage.decimals)
            except DecimalFormatError as error:
                yield "/figure/value", str(error)
                return
            maximum = known(maxima[node])
            if maximum is not None and points > maximum:
                yield "/figure/value", f"{value} is above the maximum {maxima[node]} of {node}"
        case GateOutcome(gate=gate):
            if stage.gate(gate) is None:
                yield "/figure/gate", f"{gate!r} is no gate of {stage.id}"
        case RankGroup(best=best, worst=worst):
            unreadable = [name for name in ("best", "worst") if not _RANK.fullmatch(getattr(figure, name))]
            yield from ((f"/figure/{name}", "a whole number from 1 to 999999999, such as 1") for name in unreadable)
            if unreadable:
                return
            if not int(best) <= int(worst) <= len(field) or int(worst) - int(best) + 1 < len(teams):
                yield "/figure/worst", f"ranks 1 to {len(field)}, with a rank for every team of the group, ties too"
