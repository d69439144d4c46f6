"""What is wrong with the maxima of a rubric; how points come about is in `domain.scoring_faults`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from domain.charter_document import Charter
from domain.fault import Fault, points_faults, value
from domain.points import decimal_text, is_known
from domain.rubric import TOTAL, Assessment, Criterion, Item, Stage
from domain.soundness import as_far_as_sound, in_each


def rubric_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each("/stages", charter.stages, charter, _total_faults, _hidden_faults, _assessment_faults)


def _total_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    yield from _maximum_faults(place, stage, stage)
    yield from _sum_faults(place, stage, stage.assessments, "assessments")


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
    yield from _sum_faults(place, assessment, assessment.criteria, "criteria")
    yield from in_each(f"{place}/criteria", assessment.criteria, stage, _maximum_faults, _item_faults)
    if not assessment.criteria:
        yield Fault(f"{place}/criteria", "at least one criterion")


def _item_faults(place: str, criterion: Criterion, stage: Stage) -> Iterator[Fault]:
    yield from in_each(f"{place}/items", criterion.items, stage, _maximum_faults)
    if criterion.items:
        yield from _sum_faults(place, criterion, criterion.items, "items")


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
def _sum_faults(
    place: str,
    node: Stage | Assessment | Criterion,
    parts: Sequence[Assessment] | Sequence[Criterion] | Sequence[Item],
    what: str,
) -> Iterator[Fault]:
    whole = value(node.maximum)
    if whole is None:
        return
    values = [value(part.maximum) for part in parts]
    reached = sum((value for value in values if value is not None), Fraction(0))
    if None not in values and reached != whole:
        yield Fault(f"{place}/maximum", f"the {what} add up to {decimal_text(reached)}, not to {node.maximum}")
    elif reached > whole:
        detail = f"the known {what} add up to {decimal_text(reached)}, more than {node.maximum}"
        yield Fault(f"{place}/maximum", detail)


def _hidden_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    """An assessment whose maximum is undisclosed has at least what its known criteria have, and no more if all are."""
    whole = value(stage.maximum)
    hidden = [assessment for assessment in stage.assessments if not is_known(assessment.maximum)]
    if whole is None or not hidden:
        return
    least = sum((value(each.maximum) or Fraction(0) for each in stage.assessments), Fraction(0))
    criteria = [value(criterion.maximum) for assessment in hidden for criterion in assessment.criteria]
    least += sum((each for each in criteria if each is not None), Fraction(0))
    if least > whole or (None not in criteria and least < whole):
        yield Fault(
            f"{place}/maximum",
            f"what is known of the assessments adds up to {decimal_text(least)}, not to {stage.maximum}",
        )
