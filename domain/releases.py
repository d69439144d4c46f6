"""Publication of results by the charter's joint publishers: each of them agreed to them as they stand, itself."""

from __future__ import annotations

from collections.abc import Iterator

from domain.certificates import CertificateIssued
from domain.charter_document import Charter
from domain.envelope import Actor
from domain.event import Event
from domain.record import CHANGES_RESULTS, with_agreement
from domain.stage_events import ReleaseAgreed, ResultsPublished


class Releases:
    """A fold over the events of a programme: who has agreed to release the results of each stage as they stand."""

    def __init__(self) -> None:
        self._agreed: dict[str | None, dict[str, str]] = {}

    def take(self, event: Event) -> None:
        """What the event says counts from here on."""
        if isinstance(event, ReleaseAgreed):
            agreed = self._agreed.get(event.stage, {})
            self._agreed[event.stage] = with_agreement(agreed, event.agency, event.principal)
        elif isinstance(event, (*CHANGES_RESULTS, ResultsPublished)):
            self._agreed.pop(event.stage, None)

    def faults(self, event: Event, charter: Charter, by: Actor) -> Iterator[str]:
        """Where the event is not what joint publishers of the charter may do. `by`: who decided it."""
        if isinstance(event, ReleaseAgreed | CertificateIssued) and event.agency != by.agency:
            yield f"{by.agency} spoke for {event.agency}"
        if isinstance(event, ReleaseAgreed) and event.principal not in ("", by.principal):
            yield f"{by.principal} spoke for {event.principal}"
        if isinstance(event, ReleaseAgreed | CertificateIssued) and event.agency not in charter.joint_publishers:
            yield f"{event.agency} publishes no results"
        if isinstance(event, ResultsPublished):
            yield from self._publication_faults(event, charter, by)

    def _publication_faults(self, event: ResultsPublished, charter: Charter, by: Actor) -> Iterator[str]:
        if {*event.publishers} != {*charter.joint_publishers}:
            yield f"{', '.join(charter.joint_publishers)} publish together"
        if charter.data_set == "public-record":
            return
        agreed = {**self._agreed.get(event.stage, {}), by.agency: by.principal}
        if missing := [each for each in event.publishers if each not in agreed]:
            yield f"{', '.join(missing)} did not agree to release the results of {event.stage}"
        told = [who for agency, who in agreed.items() if agency in event.publishers and who]
        if len(set(told)) < len(told):
            yield "one person published for more than one agency"
