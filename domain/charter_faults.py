"""What is wrong with a charter: every fault at once, each by its place in the document (a JSON pointer)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.calendar_faults import calendar_faults
from domain.call_faults import call_faults
from domain.charter_document import Charter, Disclosure
from domain.course_faults import course_faults
from domain.decision import Decision
from domain.entitlement_faults import entitlement_faults
from domain.event import STRICTNESS, Event
from domain.fault import Fault, ids, repeats, unknown
from domain.gate_faults import gate_faults
from domain.impartiality_faults import impartiality_faults
from domain.independence_faults import independence_faults
from domain.legible import illegible
from domain.mandate_faults import mandate_faults
from domain.notice_faults import notice_faults
from domain.plan_faults import plan_faults
from domain.range_faults import range_faults
from domain.reaction_faults import reaction_faults
from domain.recusal_faults import recusal_faults
from domain.rubric_faults import rubric_faults
from domain.scoring_faults import scoring_faults
from domain.shape_faults import shape_faults, sound_parts
from domain.soundness import UNSOUND, as_far_as_sound, in_each, sound


def faults(document: object, decisions: Mapping[str, Decision], events: Mapping[str, type[Event]]) -> Iterator[Fault]:
    """Every fault of a document: of shape, and every contradiction that can be told without what is misshapen.

    `decisions`, `events`: those that this release knows. Without a fault the document is a `Charter`.
    """
    yield from shape_faults(document, Charter)
    yield from (Fault(pointer, detail) for pointer, detail in illegible(document))
    charter = sound_parts(document, Charter)
    if charter is UNSOUND:
        return
    yield from repeats("", charter)
    yield from mandate_faults(charter, decisions)
    yield from in_each("/disclosure", charter.disclosure, events, _event_faults, _early_faults)
    disclosed: dict[str, str] = {}
    yield from in_each("/disclosure", charter.disclosure, disclosed, _contrary_faults)
    for check in (
        _owner_faults,
        _publisher_faults,
        _recorder_faults,
        _recording_faults,
        course_faults,
        recusal_faults,
        impartiality_faults,
        plan_faults,
        calendar_faults,
        rubric_faults,
        range_faults,
        scoring_faults,
        gate_faults,
        independence_faults,
        call_faults,
        entitlement_faults,
        notice_faults,
        reaction_faults,
    ):
        yield from as_far_as_sound(check)(charter)


def _owner_faults(charter: Charter) -> Iterator[Fault]:
    yield from unknown("/owner", [charter.owner], ids(charter.agencies), "agency")


def _publisher_faults(charter: Charter) -> Iterator[Fault]:
    yield from unknown("/joint_publishers", charter.joint_publishers, ids(charter.agencies), "agency")
    if not charter.joint_publishers:
        yield Fault("/joint_publishers", "at least one agency publishes the results")


def _recorder_faults(charter: Charter) -> Iterator[Fault]:
    if charter.recorder is not None:
        yield from unknown("/recorder", [charter.recorder], ids(charter.agencies), "agency")


def _recording_faults(charter: Charter) -> Iterator[Fault]:
    if (charter.recorder is not None) != (charter.data_set == "public-record"):
        yield Fault("/recorder", "a public record has a recorder, and nothing else has")


def _event_faults(place: str, disclosure: Disclosure, events: Mapping[str, type[Event]]) -> Iterator[Fault]:
    if not disclosure.events:
        yield Fault(f"{place}/events", "at least one type of event")
    yield from unknown(f"{place}/events", disclosure.events, events, "event")


def _early_faults(place: str, disclosure: Disclosure, events: Mapping[str, type[Event]]) -> Iterator[Fault]:
    for name in sound(disclosure.events):
        if name not in events:
            continue
        allowed = events[name].PUBLIC
        if STRICTNESS[disclosure.public] < STRICTNESS[allowed]:
            yield Fault(f"{place}/public", f"{name} is disclosed {allowed} at the earliest, not {disclosure.public}")
        elif disclosure.public == "with-results" and "stage" not in events[name].__struct_fields__:
            yield Fault(f"{place}/public", f"{name} belongs to no stage with whose results it could come")


def _contrary_faults(place: str, disclosure: Disclosure, said: dict[str, str]) -> Iterator[Fault]:
    """`said`: how the events before are disclosed."""
    for name in sound(disclosure.events):
        if said.get(name, disclosure.public) != disclosure.public:
            yield Fault(f"{place}/events", f"{name!r} is {disclosure.public} here and {said[name]} before")
        said.setdefault(name, disclosure.public)
