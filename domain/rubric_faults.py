"""What is wrong with the maxima of a rubric; how points come about is in `domain.scoring_faults`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from domain.charter_document import Charter
from domain.fault import Fault, points_faults, value
from domain.maxima import parts_of, together
from domain.points import decimal_text
from domain.rubric import TOTAL, Assessment, Criterion, Item, Stage
from domain.soundness import as_far_as_sound, in_each


def rubric_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each("/stages", charter.stages, charter, _total_faults, _assessment_faults)


def _total_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    yield from _maximum_faults(place, stage, stage)
    yield from _sum_faults(place, stage, "assessments")


def _assessment_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    yield from in_each(
        f"{place}/assessments", stage.assessments, stage, _name_faults, _maximum_faults, _criterion_faults
    )
    if not stage.assessments:
        yield Fault(f"{place}/assessments", "at least one assessment")


def _name_faults(place: str, assessment: Assessment, _stage: Stage) -> Iterator[Fault]:
    if assessment.id == TOTAL:
        yield Fault(f"{place}/id", f"{TOTAL!r} names the sum of all assessments")


def _criterion_faults(place: str, assessment: Assessment, stage: Stage) -> Iterator[Fault]:
    yield from _sum_faults(place, assessment, "criteria")
    yield from in_each(f"{place}/criteria", assessment.criteria, stage, _maximum_faults, _item_faults)
    if not assessment.criteria:
        yield Fault(f"{place}/criteria", "at least one criterion")


def _item_faults(place: str, criterion: Criterion, stage: Stage) -> Iterator[Fault]:
    yield from in_each(f"{place}/items", criterion.items, stage, _maximum_faults)
    if criterion.items:
        yield from _sum_faults(place, criterion, "items")


def _maximum_faults(place: str, node: Stage | Assessment | Criterion | Item, stage: Stage) -> Iterator[Fault]:
    """A maximum that is no decimal, or that no points of the stage's precision could be."""
    yield from points_faults(f"{place}/maximum", node.maximum)
    yield from _grid_faults(f"{place}/maximum", node.maximum, stage)


@as_far_as_sound
def _grid_faults(place: str, maximum: str, stage: Stage) -> Iterator[Fault]:
    most = value(maximum)
    if most is not None and stage.decimals is not None and (most * 10**stage.decimals).denominator != 1:
        yield Fault(place, f"{maximum} has more than the {stage.precision} decimals of the stage's points")


@as_far_as_sound
def _sum_faults(place: str, node: Stage | Assessment | Criterion, what: str) -> Iterator[Fault]:
    """A maximum that its parts do not add up to, as far as they are known: they, or what they are made of."""
    whole, parts = value(node.maximum), parts_of(node)
    if whole is None:
        return
    said = [value(part.maximum) for part in parts]
    reached = sum((each for each in said if each is not None), Fraction(0))
    if None not in said:
        if reached != whole:
            yield Fault(f"{place}/maximum", f"the {what} add up to {decimal_text(reached)}, not to {node.maximum}")
        return
    if reached > whole:
        detail = f"the known {what} add up to {decimal_text(reached)}, more than {node.maximum}"
        yield Fault(f"{place}/maximum", detail)
        return
    least, most = together(parts)
    if least > whole or (most is not None and most < whole):
        detail = f"what is known of the {what} adds up to {decimal_text(least)}, not to {node.maximum}"
        yield Fault(f"{place}/maximum", detail)
