"""Events as they leave, each as far as its reader may see it."""

from __future__ import annotations

import msgspec

from domain.deadlines import instant
from domain.disclosure import Disclosure
from domain.envelope import DataSet, decode_envelope
from domain.event import decode_data
from service.application.ports import RecordedEvent


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as it leaves, CloudEvents 1.0.2 in JSON; under embargo without data and actor, `withheld` says so."""

    specversion: str = ""
    id: str
    source: str
    type: str
    time: str
    datacontenttype: str | None = None
    position: int
    programme: str
    eventversion: int
    dataset: DataSet
    attribution: str | None = None
    agency: str | None = None
    tags: tuple[str, ...] | None = None
    withheld: bool = False
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events as a reader may see them. `more`: whether a page may follow, of positions after `reached`."""

    events: list[CloudEvent]
    reached: int
    more: bool
    head: int


def cloud_event(recorded: RecordedEvent, disclosure: Disclosure) -> CloudEvent:
    event = decode_data(recorded.type, recorded.version, recorded.data)
    shows = disclosure.shows(recorded.position, event)
    envelope = decode_envelope(recorded.envelope)
    return CloudEvent(
        specversion="1.0",
        id=str(recorded.event_id),
        source=f"/v1/programmes/{recorded.programme}",
        type=recorded.type,
        time=instant(recorded.recorded_at),
        datacontenttype="application/json" if shows else None,
        position=recorded.position,
        programme=recorded.programme,
        eventversion=recorded.version,
        dataset=envelope.data_set,
        attribution=envelope.attribution if shows else None,
        agency=envelope.actor.agency if shows else None,
        tags=recorded.tags if shows else None,
        withheld=not shows,
        data=msgspec.Raw(recorded.data) if shows else msgspec.UNSET,
    )
