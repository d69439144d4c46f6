"""What is wrong with gates and tie-breaks: nodes that there are not, minima out of reach, ties that nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter
from domain.fault import Fault, points_faults, unknown, value
from domain.maxima import reach
from domain.points import decimal_text
from domain.rubric import TOTAL, Gate, Stage
from domain.soundness import in_each, numbered


def gate_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each("/stages", charter.stages, charter, _tie_break_faults, _idle_faults, _stage_faults)


def _tie_break_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    yield from unknown(f"{place}/tie_break", stage.tie_break, _nodes(stage), "node of the rubric")


def _idle_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    """Teams that tie are alike in the total, and in what is all of it."""
    whole = {TOTAL}
    if len(stage.assessments) == 1:
        (only,) = stage.assessments
        whole |= {only.id, *(f"{only.id}/{each.id}" for each in only.criteria if len(only.criteria) == 1)}
    for i, node in numbered(stage.tie_break):
        if node in whole:
            yield Fault(f"{place}/tie_break/{i}", f"{node!r} breaks no tie: teams that tie have it alike")


def _stage_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    yield from in_each(f"{place}/gates", stage.gates, stage, _node_faults, _minimum_faults, _reach_faults)


def _node_faults(place: str, gate: Gate, stage: Stage) -> Iterator[Fault]:
    yield from unknown(f"{place}/node", [gate.node], _nodes(stage), "node of the rubric")


def _nodes(stage: Stage) -> Iterator[str]:
    yield from stage.nodes()


def _minimum_faults(place: str, gate: Gate, _stage: Stage) -> Iterator[Fault]:
    yield from points_faults(f"{place}/minimum", gate.minimum)


def _reach_faults(place: str, gate: Gate, stage: Stage) -> Iterator[Fault]:
    minimum = value(gate.minimum)
    if minimum is None or gate.node not in stage.nodes():
        return
    most = reach(stage, gate.node)
    if most is not None and minimum > most:
        yield Fault(
            f"{place}/minimum", f"{gate.minimum} is above {decimal_text(most)}, the most that {gate.node} reaches"
        )
