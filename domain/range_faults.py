"""What is wrong with undisclosed maxima of what a panel scores: that points could be within each, and not together.

What the known maxima leave to a single undisclosed one is its range. Two of them that share what is left have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.charter_document import Charter
from domain.fault import Fault
from domain.points import is_known
from domain.rubric import Assessment, Criterion, Judged, Stage
from domain.soundness import in_each, numbered


def range_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each("/stages", charter.stages, charter, _stage_faults)


def _stage_faults(place: str, stage: Stage, _charter: Charter) -> Iterator[Fault]:
    in_stage: list[str] = []
    for i, assessment in numbered(stage.assessments):
        in_assessment: list[str] = []
        for k, criterion in numbered(assessment.criteria):
            unbounded = _unbounded(f"{place}/assessments/{i}/criteria/{k}", criterion)
            yield from _sharing(criterion, unbounded, in_assessment)
        yield from _sharing(assessment, in_assessment, in_stage)
    yield from _sharing(stage, in_stage, [])


def _unbounded(place: str, criterion: Criterion) -> list[str]:
    """Where points that count are given under an undisclosed maximum: the criterion, or items of it."""
    judged = criterion.scoring
    if not isinstance(judged, Judged) or not is_known(judged.aggregate):
        return []
    if not criterion.items:
        return [] if is_known(criterion.maximum) else [place]
    return [f"{place}/items/{i}" for i, item in numbered(criterion.items) if not is_known(item.maximum)]


def _sharing(whole: Criterion | Assessment | Stage, unbounded: Sequence[str], outside: list[str]) -> Iterator[Fault]:
    """A fault of each place where several share what is left of the whole; they go `outside` if it is undisclosed."""
    if not is_known(whole.maximum):
        outside += unbounded
    elif len(unbounded) > 1:
        for place in unbounded:
            detail = f"undisclosed, as is another that is scored: what each may have of {whole.id}'s {whole.maximum}"
            yield Fault(f"{place}/maximum", f"{detail} is open")
