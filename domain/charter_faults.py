"""What is wrong with a charter: every contradiction at once, each by its place in the document (a JSON pointer)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec

from domain.charter_document import (
    TOTAL,
    Charter,
    Criterion,
    Independence,
    IndependenceReview,
    Judged,
    Measured,
    NoticeTemplate,
    Panel,
    Stage,
    Unpublished,
)
from domain.deadlines import is_date
from domain.points import UNDISCLOSED, DecimalFormatError, is_known, parse_decimal


class Fault(msgspec.Struct, frozen=True):
    """One contradiction: where (JSON pointer) and which rule."""

    pointer: str
    detail: str


def faults(charter: Charter, decisions: Iterable[str], events: Iterable[str]) -> list[Fault]:
    """Every contradiction of the charter. `decisions`, `events`: the names that this release knows."""
    return list(_faults(charter, frozenset(decisions), frozenset(events)))


def _faults(charter: Charter, decisions: frozenset[str], events: frozenset[str]) -> Iterator[Fault]:
    agencies = {agency.id for agency in charter.agencies}
    yield from _repeated("/agencies", [agency.id for agency in charter.agencies])
    yield from _unknown("/owner", [charter.owner], agencies, "agency")
    yield from _unknown("/joint_publishers", charter.joint_publishers, agencies, "agency")
    if not charter.joint_publishers:
        yield Fault("/joint_publishers", "at least one agency publishes the results")
    if (charter.recorder is not None) != (charter.data_set == "public-record"):
        yield Fault("/recorder", "a public record has a recorder, and nothing else has")
    elif charter.recorder is not None:
        yield from _unknown("/recorder", [charter.recorder], agencies, "agency")
    for i, mandate in enumerate(charter.mandates):
        yield from _unknown(f"/mandates/{i}/decisions", mandate.decisions, decisions, "decision")
        yield from _unknown(f"/mandates/{i}/agencies", mandate.agencies, agencies, "agency")
        if not mandate.agencies or not mandate.decisions:
            yield Fault(f"/mandates/{i}", "a mandate names at least one agency and one decision")
    yield from _unknown("/consortium_decisions", charter.consortium_decisions, decisions, "decision")
    for i, each in enumerate(charter.countersignatures):
        yield from _unknown(f"/countersignatures/{i}/decisions", each.decisions, decisions, "decision")
        yield from _unknown(f"/countersignatures/{i}/agencies", each.agencies, agencies, "agency")
        for decision in each.decisions:
            for agency in sorted(agencies):
                if charter.may(agency, decision) and not charter.countersigners(decision, agency):
                    yield Fault(f"/countersignatures/{i}/agencies", f"nobody may approve {decision} of {agency}")
    if not charter.stages:
        yield Fault("/stages", "at least one stage")
    yield from _repeated("/stages", [stage.id for stage in charter.stages])
    for i, stage in enumerate(charter.stages):
        yield from _stage_faults(f"/stages/{i}", stage, int(charter.seats))
    yield from _independence_faults(charter.independence)
    if charter.independence.review is not None:
        yield from _review_faults(charter, charter.independence.review)
    stages = {stage.id for stage in charter.stages}
    yield from _repeated("/calls", [call.id for call in charter.calls])
    for i, call in enumerate(charter.calls):
        yield from _unknown(f"/calls/{i}/after", [call.after], stages, "stage")
        yield from _repeated(f"/calls/{i}/classes", [each.id for each in call.classes])
        if not call.classes:
            yield Fault(f"/calls/{i}/classes", "a call names at least one class that may apply")
        if not 0 < int(call.seats) <= int(charter.seats):
            yield Fault(f"/calls/{i}/seats", f"between 1 and the {charter.seats} seats of the programme")
        if is_known(call.closes) and not is_date(call.closes):
            yield Fault(f"/calls/{i}/closes", "a date such as 2026-01-31, or undisclosed")
    resources = {resource.id for resource in charter.resources}
    yield from _repeated("/resources", [resource.id for resource in charter.resources])
    for i, entitlement in enumerate(charter.entitlements):
        yield from _unknown(f"/entitlements/{i}/resources", entitlement.resources, resources, "resource")
    for i, disclosure in enumerate(charter.disclosure):
        yield from _unknown(f"/disclosure/{i}/events", disclosure.events, events, "event")
    yield from _repeated("/notices", [notice.id for notice in charter.notices])
    for i, notice in enumerate(charter.notices):
        yield from _notice_faults(f"/notices/{i}", notice)


def _stage_faults(place: str, stage: Stage, seats: int) -> Iterator[Fault]:
    if stage.cut is not None and stage.cut >= seats:
        yield Fault(f"{place}/eliminate", f"the cut ({stage.eliminate}) leaves nobody of {seats} seats")
    yield from _repeated(f"{place}/assessments", [a.id for a in stage.assessments])
    if not stage.assessments:
        yield Fault(f"{place}/assessments", "at least one assessment")
    yield from _sum_faults(place, stage.maximum, [a.maximum for a in stage.assessments], "assessments")
    yield from _implied_faults(place, stage)
    panels = {panel.id: panel for panel in stage.panels}
    yield from _repeated(f"{place}/panels", [panel.id for panel in stage.panels])
    for i, panel in enumerate(stage.panels):
        if is_known(panel.quorum) and int(panel.quorum) > int(panel.size):
            yield Fault(f"{place}/panels/{i}/quorum", f"1 to the panel's size {panel.size}, or undisclosed")
        yield from _repeated(f"{place}/panels/{i}/groups", [group.id for group in panel.groups])
        for k, group in enumerate(panel.groups):
            yield from _points_faults(f"{place}/panels/{i}/groups/{k}/weight", group.weight)
            if _value(group.weight) == 0:
                yield Fault(f"{place}/panels/{i}/groups/{k}/weight", "a weight above 0, or undisclosed")
    indices = {index.id for index in stage.indices}
    yield from _repeated(f"{place}/indices", [index.id for index in stage.indices])
    for i, assessment in enumerate(stage.assessments):
        here = f"{place}/assessments/{i}"
        if assessment.id == TOTAL:
            yield Fault(f"{here}/id", f"{TOTAL!r} names the sum of all assessments")
        yield from _repeated(f"{here}/criteria", [c.id for c in assessment.criteria])
        if not assessment.criteria:
            yield Fault(f"{here}/criteria", "at least one criterion")
        yield from _sum_faults(here, assessment.maximum, [c.maximum for c in assessment.criteria], "criteria")
        for k, criterion in enumerate(assessment.criteria):
            yield from _criterion_faults(f"{here}/criteria/{k}", criterion, stage, panels, indices)
    nodes = stage.nodes()
    yield from _unknown(f"{place}/tie_break", stage.tie_break, nodes, "node of the rubric")
    yield from _repeated(f"{place}/tie_break", list(stage.tie_break))
    yield from _repeated(f"{place}/gates", [gate.id for gate in stage.gates])
    for i, gate in enumerate(stage.gates):
        yield from _unknown(f"{place}/gates/{i}/node", [gate.node], nodes, "node of the rubric")
        yield from _points_faults(f"{place}/gates/{i}/minimum", gate.minimum)
        maximum = _value(nodes.get(gate.node, UNDISCLOSED))
        minimum = _value(gate.minimum)
        if maximum is not None and minimum is not None and minimum > maximum:
            yield Fault(f"{place}/gates/{i}/minimum", f"{gate.minimum} is above the maximum of {gate.node}")


def _criterion_faults(
    place: str, criterion: Criterion, stage: Stage, panels: dict[str, Panel], indices: set[str]
) -> Iterator[Fault]:
    if is_known(criterion.index):
        yield from _unknown(f"{place}/index", [criterion.index], indices, "index")
    match criterion.scoring:
        case Judged(panel=panel) as judged:
            yield from _unknown(f"{place}/scoring/panel", [panel], panels, "panel")
            if panel in panels:
                yield from _judged_faults(place, criterion, judged, panels[panel])
            computed = is_known(judged.aggregate)
        case Measured() as measured:
            yield from _measured_faults(place, criterion, measured)
            computed = is_known(measured.conversion)
        case Unpublished():
            computed = False
    if criterion.items:
        yield from _repeated(f"{place}/items", [item.id for item in criterion.items])
        yield from _sum_faults(place, criterion.maximum, [item.maximum for item in criterion.items], "items")
        if not isinstance(criterion.scoring, Judged):
            yield Fault(f"{place}/items", "only a judged criterion is scored item by item")
    if computed and (stage.decimals is None or not is_known(stage.rounding)):
        yield Fault(f"{place}/scoring", "points can be computed only with a known precision and rounding")


def _judged_faults(place: str, criterion: Criterion, judged: Judged, panel: Panel) -> Iterator[Fault]:
    if (judged.trim is not None) != (judged.aggregate == "trimmed-mean"):
        yield Fault(
            f"{place}/scoring/trim", "a trimmed mean says how many sheets it drops at each end, nothing else does"
        )
    elif judged.trim is not None:
        fewest = int(panel.quorum) if panel.quorum.isdecimal() else int(panel.size)
        if not 0 < 2 * int(judged.trim) < fewest:
            yield Fault(f"{place}/scoring/trim", f"at least 1, and twice that must leave a sheet of {fewest}")
    if judged.aggregate == "weighted-mean" and not panel.groups:
        yield Fault(f"{place}/scoring/aggregate", f"{panel.id} has no groups to weigh")
    if judged.normalise != "none" and not is_known(criterion.maximum):
        yield Fault(f"{place}/maximum", "a normalised criterion needs a known maximum")


def _measured_faults(place: str, criterion: Criterion, measured: Measured) -> Iterator[Fault]:
    here = f"{place}/scoring"
    yield from _repeated(f"{here}/benchmarks", [benchmark.id for benchmark in measured.benchmarks])
    if not measured.benchmarks:
        yield Fault(f"{here}/benchmarks", "at least one benchmark")
    if is_known(measured.conversion) and not is_known(criterion.maximum):
        yield Fault(f"{place}/maximum", "a measured criterion needs a known maximum")
    spans = [(here, (measured.floor, measured.ceiling))]
    for i, benchmark in enumerate(measured.benchmarks):
        spans.append((f"{here}/benchmarks/{i}", (benchmark.floor, benchmark.ceiling)))
        if measured.conversion == "linear":
            floor, ceiling = measured.span(benchmark)
            if floor is None or ceiling is None:
                yield Fault(f"{here}/benchmarks/{i}", "linear between a floor and a ceiling: one of them is not said")
            elif _value(floor) is not None and _value(floor) == _value(ceiling):
                yield Fault(f"{here}/benchmarks/{i}", f"floor and ceiling are both {floor}")
    for where, ends in spans:
        for name, end in zip(("floor", "ceiling"), ends, strict=True):
            if end is not None:
                yield from _points_faults(f"{where}/{name}", end)
                if measured.conversion != "linear":
                    yield Fault(f"{where}/{name}", f"{measured.conversion} has no {name}")


def _independence_faults(independence: Independence) -> Iterator[Fault]:
    yield from _repeated("/independence/perspectives", [p.id for p in independence.perspectives])
    for i, perspective in enumerate(independence.perspectives):
        place = f"/independence/perspectives/{i}/conditions"
        yield from _repeated(place, [c.id for c in perspective.conditions])
        if not perspective.conditions:
            yield Fault(place, "at least one condition")
        elif perspective.requires == "any" and all(each.mandatory == "no" for each in perspective.conditions):
            yield Fault(
                f"/independence/perspectives/{i}/requires", "any of its mandatory conditions is met: there is none"
            )


def _review_faults(charter: Charter, review: IndependenceReview) -> Iterator[Fault]:
    place = "/independence/review"
    if int(review.statement_days) < 1:
        yield Fault(f"{place}/statement_days", "at least one whole day to answer")
    for i, stage in enumerate(charter.stages):
        if review.panel is None:
            continue
        yield from _unknown(
            f"{place}/panel", [review.panel], [panel.id for panel in stage.panels], f"panel of {stage.id}"
        )
        for k, panel in enumerate(stage.panels):
            if panel.id == review.panel and not is_known(panel.quorum):
                yield Fault(f"/stages/{i}/panels/{k}/quorum", "a known number, since rulings wait for so many opinions")
    if charter.data_set == "public-record":
        return  # a reported ruling waits for nothing
    needed = ["open-independence-review", "request-statement"]
    needed += [] if "give-statement" in charter.consortium_decisions else ["give-statement"]
    needed += [] if review.panel is None else ["give-opinion"]
    mandated = {decision for each in charter.mandates for decision in each.decisions}
    for decision in needed:
        if decision not in mandated:
            yield Fault(place, f"nobody may {decision}, so that nothing could ever be ruled")


def _notice_faults(place: str, notice: NoticeTemplate) -> Iterator[Fault]:
    yield from _repeated(f"{place}/variables", list(notice.variables))
    if not notice.recipients:
        yield Fault(f"{place}/recipients", "a notice for nobody")
    texts = {
        f"{field}/{language}": text
        for field, names in (("title", notice.title), ("body", notice.body))
        for language, text in (("en", names.en), ("ko", names.ko))
    }
    for where, text in texts.items():
        used = re.findall(r"{([^{}]*)}", text)
        yield from _unknown(f"{place}/{where}", used, notice.variables, "declared variable")
    for i, variable in enumerate(notice.variables):
        if not any(f"{{{variable}}}" in text for text in texts.values()):
            yield Fault(f"{place}/variables/{i}", f"{variable!r} is used nowhere")


def _points_faults(pointer: str, text: str) -> Iterator[Fault]:
    if is_known(text):
        try:
            parse_decimal(text)
        except DecimalFormatError as error:
            yield Fault(pointer, str(error))


def _sum_faults(place: str, maximum: str, parts: list[str], what: str) -> Iterator[Fault]:
    yield from _points_faults(f"{place}/maximum", maximum)
    for i, part in enumerate(parts):
        yield from _points_faults(f"{place}/{what}/{i}/maximum", part)
    whole = _value(maximum)
    if whole is None:
        return
    values = [_value(part) for part in parts]
    reached = sum((value for value in values if value is not None), Fraction(0))
    if None not in values and reached != whole:
        yield Fault(f"{place}/maximum", f"the {what} add up to {float(reached):g}, not to {maximum}")
    elif reached > whole:
        yield Fault(f"{place}/maximum", f"the known {what} add up to {float(reached):g}, more than {maximum}")


def _implied_faults(place: str, stage: Stage) -> Iterator[Fault]:
    """An assessment whose maximum is undisclosed has at least what its known criteria have, and no more if all are."""
    whole = _value(stage.maximum)
    hidden = [assessment for assessment in stage.assessments if not is_known(assessment.maximum)]
    if whole is None or not hidden:
        return
    least = sum((_value(each.maximum) or Fraction(0) for each in stage.assessments), Fraction(0))
    criteria = [_value(criterion.maximum) for assessment in hidden for criterion in assessment.criteria]
    least += sum((each for each in criteria if each is not None), Fraction(0))
    if least > whole or (None not in criteria and least < whole):
        yield Fault(
            f"{place}/maximum", f"what is known of the assessments adds up to {float(least):g}, not to {stage.maximum}"
        )


def _value(text: str) -> Fraction | None:
    """What a decimal says; `None` if it is undisclosed or no decimal, which is said where it stands."""
    try:
        return parse_decimal(text) if is_known(text) else None
    except DecimalFormatError:
        return None


def _repeated(pointer: str, ids: list[str]) -> Iterator[Fault]:
    for each in sorted({one for one in ids if ids.count(one) > 1}):
        yield Fault(pointer, f"{each!r} stands more than once")


def _unknown(pointer: str, names: Iterable[str], known_names: Iterable[str], what: str) -> Iterator[Fault]:
    allowed = set(known_names)
    for name in names:
        if name not in allowed:
            yield Fault(pointer, f"{name!r} is no {what}")
