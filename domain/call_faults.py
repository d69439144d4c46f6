"""What is wrong with a charter's additional calls; who runs them: `domain.course_faults`; when: `calendar_faults`."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import AdditionalCall, Charter, EligibleClass
from domain.fault import Fault, ids, unknown
from domain.soundness import in_each


def call_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each(
        "/calls",
        charter.calls,
        charter,
        _class_faults,
        _seat_faults,
        _stage_faults,
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
