"""What is wrong with what a charter entitles teams to; who grants and confers it is in `domain.course_faults`."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter, Entitlement
from domain.fault import Fault, ids, unknown
from domain.soundness import in_each


def entitlement_faults(charter: Charter) -> Iterator[Fault]:
    yield from in_each(
        "/entitlements", charter.entitlements, charter, _nothing_faults, _resource_faults, _status_faults
    )


def _nothing_faults(place: str, entitlement: Entitlement, _charter: Charter) -> Iterator[Fault]:
    if not entitlement.resources and not entitlement.titles:
        yield Fault(place, "entitles to nothing")


def _resource_faults(place: str, entitlement: Entitlement, charter: Charter) -> Iterator[Fault]:
    yield from unknown(f"{place}/resources", entitlement.resources, ids(charter.resources), "resource")


def _status_faults(place: str, entitlement: Entitlement, charter: Charter) -> Iterator[Fault]:
    if entitlement.status == "selected" and not charter.calls:
        yield Fault(f"{place}/status", "without a call no team is ever selected")
