"""What is wrong with a charter: every fault at once, each by its place in the document (a JSON pointer)."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from domain.charter_document import Charter, NoticeTemplate
from domain.course_faults import course_faults
from domain.deadlines import LAST_DAY, is_date
from domain.decision import Decision
from domain.event import STRICTNESS, Event
from domain.fault import Fault, repeated, unknown
from domain.mandate_faults import mandate_faults
from domain.points import is_known
from domain.rubric import Stage
from domain.rubric_faults import rubric_faults
from domain.shape_faults import shape_faults


def faults(document: object, decisions: Mapping[str, Decision], events: Mapping[str, type[Event]]) -> Iterator[Fault]:
    """Every fault of a document: of shape, and every contradiction among its parts that are sound in shape.

    `decisions`, `events`: those that this release knows. Without a fault the document is a `Charter`.
    """
    misshapen = list(shape_faults(document, Charter))
    yield from misshapen
    if isinstance(document, dict):
        charter, unsound = _sound_parts(document, misshapen)
        for needs, found in _checks(charter, decisions, events):
            if unsound.isdisjoint(needs):
                yield from found
        yield from _sound_stages_faults(document, misshapen)


def _sound_parts(document: dict[str, Any], misshapen: Iterable[Fault]) -> tuple[Charter, set[str]]:
    """The charter, and the names of its parts that are unsound in shape, which are not to be read."""
    unsound = {fault.pointer.split("/")[1] for fault in misshapen}
    parts: dict[str, Any] = {}
    for field in msgspec.structs.fields(Charter):
        if field.name in unsound:
            parts[field.name] = None
        elif field.name in document:
            parts[field.name] = msgspec.convert(document[field.name], field.type)
    return Charter(**parts), unsound


def _sound_stages_faults(document: dict[str, Any], misshapen: Sequence[Fault]) -> Iterator[Fault]:
    """What is wrong with the rubric of each stage that is sound in shape, whatever the others are."""
    stages = document.get("stages")
    if not isinstance(stages, list | tuple):
        return
    for i, stage in enumerate(stages):
        place = f"/stages/{i}"
        if not any(f"{fault.pointer}/".startswith(f"{place}/") for fault in misshapen):
            yield from rubric_faults(place, msgspec.convert(stage, Stage))


def _checks(
    charter: Charter, decisions: Mapping[str, Decision], events: Mapping[str, type[Event]]
) -> Iterator[tuple[tuple[str, ...], Iterator[Fault]]]:
    """Each check with the parts of the charter that it reads; lazy, so that it never reads an unsound one."""
    yield ("agencies", "owner", "joint_publishers", "data_set", "recorder"), _agency_faults(charter)
    yield ("agencies", "mandates", "consortium_decisions", "countersignatures"), mandate_faults(charter, decisions)
    yield (
        ("mandates", "consortium_decisions", "stages", "calls", "independence", "data_set", "joint_publishers"),
        course_faults(charter),
    )
    yield ("stages",), _stage_faults(charter.stages)
    yield ("independence", "data_set", "evidence_kinds"), _independence_faults(charter)
    yield ("independence", "data_set", "stages", "mandates", "consortium_decisions"), _review_faults(charter)
    yield ("seats", "stages", "calls"), _field_faults(charter)
    yield ("calls", "stages", "seats"), _call_faults(charter)
    yield ("resources", "entitlements", "calls"), _entitlement_faults(charter)
    yield ("disclosure",), _disclosure_faults(charter, events)
    yield ("notices",), _notices_faults(charter)


def _agency_faults(charter: Charter) -> Iterator[Fault]:
    agencies = {agency.id for agency in charter.agencies}
    yield from repeated("/agencies", [agency.id for agency in charter.agencies])
    yield from unknown("/owner", [charter.owner], agencies, "agency")
    yield from unknown("/joint_publishers", charter.joint_publishers, agencies, "agency")
    if not charter.joint_publishers:
        yield Fault("/joint_publishers", "at least one agency publishes the results")
    if (charter.recorder is not None) != (charter.data_set == "public-record"):
        yield Fault("/recorder", "a public record has a recorder, and nothing else has")
    elif charter.recorder is not None:
        yield from unknown("/recorder", [charter.recorder], agencies, "agency")


def _stage_faults(stages: tuple[Stage, ...]) -> Iterator[Fault]:
    if not stages:
        yield Fault("/stages", "at least one stage")
    yield from repeated("/stages", [stage.id for stage in stages])
    yield from _calendar_faults(stages)


def _disclosure_faults(charter: Charter, events: Mapping[str, type[Event]]) -> Iterator[Fault]:
    said: dict[str, str] = {}
    for i, disclosure in enumerate(charter.disclosure):
        place = f"/disclosure/{i}"
        yield from unknown(f"{place}/events", disclosure.events, events, "event")
        for name in disclosure.events:
            if said.setdefault(name, disclosure.public) != disclosure.public:
                yield Fault(f"{place}/events", f"{name!r} is {disclosure.public} here and {said[name]} before")
            if name not in events:
                continue
            allowed = events[name].PUBLIC
            if STRICTNESS[disclosure.public] < STRICTNESS[allowed]:
                yield Fault(
                    f"{place}/public", f"{name} is disclosed {allowed} at the earliest, not {disclosure.public}"
                )
            elif disclosure.public == "with-results" and "stage" not in events[name].__struct_fields__:
                yield Fault(f"{place}/public", f"{name} belongs to no stage with whose results it could come")


def _notices_faults(charter: Charter) -> Iterator[Fault]:
    yield from repeated("/notices", [notice.id for notice in charter.notices])
    for i, notice in enumerate(charter.notices):
        yield from _notice_faults(f"/notices/{i}", notice)


def _field_faults(charter: Charter) -> Iterator[Fault]:
    """Follow the largest field through the stages: each leaves somebody, and calls fill what is vacant after it."""
    seats = field = int(charter.seats)
    if not seats:
        yield Fault("/seats", "at least one seat")
    for i, stage in enumerate(charter.stages):
        if stage.cut is not None and stage.cut >= field:
            yield Fault(f"/stages/{i}/eliminate", f"the cut ({stage.cut}) leaves nobody of the {field} who reach it")
        else:
            field -= stage.cut or 0
        filled = sum(int(call.seats) for call in charter.calls if call.after == stage.id)
        field = min(seats, field + filled)


def _calendar_faults(stages: tuple[Stage, ...]) -> Iterator[Fault]:
    """Days that are none, a stage that ends before it begins, or begins before the one before it ends."""
    latest, ending = "", ""
    for i, stage in enumerate(stages):
        if stage.calendar is None:
            continue
        place = f"/stages/{i}/calendar"
        opens = yield from _day(f"{place}/opens", stage.calendar.opens)
        closes = yield from _day(f"{place}/closes", stage.calendar.closes)
        if opens and closes and closes < opens:
            yield Fault(f"{place}/closes", f"{closes} is before {opens}, when {stage.id} opens")
        for day in (opens, closes):
            if day and day < latest:
                yield Fault(place, f"{day} is before {latest}, a day of {ending}, which comes first")
                break
        if (last := max(opens, closes)) > latest:
            latest, ending = last, stage.id


def _day(pointer: str, text: str) -> Generator[Fault, None, str]:
    """The day; nothing if it is undisclosed or no day, which is a fault."""
    if not is_known(text):
        return ""
    if not is_date(text) or text > LAST_DAY:
        yield Fault(pointer, f"a date such as 2026-01-31, not after {LAST_DAY}, or undisclosed")
        return ""
    return text


def _call_faults(charter: Charter) -> Iterator[Fault]:
    stages = {stage.id: stage for stage in charter.stages}
    yield from repeated("/calls", [call.id for call in charter.calls])
    for i, call in enumerate(charter.calls):
        yield from unknown(f"/calls/{i}/after", [call.after], stages, "stage")
        yield from repeated(f"/calls/{i}/classes", [each.id for each in call.classes])
        if not call.classes:
            yield Fault(f"/calls/{i}/classes", "a call names at least one class that may apply")
        if not 0 < int(call.seats) <= int(charter.seats):
            yield Fault(f"/calls/{i}/seats", f"between 1 and the {charter.seats} seats of the programme")
        closes = yield from _day(f"/calls/{i}/closes", call.closes)
        calendar = stages[call.after].calendar if call.after in stages else None
        if closes and calendar is not None and is_date(calendar.closes) and closes < calendar.closes:
            yield Fault(f"/calls/{i}/closes", f"before {calendar.closes}, when {call.after} closes")


def _entitlement_faults(charter: Charter) -> Iterator[Fault]:
    resources = {resource.id for resource in charter.resources}
    for i, entitlement in enumerate(charter.entitlements):
        yield from unknown(f"/entitlements/{i}/resources", entitlement.resources, resources, "resource")
        if not entitlement.resources and not entitlement.titles:
            yield Fault(f"/entitlements/{i}", "entitles to nothing")
        if entitlement.status == "selected" and not charter.calls:
            yield Fault(f"/entitlements/{i}/status", "without a call no team is ever selected")


def _independence_faults(charter: Charter) -> Iterator[Fault]:
    perspectives = charter.independence.perspectives
    if perspectives and not charter.evidence_kinds and charter.data_set != "public-record":
        yield Fault("/evidence_kinds", "at least one kind, since a ruling on independence rests on evidence")
    yield from repeated("/independence/perspectives", [p.id for p in perspectives])
    for i, perspective in enumerate(perspectives):
        place = f"/independence/perspectives/{i}/conditions"
        yield from repeated(place, [c.id for c in perspective.conditions])
        if not perspective.conditions:
            yield Fault(place, "at least one condition")
        elif perspective.requires == "any" and all(each.mandatory == "no" for each in perspective.conditions):
            yield Fault(
                f"/independence/perspectives/{i}/requires", "any of its mandatory conditions is met: there is none"
            )
        for k, condition in enumerate(perspective.conditions):
            if condition.mandatory == "undisclosed" and charter.data_set != "public-record":
                yield Fault(f"{place}/{k}/mandatory", "undisclosed in a public record only: a ruling has to know it")


def _review_faults(charter: Charter) -> Iterator[Fault]:
    place = "/independence/review"
    review = charter.independence.review
    if review is None:
        return
    if int(review.statement_days) < 1:
        yield Fault(f"{place}/statement_days", "at least one whole day to answer")
    for i, stage in enumerate(charter.stages):
        if review.panel is None:
            continue
        yield from unknown(
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
    yield from repeated(f"{place}/variables", list(notice.variables))
    if not notice.recipients:
        yield Fault(f"{place}/recipients", "a notice for nobody")
    texts = {
        f"{field}/{language}": text
        for field, names in (("title", notice.title), ("body", notice.body))
        for language, text in (("en", names.en), ("ko", names.ko))
    }
    for where, text in texts.items():
        used = re.findall(r"{([^{}]*)}", text)
        yield from unknown(f"{place}/{where}", used, notice.variables, "declared variable")
    for i, variable in enumerate(notice.variables):
        if not any(f"{{{variable}}}" in text for text in texts.values()):
            yield Fault(f"{place}/variables/{i}", f"{variable!r} is used nowhere")
