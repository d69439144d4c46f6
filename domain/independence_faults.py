"""What is wrong with a charter's conditions of independence, and with the review that precedes a ruling."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter, Condition, IndependenceReview, Perspective
from domain.fault import Fault, ids, unknown
from domain.points import is_known
from domain.rubric import Panel, Stage
from domain.soundness import as_far_as_sound, in_each

_REVIEW = "/independence/review"


@as_far_as_sound
def independence_faults(charter: Charter) -> Iterator[Fault]:
    perspectives, review = charter.independence.perspectives, charter.independence.review
    yield from in_each("/independence/perspectives", perspectives, charter, _condition_faults, _requirement_faults)
    yield from _evidence_faults(charter)
    if review is not None:
        yield from _subject_faults(charter)
        yield from _days_faults(review)
        yield from _panel_faults(charter, review)


@as_far_as_sound
def _evidence_faults(charter: Charter) -> Iterator[Fault]:
    if charter.independence.perspectives and not charter.evidence_kinds and charter.data_set != "public-record":
        yield Fault("/evidence_kinds", "at least one kind, since a ruling on independence rests on evidence")


def _condition_faults(place: str, perspective: Perspective, charter: Charter) -> Iterator[Fault]:
    yield from in_each(f"{place}/conditions", perspective.conditions, charter, _mandatory_faults)
    if not perspective.conditions:
        yield Fault(f"{place}/conditions", "at least one condition")


def _requirement_faults(place: str, perspective: Perspective, _charter: Charter) -> Iterator[Fault]:
    conditions = perspective.conditions
    if conditions and perspective.requires == "any" and all(each.mandatory == "no" for each in conditions):
        yield Fault(f"{place}/requires", "any of its mandatory conditions is met: there is none")


def _mandatory_faults(place: str, condition: Condition, charter: Charter) -> Iterator[Fault]:
    if condition.mandatory == "undisclosed" and charter.data_set != "public-record":
        yield Fault(f"{place}/mandatory", "undisclosed in a public record only: a ruling has to know it")


@as_far_as_sound
def _subject_faults(charter: Charter) -> Iterator[Fault]:
    if not charter.independence.perspectives:
        yield Fault(_REVIEW, "no perspective that a ruling could name, so that no review would ever end")


@as_far_as_sound
def _days_faults(review: IndependenceReview) -> Iterator[Fault]:
    if int(review.statement_days) < 1:
        yield Fault(f"{_REVIEW}/statement_days", "at least one whole day to answer")


@as_far_as_sound
def _panel_faults(charter: Charter, review: IndependenceReview) -> Iterator[Fault]:
    """Every stage has the panel whose opinions rulings wait for, and as many as are known."""
    if review.panel is not None:
        yield from in_each("/stages", charter.stages, review.panel, _no_panel_faults, _opinion_faults)


def _no_panel_faults(_place: str, stage: Stage, panel: str) -> Iterator[Fault]:
    yield from unknown(f"{_REVIEW}/panel", [panel], ids(stage.panels), f"panel of {stage.id}")


def _opinion_faults(place: str, stage: Stage, panel: str) -> Iterator[Fault]:
    yield from in_each(f"{place}/panels", stage.panels, panel, _quorum_faults)


def _quorum_faults(place: str, panel: Panel, needed: str) -> Iterator[Fault]:
    if panel.id != needed:
        return
    if not is_known(panel.quorum):
        yield Fault(f"{place}/quorum", "a known number, since rulings wait for so many opinions")
