"""What is wrong with a charter: every fault at once, each by its place in the document (a JSON pointer)."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from domain.charter_document import Charter, Countersignature, Mandate, NoticeTemplate
from domain.course_faults import (
    call_course_faults,
    course_faults,
    objection_faults,
    outcome_faults,
    publishing_faults,
    reopening_faults,
    review_faults,
    score_faults,
)
from domain.deadlines import LAST_DAY, is_date
from domain.decision import Decision
from domain.event import STRICTNESS, Event
from domain.fault import Fault, repeated, repeats, unknown
from domain.impartiality_faults import impartiality_faults
from domain.independence_faults import (
    evidence_faults,
    mandatory_faults,
    perspective_faults,
    review_panel_faults,
)
from domain.mandate_faults import (
    consortium_faults,
    countersignature_faults,
    countersigner_faults,
    in_person_faults,
    mandate_faults,
    signed_faults,
)
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
            if needs.isdisjoint(unsound):
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
) -> Iterator[tuple[set[str], Iterator[Fault]]]:
    """Each check with the parts of the charter that it reads; lazy, so that it never reads an unsound one."""
    yield set(), _repeat_faults(charter)
    yield {"agencies", "owner"}, _agency_faults(charter, "/owner", [charter.owner])
    yield {"agencies", "joint_publishers"}, _agency_faults(charter, "/joint_publishers", charter.joint_publishers)
    yield {"agencies", "recorder"}, _agency_faults(charter, "/recorder", [charter.recorder] if charter.recorder else [])
    yield {"joint_publishers"}, _publisher_faults(charter)
    yield {"recorder", "data_set"}, _recorder_faults(charter)
    yield {"mandates"}, mandate_faults(charter, decisions)
    yield {"mandates", "data_set"}, in_person_faults(charter, decisions)
    yield {"consortium_decisions"}, consortium_faults(charter, decisions)
    yield {"countersignatures"}, countersignature_faults(charter, decisions)
    yield {"signed"}, signed_faults(charter, decisions)
    yield {"agencies", "mandates"}, _named_faults(charter, "/mandates", charter.mandates)
    yield {"agencies", "countersignatures"}, _named_faults(charter, "/countersignatures", charter.countersignatures)
    yield {"agencies", "mandates", "countersignatures", "data_set"}, countersigner_faults(charter)
    given = {"mandates", "consortium_decisions"}
    yield {*given, "data_set", "stages"}, objection_faults(charter)
    yield {*given, "data_set"}, course_faults(charter)
    yield {*given, "data_set", "stages", "independence"}, outcome_faults(charter)
    yield {*given, "data_set", "stages"}, score_faults(charter)
    yield {*given, "data_set"}, reopening_faults(charter)
    yield {"agencies", "mandates", "countersignatures", "data_set", "stages"}, impartiality_faults(charter)
    yield {*given, "data_set", "calls"}, call_course_faults(charter)
    yield {"agencies", "mandates", "data_set", "joint_publishers"}, publishing_faults(charter)
    yield {"stages"}, _stage_faults(charter)
    yield {"independence"}, perspective_faults(charter)
    yield {"independence", "data_set"}, mandatory_faults(charter)
    yield {"independence", "data_set", "evidence_kinds"}, evidence_faults(charter)
    yield {"independence", "stages"}, review_panel_faults(charter)
    yield {*given, "independence", "data_set"}, review_faults(charter)
    yield {"seats"}, _seat_faults(charter)
    yield {"seats", "stages", "calls"}, _field_faults(charter)
    yield {"calls"}, _call_faults(charter)
    yield {"calls", "data_set"}, _class_faults(charter)
    yield {"calls", "seats"}, _call_seat_faults(charter)
    yield {"calls", "stages"}, _call_stage_faults(charter)
    yield {"entitlements"}, _entitlement_faults(charter)
    yield {"entitlements", "resources"}, _entitled_faults(charter)
    yield {"entitlements", "calls"}, _selected_faults(charter)
    yield {"disclosure"}, _disclosure_faults(charter, events)
    yield {"notices"}, _notices_faults(charter)


def _repeat_faults(charter: Charter) -> Iterator[Fault]:
    """But within stages, of which it is said one by one."""
    yield from repeats("", msgspec.structs.replace(charter, stages=()))
    yield from repeated("/stages", charter.stages or ())


def _agency_faults(charter: Charter, pointer: str, named: Iterable[str]) -> Iterator[Fault]:
    yield from unknown(pointer, named, [agency.id for agency in charter.agencies], "agency")


def _named_faults(charter: Charter, place: str, named: Iterable[Mandate | Countersignature]) -> Iterator[Fault]:
    for i, each in enumerate(named):
        yield from _agency_faults(charter, f"{place}/{i}/agencies", each.agencies)


def _publisher_faults(charter: Charter) -> Iterator[Fault]:
    if not charter.joint_publishers:
        yield Fault("/joint_publishers", "at least one agency publishes the results")


def _recorder_faults(charter: Charter) -> Iterator[Fault]:
    if (charter.recorder is not None) != (charter.data_set == "public-record"):
        yield Fault("/recorder", "a public record has a recorder, and nothing else has")


def _stage_faults(charter: Charter) -> Iterator[Fault]:
    stages = charter.stages
    if not stages:
        yield Fault("/stages", "at least one stage")
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
    for i, notice in enumerate(charter.notices):
        yield from _notice_faults(f"/notices/{i}", notice)


def _seat_faults(charter: Charter) -> Iterator[Fault]:
    if not int(charter.seats):
        yield Fault("/seats", "at least one seat")


def _field_faults(charter: Charter) -> Iterator[Fault]:
    """Follow the largest field through the stages: each leaves somebody, and calls fill what is vacant after it."""
    seats = field = int(charter.seats)
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
    for i, call in enumerate(charter.calls):
        if not call.classes:
            yield Fault(f"/calls/{i}/classes", "a call names at least one class that may apply")
        yield from _day(f"/calls/{i}/closes", call.closes)


def _class_faults(charter: Charter) -> Iterator[Fault]:
    for i, call in enumerate(charter.calls if charter.data_set != "public-record" else ()):
        for k, each in enumerate(call.classes):
            if each.requires == "undisclosed":
                yield Fault(
                    f"/calls/{i}/classes/{k}/requires",
                    "undisclosed in a public record only: who screens has to know it",
                )


def _call_seat_faults(charter: Charter) -> Iterator[Fault]:
    for i, call in enumerate(charter.calls):
        if not 0 < int(call.seats) <= int(charter.seats):
            yield Fault(f"/calls/{i}/seats", f"between 1 and the {charter.seats} seats of the programme")


def _call_stage_faults(charter: Charter) -> Iterator[Fault]:
    stages = {stage.id: stage for stage in charter.stages}
    for i, call in enumerate(charter.calls):
        yield from unknown(f"/calls/{i}/after", [call.after], stages, "stage")
        calendar = stages[call.after].calendar if call.after in stages else None
        if calendar and is_date(call.closes) and is_date(calendar.closes) and call.closes < calendar.closes:
            yield Fault(f"/calls/{i}/closes", f"before {calendar.closes}, when {call.after} closes")


def _entitlement_faults(charter: Charter) -> Iterator[Fault]:
    for i, entitlement in enumerate(charter.entitlements):
        if not entitlement.resources and not entitlement.titles:
            yield Fault(f"/entitlements/{i}", "entitles to nothing")


def _entitled_faults(charter: Charter) -> Iterator[Fault]:
    resources = {resource.id for resource in charter.resources}
    for i, entitlement in enumerate(charter.entitlements):
        yield from unknown(f"/entitlements/{i}/resources", entitlement.resources, resources, "resource")


def _selected_faults(charter: Charter) -> Iterator[Fault]:
    for i, entitlement in enumerate(charter.entitlements):
        if entitlement.status == "selected" and not charter.calls:
            yield Fault(f"/entitlements/{i}/status", "without a call no team is ever selected")


def _notice_faults(place: str, notice: NoticeTemplate) -> Iterator[Fault]:
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
