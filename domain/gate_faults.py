"""What is wrong with the gates and tie-breaks of a stage: nodes that there are not, minima that nobody could reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from domain.charter_document import Charter
from domain.fault import Fault, points_faults, unknown, value
from domain.points import decimal_text
from domain.rubric import TOTAL, Assessment, Criterion, Gate, Stage
from domain.soundness import in_each


def gate_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each("/stages", charter.stages, charter, _tie_break_faults, _stage_faults)


def _tie_break_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    yield from unknown(f"{place}/tie_break", stage.tie_break, _nodes(stage), "node of the rubric")


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
    most = _reach(stage, gate.node)
    if most is not None and minimum > most:
        yield Fault(
            f"{place}/minimum", f"{gate.minimum} is above {decimal_text(most)}, the most that {gate.node} reaches"
        )


def _reach(stage: Stage, node: str) -> Fraction | None:
    """The most that a node reaches: its maximum, or what follows from the rest where that is undisclosed."""
    if node == TOTAL:
        return _own(stage.maximum, (_assessed(each) for each in stage.assessments))
    assessment_id, _, criterion_id = node.partition("/")
    assessment = next(each for each in stage.assessments if each.id == assessment_id)
    if not criterion_id:
        own, within = _assessed(assessment), TOTAL
        others = (_least(each) for each in stage.assessments if each is not assessment)
    else:
        criterion = next(each for each in assessment.criteria if each.id == criterion_id)
        own, within = _scored(criterion), assessment_id
        others = (_scored(each) for each in assessment.criteria if each is not criterion)
    if own is not None or (whole := _reach(stage, within)) is None:
        return own
    return whole - _known_sum(others)


def _assessed(assessment: Assessment) -> Fraction | None:
    return _own(assessment.maximum, (_scored(each) for each in assessment.criteria))


def _least(assessment: Assessment) -> Fraction | None:
    """What an assessment has at least."""
    own = _assessed(assessment)
    return _known_sum(_scored(each) for each in assessment.criteria) if own is None else own


def _scored(criterion: Criterion) -> Fraction | None:
    return _own(criterion.maximum, (value(each.maximum) for each in criterion.items))


def _own(maximum: str, parts: Iterable[Fraction | None]) -> Fraction | None:
    """The maximum, or the sum of the parts if they are all known."""
    whole = value(maximum)
    if whole is not None:
        return whole
    found = list(parts)
    return _known_sum(found) if found and None not in found else None


def _known_sum(parts: Iterable[Fraction | None]) -> Fraction:
    return sum((each for each in parts if each is not None), Fraction(0))
