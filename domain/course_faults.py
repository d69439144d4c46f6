"""What keeps a programme from going on: decisions that it needs, and nobody may make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from domain.charter_document import Charter
from domain.fault import Fault
from domain.points import is_known
from domain.rubric import Judged, Measured, Panel, Stage

_COURSE: Final = (
    "enrol-team",
    "open-stage",
    "close-scoring",
    "consolidate-stage",
    "advance-team",
    "publish-results",
)
"""What every programme needs: results are published with every outcome."""
_RULINGS: Final = ("register-evidence", "rule-independence", "eliminate-team")
"""Where there are conditions of independence a team advances once it was ruled upon, on evidence, or is eliminated."""
_REVIEW: Final = ("open-independence-review", "request-statement")
_OBJECTIONS: Final = ("decide-objection", "finalise-stage")
_CALL: Final = (
    "open-additional-call",
    "apply-to-call",
    "screen-application",
    "finalise-stage",
    "select-team",
    "close-call",
)
"""A call selects once the stage that it follows is final."""


def objection_faults(charter: Charter) -> Iterator[Fault]:
    """A window keeps what follows waiting, also in a public record: somebody has to end it.

    What is reported of an objection is entered by mandate; otherwise a team files its own.
    """
    given = _given(charter)
    filing = given if charter.data_set == "public-record" else charter.consortium_decisions
    for i, stage in enumerate(charter.stages):
        if stage.objections is None:
            continue
        if "file-objection" not in filing:
            yield Fault(f"/stages/{i}/objections", "teams may object, but nobody may file-objection")
        for name in _OBJECTIONS:
            if name not in given:
                yield Fault(f"/stages/{i}/objections", f"teams may object, but nobody may {name}")


def course_faults(charter: Charter) -> Iterator[Fault]:
    yield from _needed(charter, _COURSE)


def outcome_faults(charter: Charter) -> Iterator[Fault]:
    """Where a cut, a gate or a ruling may keep a team from advancing, it is eliminated."""
    if charter.independence.perspectives:
        yield from _needed(charter, _RULINGS)
    elif any(stage.cut or stage.gates for stage in charter.stages):
        yield from _needed(charter, ("eliminate-team",))


def review_faults(charter: Charter) -> Iterator[Fault]:
    """Steps of the review that nobody may take; a reported ruling waits for none."""
    review = charter.independence.review
    if review is None or charter.data_set == "public-record":
        return
    if "give-statement" not in charter.consortium_decisions:
        yield Fault("/independence/review", "no team may give-statement, so that none could ever be heard")
    for name in (*_REVIEW, *(() if review.panel is None else ("appoint-evaluator", "give-opinion"))):
        if name not in _given(charter):
            yield Fault("/independence/review", f"nobody may {name}, so that nothing could ever be ruled")


def score_faults(charter: Charter) -> Iterator[Fault]:
    yield from _needed(charter, _scores_need(charter.stages))


def reopening_faults(charter: Charter) -> Iterator[Fault]:
    if "reopen-scoring" in _given(charter):
        yield from _needed(charter, ("reconsolidate-stage",))


def call_course_faults(charter: Charter) -> Iterator[Fault]:
    if charter.data_set != "public-record" and charter.calls:
        for name in _CALL:
            if name not in _given(charter):
                yield Fault("/calls", f"nobody may {name}, so that a call could not fill its seats, or not end without")


def publishing_faults(charter: Charter) -> Iterator[Fault]:
    """Joint publishers without whose agreement nothing could ever be published; of a public record none is awaited."""
    if charter.data_set == "public-record" or "publish-results" not in _mandated(charter):
        return
    for agency in (each.id for each in charter.agencies if each.id in charter.joint_publishers):
        if not charter.may(agency, "publish-results"):
            yield Fault("/joint_publishers", f"{agency} may not publish-results, so that it would be awaited for ever")


def _needed(charter: Charter, names: Iterable[str]) -> Iterator[Fault]:
    """A public record holds what was reported of decisions, whoever made them."""
    given = _given(charter)
    for name in () if charter.data_set == "public-record" else dict.fromkeys(names):
        if name not in given:
            yield Fault("/mandates", f"nobody may {name}, without which the programme cannot go on")


def _given(charter: Charter) -> set[str]:
    """What somebody may decide, by mandate or as a consortium about itself."""
    return _mandated(charter) | set(charter.consortium_decisions)


def _mandated(charter: Charter) -> set[str]:
    return {name for each in charter.mandates if each.agencies for name in each.decisions}


def _scores_need(stages: tuple[Stage, ...]) -> Iterator[str]:
    """What brings points to the criteria, and outcomes to the gates.

    Scoring closes once no sheet and no metric is missing, whether or not they come to points; figures are certified
    after that.
    """
    for stage in stages:
        if any(not is_known(gate.minimum) for gate in stage.gates):
            yield "certify-figure"
        for _node, criterion in stage.criteria():
            match criterion.scoring:
                case Judged() as judged:
                    yield "appoint-evaluator"
                    yield "submit-score"
                    if not _says_how(judged, stage.panel(judged.panel)):
                        yield "certify-figure"
                case Measured() as measured:
                    yield "record-measurement"
                    if not _converts(measured):
                        yield "certify-figure"
                case _:
                    yield "certify-figure"


def _says_how(judged: Judged, panel: Panel | None) -> bool:
    """Whether it is known how sheets come to points."""
    if judged.aggregate == "weighted-mean" and panel is not None:
        return all(is_known(group.weight) for group in panel.groups)
    return is_known(judged.aggregate)


def _converts(measured: Measured) -> bool:
    """Whether it is known how metrics come to points."""
    if measured.conversion == "linear":
        return all(is_known(end) for each in measured.benchmarks for end in measured.span(each) if end is not None)
    return is_known(measured.conversion)
