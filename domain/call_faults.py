"""What is wrong with the additional calls of a charter; who runs them is in `domain.course_faults`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import dropwhile

from domain.charter_document import AdditionalCall, Charter, EligibleClass
from domain.deadlines import is_date
from domain.fault import Fault, ids, unknown
from domain.plan_faults import day
from domain.points import is_known
from domain.soundness import in_each


def call_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each(
        "/calls",
        charter.calls,
        charter,
        _class_faults,
        _seat_faults,
        _stage_faults,
        _day_faults,
        _early_faults,
        _late_faults,
    )


def _class_faults(place: str, call: AdditionalCall, charter: Charter) -> Iterator[Fault]:
    yield from in_each(f"{place}/classes", call.classes, charter, _requirement_faults)
    if not call.classes:
        yield Fault(f"{place}/classes", "a call names at least one class that may apply")


def _requirement_faults(place: str, eligible: EligibleClass, charter: Charter) -> Iterator[Fault]:
    if eligible.requires == "undisclosed" and charter.data_set != "public-record":
        yield Fault(f"{place}/requires", "undisclosed in a public record only: who screens has to know it")


def _seat_faults(place: str, call: AdditionalCall, charter: Charter) -> Iterator[Fault]:
    if not 0 < int(call.seats) <= int(charter.seats):
        yield Fault(f"{place}/seats", f"between 1 and the {charter.seats} seats of the programme")


def _stage_faults(place: str, call: AdditionalCall, charter: Charter) -> Iterator[Fault]:
    yield from unknown(f"{place}/after", [call.after], ids(charter.stages), "stage")


def _day_faults(place: str, call: AdditionalCall, _charter: Charter) -> Iterator[Fault]:
    yield from day(f"{place}/closes", call.closes)


def _early_faults(place: str, call: AdditionalCall, charter: Charter) -> Iterator[Fault]:
    stage = charter.stage(call.after)
    if stage is not None and stage.calendar is not None and _earlier(call.closes, stage.calendar.closes):
        yield Fault(f"{place}/closes", f"before {stage.calendar.closes}, when {stage.id} closes")


def _late_faults(place: str, call: AdditionalCall, charter: Charter) -> Iterator[Fault]:
    """A stage opens once the calls before it are filled or closed."""
    following = dropwhile(lambda stage: stage.id != call.after, charter.stages)
    for stage in [*following][1:]:
        if stage.calendar is not None and _earlier(stage.calendar.opens, call.closes):
            yield Fault(f"{place}/closes", f"after {stage.calendar.opens}, when {stage.id} opens, which waits for it")
            return


def _earlier(one: str, other: str) -> bool:
    """Whether both are days, and the one comes before the other."""
    return is_known(one) and is_known(other) and is_date(one) and is_date(other) and one < other
