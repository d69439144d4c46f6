"""What keeps a programme from going on: decisions that it needs, and nobody may make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from domain.charter_document import Charter, Entitlement
from domain.fault import Fault
from domain.points import is_known
from domain.rubric import Criterion, Gate, Judged, Measured, Panel, Stage, Unpublished
from domain.soundness import as_far_as_sound, in_each, numbered, sound

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
_OBJECTIONS: Final = ("decide-objection", "finalise-stage", "supersede-outcome")
"""After an upheld one a team may be ruled upon anew: the outcome of before is then superseded, or nothing follows."""
_GRANTS: Final = ("set-resource-pool", "grant-resource")
_CALL: Final = (
    "open-additional-call",
    "apply-to-call",
    "screen-application",
    "finalise-stage",
    "select-team",
    "close-call",
)
"""A call selects once the stage that it follows is final."""


def course_faults(charter: Charter) -> Iterator[Fault]:
    for check in (
        _publication_faults,
        _every_course_faults,
        _outcome_faults,
        _review_faults,
        _score_faults,
        _reopening_faults,
        _call_faults,
        _awaited_faults,
        _service_faults,
        _acknowledgement_faults,
        _assent_faults,
    ):
        yield from as_far_as_sound(check)(charter)
    yield from in_each(
        "/stages", charter.stages, charter, _filing_faults, _objection_faults, _counting_faults, _deviation_faults
    )
    yield from in_each("/entitlements", charter.entitlements, charter, _grant_faults, _title_faults)


def _publication_faults(charter: Charter) -> Iterator[Fault]:
    publishers = [each for each in dict.fromkeys((charter.owner, charter.recorder)) if each is not None]
    if not any(charter.may(each, "publish-charter") for each in publishers):
        yield Fault("/mandates", f"{' and '.join(publishers)} may not publish-charter, and nobody else could")


def _filing_faults(place: str, stage: Stage, charter: Charter) -> Iterator[Fault]:
    """What is reported of an objection is entered by mandate; otherwise a team files its own."""
    if stage.objections is None:
        return
    if "file-objection" not in (
        _given(charter) if charter.data_set == "public-record" else charter.consortium_decisions
    ):
        yield Fault(f"{place}/objections", "teams may object, but nobody may file-objection")


def _objection_faults(place: str, stage: Stage, charter: Charter) -> Iterator[Fault]:
    """A window keeps what follows waiting, also in a public record: somebody has to end it."""
    for name in _OBJECTIONS if stage.objections is not None else ():
        if name not in _given(charter):
            yield Fault(f"{place}/objections", f"teams may object, but nobody may {name}")


def _counting_faults(place: str, stage: Stage, charter: Charter) -> Iterator[Fault]:
    window = stage.objections
    if window is None or window.counts_from == "publication":
        if window is not None and window.deemed_days != "0":
            yield Fault(f"{place}/objections/deemed_days", "days that count from publication wait for no service")
        return
    told = [each.events for each in sound(charter.automatic_notices) if each.service is not None]
    if not any("ResultsPublished" in sound(each) for each in told):
        yield Fault(f"{place}/objections/counts_from", "no automatic notice of ResultsPublished is served on record")


def _every_course_faults(charter: Charter) -> Iterator[Fault]:
    yield from _needed(charter, _COURSE)


def _outcome_faults(charter: Charter) -> Iterator[Fault]:
    """Where a cut, a gate or a ruling may keep a team from advancing, it is eliminated."""
    if charter.independence.perspectives:
        yield from _needed(charter, _RULINGS)
    elif any(stage.cut or stage.gates for stage in charter.stages):
        yield from _needed(charter, ("eliminate-team",))


def _deviation_faults(place: str, stage: Stage, charter: Charter) -> Iterator[Fault]:
    """Where more leave than planned, or fewer since the rest tie at the cut, it is by a deviation from the plan.

    Without it there are outcomes that nobody may decide. Where nobody is to leave, and nobody can fail, all go on.
    """
    fails = "a gate" if stage.gates else "the conditions of independence" if charter.independence.perspectives else ""
    if may_or_reported(charter, "record-deviation"):
        return
    if stage.cut:
        detail = f"a tie at the cut, or another number than {stage.cut} that fails, is a deviation, but nobody may"
    elif stage.cut == 0 and fails:
        detail = f"no team leaves by plan, so that one that fails {fails} leaves by a deviation, but nobody may"
    else:
        return
    yield Fault(f"{place}/eliminate", f"{detail} record-deviation")


def _review_faults(charter: Charter) -> Iterator[Fault]:
    """Steps of the review that nobody may take; a reported ruling waits for none."""
    review = charter.independence.review
    if review is None or charter.data_set == "public-record":
        return
    if "give-statement" not in charter.consortium_decisions:
        yield Fault("/independence/review", "no team may give-statement, so that none could ever be heard")
    for name in (*_REVIEW, *(() if review.panel is None else ("appoint-evaluator", "give-opinion"))):
        if name not in _given(charter):
            yield Fault("/independence/review", f"nobody may {name}, so that nothing could ever be ruled")


def _score_faults(charter: Charter) -> Iterator[Fault]:
    yield from _needed(charter, _scores_need(charter.stages))


def _reopening_faults(charter: Charter) -> Iterator[Fault]:
    if "reopen-scoring" in _given(charter):
        yield from _needed(charter, ("reconsolidate-stage", "supersede-outcome"))


def _call_faults(charter: Charter) -> Iterator[Fault]:
    if charter.calls:
        for name in _CALL:
            if not may_or_reported(charter, name):
                yield Fault("/calls", f"nobody may {name}, so that a call could not fill its seats, or not end without")


def _awaited_faults(charter: Charter) -> Iterator[Fault]:
    """Joint publishers without whose agreement nothing could ever be published; of a public record none is awaited."""
    if charter.data_set == "public-record" or "publish-results" not in _mandated(charter):
        return
    known = {each.id for each in charter.agencies}
    for agency in dict.fromkeys(sound(charter.joint_publishers)):
        if agency in known and not charter.may(agency, "publish-results"):
            yield Fault("/joint_publishers", f"{agency} may not publish-results, so that it would be awaited for ever")


def _service_faults(charter: Charter) -> Iterator[Fault]:
    if charter.notices and not may_or_reported(charter, "serve-notice"):
        yield Fault("/notices", "nobody may serve-notice, so that no team could ever be told")


def _acknowledgement_faults(charter: Charter) -> Iterator[Fault]:
    own = charter.consortium_decisions
    if charter.notices and charter.data_set != "public-record" and "acknowledge-notice" not in own:
        yield Fault("/notices", "no team may acknowledge-notice, so that every notice would wait for it for ever")


def _assent_faults(charter: Charter) -> Iterator[Fault]:
    """What is reported of an assent is entered by mandate."""
    own = charter.consortium_decisions
    if charter.data_set != "public-record" and "amend-charter" in _mandated(charter) and "assent-amendment" not in own:
        detail = "no team may assent-amendment, so that none could say anything to an amendment of a running stage"
        yield Fault("/consortium_decisions", detail)


def _grant_faults(place: str, entitlement: Entitlement, charter: Charter) -> Iterator[Fault]:
    for name in _GRANTS if entitlement.resources else ():
        if not may_or_reported(charter, name):
            yield Fault(f"{place}/resources", f"nobody may {name}, so that no team could ever have what it is due")


def _title_faults(place: str, entitlement: Entitlement, charter: Charter) -> Iterator[Fault]:
    if entitlement.titles and not may_or_reported(charter, "confer-title"):
        yield Fault(f"{place}/titles", "nobody may confer-title, so that no team could ever bear what it is due")


def _needed(charter: Charter, names: Iterable[str]) -> Iterator[Fault]:
    for name in dict.fromkeys(names):
        if not may_or_reported(charter, name):
            yield Fault("/mandates", f"nobody may {name}, without which the programme cannot go on")


def may_or_reported(charter: Charter, decision: str) -> bool:
    """Whether somebody may decide it; a public record holds what was reported of decisions, whoever made them."""
    return charter.data_set == "public-record" or decision in _given(charter)


def may_be_eliminated(charter: Charter) -> bool:
    """Whether a team may fail: the conditions of independence, a gate, or a cut, be it by a deviation from the plan."""
    deviating = may_or_reported(charter, "record-deviation")
    return bool(charter.independence.perspectives) or any(
        stage.gates or stage.cut or (stage.cut == 0 and deviating) for stage in charter.stages
    )


def _given(charter: Charter) -> set[str]:
    """What somebody may decide, by mandate or as a consortium about itself."""
    return _mandated(charter) | set(charter.consortium_decisions)


def _mandated(charter: Charter) -> set[str]:
    return {name for each in charter.mandates if each.agencies for name in each.decisions}


def _scores_need(stages: Iterable[Stage]) -> Iterator[str]:
    """What brings points to the criteria, and outcomes to the gates.

    Scoring closes once no sheet and no metric is missing, whether or not they come to points; figures are certified
    after that.
    """
    for stage in sound(stages):
        yield from in_each("gates", stage.gates, stage, _gate_needs)
        for _, assessment in numbered(stage.assessments):
            yield from in_each("criteria", assessment.criteria, stage, _criterion_needs)


def _gate_needs(_place: str, gate: Gate, _stage: Stage) -> Iterator[str]:
    if not is_known(gate.minimum):
        yield "certify-figure"


def _criterion_needs(_place: str, criterion: Criterion, stage: Stage) -> Iterator[str]:
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
        case Unpublished():
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
