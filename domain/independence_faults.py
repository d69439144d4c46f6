"""What is wrong with a charter's conditions of independence, and with the review that precedes a ruling."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter
from domain.fault import Fault, unknown
from domain.points import is_known


def evidence_faults(charter: Charter) -> Iterator[Fault]:
    if charter.independence.perspectives and not charter.evidence_kinds and charter.data_set != "public-record":
        yield Fault("/evidence_kinds", "at least one kind, since a ruling on independence rests on evidence")


def perspective_faults(charter: Charter) -> Iterator[Fault]:
    perspectives = charter.independence.perspectives
    for i, perspective in enumerate(perspectives):
        place = f"/independence/perspectives/{i}/conditions"
        if not perspective.conditions:
            yield Fault(place, "at least one condition")
        elif perspective.requires == "any" and all(each.mandatory == "no" for each in perspective.conditions):
            yield Fault(
                f"/independence/perspectives/{i}/requires", "any of its mandatory conditions is met: there is none"
            )
    review = charter.independence.review
    if review is not None and not perspectives:
        yield Fault("/independence/review", "no perspective that a ruling could name, so that no review would ever end")
    if review is not None and int(review.statement_days) < 1:
        yield Fault("/independence/review/statement_days", "at least one whole day to answer")


def mandatory_faults(charter: Charter) -> Iterator[Fault]:
    for i, perspective in enumerate(charter.independence.perspectives):
        for k, condition in enumerate(perspective.conditions):
            if condition.mandatory == "undisclosed" and charter.data_set != "public-record":
                yield Fault(
                    f"/independence/perspectives/{i}/conditions/{k}/mandatory",
                    "undisclosed in a public record only: a ruling has to know it",
                )


def review_panel_faults(charter: Charter) -> Iterator[Fault]:
    """Every stage has the panel whose opinions rulings wait for, and as many as are known."""
    review = charter.independence.review
    if review is None or review.panel is None:
        return
    for i, stage in enumerate(charter.stages):
        panels = [panel.id for panel in stage.panels]
        yield from unknown("/independence/review/panel", [review.panel], panels, f"panel of {stage.id}")
        for k, panel in enumerate(stage.panels):
            if panel.id == review.panel and not is_known(panel.quorum):
                yield Fault(f"/stages/{i}/panels/{k}/quorum", "a known number, since rulings wait for so many opinions")
