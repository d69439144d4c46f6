"""What keeps a programme from going on: decisions that it needs, and nobody may make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from domain.charter_document import Charter
from domain.fault import Fault
from domain.points import is_known
from domain.rubric import Judged, Measured, Stage

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
_CALL: Final = ("open-additional-call", "apply-to-call", "screen-application", "select-team", "close-call")


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
    for name in (*_REVIEW, *(() if review.panel is None else ("give-opinion",))):
        if name not in _given(charter):
            yield Fault("/independence/review", f"nobody may {name}, so that nothing could ever be ruled")


def score_faults(charter: Charter) -> Iterator[Fault]:
    yield from _needed(charter, _scores_need(charter.stages))


def reopening_faults(charter: Charter) -> Iterator[Fault]:
    if "reopen-scoring" in _given(charter):
        yield from _needed(charter, ("reconsolidate-stage",))


def impartiality_faults(charter: Charter) -> Iterator[Fault]:
    """Objections that nobody could decide, since whoever may is sure to have taken part in what they are about."""
    if charter.data_set == "public-record":
        return
    deciding = _who_may(charter, "decide-objection")
    giving = {each.id for each in charter.agencies if charter.gives_scores(each.id)}
    taking_part = {
        "scores": giving | _alone(charter, "consolidate-stage"),
        "an elimination": _alone(charter, "eliminate-team"),
        "a ruling": _alone(charter, "rule-independence"),
    }
    for i, stage in enumerate(charter.stages):
        if stage.objections is not None and deciding:
            for subject, barred in taking_part.items():
                if deciding <= barred:
                    yield Fault(
                        f"/stages/{i}/objections",
                        f"nobody could decide an objection to {subject}: {', '.join(sorted(deciding))} took part in it",
                    )


def _who_may(charter: Charter, decision: str) -> set[str]:
    return {each.id for each in charter.agencies if charter.may(each.id, decision)}


def _alone(charter: Charter, decision: str) -> set[str]:
    """The agency that is the only one that may decide it, and so is sure to."""
    found = _who_may(charter, decision)
    return found if len(found) == 1 else set()


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
    """What brings points to the criteria. Figures are certified once scoring is closed, when no sheet is missing."""
    for stage in stages:
        for _node, criterion in stage.criteria():
            match criterion.scoring:
                case Judged(aggregate=how) if is_known(how):
                    yield "appoint-evaluator"
                    yield "submit-score"
                case Measured(conversion=how) if is_known(how):
                    yield "record-measurement"
                case _:
                    yield "certify-figure"
