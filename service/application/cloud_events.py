"""Events as they leave, a page at a time, each as far as its reader may see it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import programme_of
from domain.deadlines import instant
from domain.disclosure import Disclosure, Reader
from domain.envelope import DataSet, decode_envelope
from domain.event import decode_data
from service.application.ports import Ledger, RecordedEvent
from service.application.shown_by_tag import Source, sources


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as it leaves, CloudEvents 1.0.2 in JSON; under embargo without data and actor, `withheld` says so.

    `tags`: with a blank between them, as an attribute of a CloudEvent is no list, and no tag has a blank.
    `revealedby`: where a stream sends what was under embargo before, the position of the event that made it public.
    """

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
    tags: str | None = None
    withheld: bool = False
    revealedby: int | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Wanted(NamedTuple):
    """Which events somebody wants to see, and as whom."""

    reader: Reader
    type_: str | None = None
    tag: str | None = None
    programme: str | None = None


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events as a reader may see them. `more`: whether a page may follow, of positions after `reached`."""

    events: list[CloudEvent]
    reached: int
    more: bool
    head: int


class ReadEvents:
    """The use case. `disclosure`: what a reader may see of a programme, as it is or as it was at a position."""

    def __init__(self, ledger: Ledger, disclosure: Callable[[str, Reader, int | None], Disclosure]) -> None:
        self._ledger = ledger
        self._disclosure = disclosure

    def __call__(
        self,
        wanted: Wanted,
        *,
        after: int,
        limit: int,
        upto: int | None = None,
        as_of: int | None = None,
    ) -> EventPage:
        """A page of the ledger as its reader may see it: at most `limit` events are looked at, withheld or not.

        `upto`: as if the ledger ended there. `as_of`: by what was public at that position.

        Asked by tag it is a page of what is shown only: neither the answer nor where it ends tells which withheld
        events carry the tag. Raises `UnknownProgrammeError` for a programme, or a tag of one, that there is not.
        """
        reader, type_, tag_, programme = wanted
        disclosure = functools.cache(lambda each: self._disclosure(each, reader, as_of))
        if programme is not None:
            disclosure(programme)
        if tag_ is not None:
            head = self._ledger.head() if upto is None else upto
            return self._tagged(disclosure, tag_, after, limit, head, type_, programme)
        if programme is not None:
            found = self._ledger.read_programme(programme, after=after, upto=upto, limit=limit)
        else:
            query = DCBQuery(items=[DCBQueryItem(types=[type_])]) if type_ else None
            found = self._ledger.read(query, after=after, upto=upto, limit=limit)
        page = []
        looked_at = list(found)
        for each in looked_at:
            if type_ and each.type != type_:
                continue
            page.append(cloud_event(each, disclosure(each.programme)))
        return EventPage(
            events=page,
            reached=looked_at[-1].position if looked_at else found.head,
            more=len(looked_at) == limit,
            head=found.head,
        )

    def _tagged(
        self,
        disclosed: Callable[[str], Disclosure],
        tag_: str,
        after: int,
        limit: int,
        head: int,
        type_: str | None,
        programme: str | None,
    ) -> EventPage:
        scope = programme_of(tag_) or ""
        disclosure = disclosed(scope)
        types = {each for each in disclosure.types() if type_ in (None, each)}
        if not types or programme not in (None, scope):
            return EventPage(events=[], reached=after, more=False, head=head)
        shown = [
            each
            for source in sources(disclosure, types, tag_)
            for each in self._shown(source, disclosure, tag_, after, limit + 1, head)
        ]
        shown.sort(key=lambda each: each.position)
        page = shown[:limit]
        return EventPage(events=page, reached=page[-1].position if page else after, more=len(shown) > limit, head=head)

    def _shown(
        self, source: Source, disclosure: Disclosure, tag_: str, after: int, limit: int, head: int
    ) -> list[CloudEvent]:
        """The first events of a source that carry the tag and are shown."""
        upto = head if source.upto is None else min(source.upto, head)
        programme = disclosure.charter.programme
        shown: list[CloudEvent] = []
        reached, chunk = after, limit
        while len(shown) < limit and reached < upto:
            looked_at = list(self._ledger.read(source.query, after=reached, upto=upto, limit=chunk))
            for each in looked_at:
                if each.programme == programme:
                    event = cloud_event(each, disclosure)
                    if not event.withheld and (not source.searched or tag_ in each.tags):
                        shown.append(event)
            if len(looked_at) < chunk:
                break
            reached, chunk = looked_at[-1].position, 1000
        return shown


def cloud_event(recorded: RecordedEvent, disclosure: Disclosure) -> CloudEvent:
    """As it leaves."""
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
        tags=" ".join(recorded.tags) if shows else None,
        withheld=not shows,
        data=msgspec.Raw(recorded.data) if shows else msgspec.UNSET,
    )
