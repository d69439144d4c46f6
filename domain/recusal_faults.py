"""Panels that one recusal, or conflict of interest, would leave too small for what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter
from domain.course_faults import may_or_reported
from domain.fault import Fault
from domain.judging import fewest_sheets, quorum_of
from domain.points import is_known
from domain.rubric import Criterion, Judged, Panel, Stage
from domain.soundness import as_far_as_sound, in_each, numbered

_BARRING = ("recuse-evaluator", "declare-conflict")


@as_far_as_sound
def recusal_faults(charter: Charter) -> Iterator[Fault]:
    """What is reported waits for no panel."""
    if charter.data_set == "public-record" or not any(may_or_reported(charter, each) for each in _BARRING):
        return
    for i, stage in numbered(charter.stages):
        for k, assessment in numbered(stage.assessments):
            place = f"/stages/{i}/assessments/{k}/criteria"
            yield from in_each(place, assessment.criteria, (stage, charter), _sheet_faults)
        yield from in_each(f"/stages/{i}/panels", stage.panels, charter, _opinion_faults)


def _sheet_faults(place: str, criterion: Criterion, within: tuple[Stage, Charter]) -> Iterator[Fault]:
    """Scoring closes with as many sheets as the quorum, or as an exclusion says; and never below what makes points."""
    stage, charter = within
    judged = criterion.scoring
    if not isinstance(judged, Judged):
        return
    panel = stage.panel(judged.panel)
    if panel is None or not int(panel.size) or _replaced(panel, charter):
        return
    excludes = may_or_reported(charter, "record-exclusion")
    needed = fewest_sheets(judged) if excludes else quorum_of(panel, judged)
    if int(panel.size) - 1 < needed <= int(panel.size):
        detail = f"{needed} sheets of {panel.size} are needed: after one recusal, and nobody in the place, scoring ends"
        yield Fault(f"{place}/scoring/panel", detail)


def _opinion_faults(place: str, panel: Panel, charter: Charter) -> Iterator[Fault]:
    review = charter.independence.review
    if review is None or review.panel != panel.id or not is_known(panel.quorum) or _replaced(panel, charter):
        return
    if int(panel.quorum) == int(panel.size):
        yield Fault(
            f"{place}/quorum", f"below the size {panel.size}, or one who is recused and not replaced ends rulings"
        )


def _replaced(panel: Panel, charter: Charter) -> bool:
    """Whether another may take the place of one who is recused."""
    return panel.replaces and may_or_reported(charter, "replace-evaluator")
