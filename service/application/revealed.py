"""What was withheld of a stage from a reader until its results were published, for whoever follows the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import programme_of, tag
from domain.disclosure import Disclosure, Reader
from domain.event import decode_data
from domain.stage_events import ResultsPublished
from service.application.cloud_events import CloudEvent, EventPage, Wanted, cloud_event
from service.application.ports import Ledger
from service.application.shown_by_tag import of_stage

LOOKED_AT: Final = 1000
"""Events of a page, those among them that are left out."""


class Publication(NamedTuple):
    """Results of a stage published, at a position."""

    programme: str
    stage: str
    position: int


class ReadRevealed:
    """The use case. `disclosure`: what a reader may see of a programme, as it was at a position."""

    def __init__(self, ledger: Ledger, disclosure: Callable[[str, Reader, int], Disclosure]) -> None:
        self._ledger = ledger
        self._disclosure = disclosure

    def next_publication(self, wanted: Wanted, after: int, upto: int) -> Publication | None:
        """The first in a stretch of the ledger that may reveal what is wanted."""
        scope = wanted.programme if wanted.tag is None else programme_of(wanted.tag)
        tags = [] if scope is None else [tag("programme", scope)]
        query = DCBQuery(items=[DCBQueryItem(types=[ResultsPublished.TYPE], tags=tags)])
        for each in self._ledger.read(query, after=after, upto=upto, limit=1):
            event = decode_data(each.type, each.version, each.data)
            assert isinstance(event, ResultsPublished)
            return Publication(each.programme, event.stage, each.position)
        return None

    def __call__(self, wanted: Wanted, published: Publication, *, after: int, upto: int) -> EventPage:
        """A page, in order, of what the reader could not read before a publication and can since, up to a position."""
        reader, type_, tag_, programme = wanted
        position = published.position
        before = self._disclosure(published.programme, reader, position - 1)
        now = self._disclosure(published.programme, reader, position)
        types = {each for each in now.types() if type_ in (None, each) and "with-results" in now.kinds(each)}
        if before.reader.reads_embargoed or not types or programme not in (None, published.programme):
            return EventPage(events=[], reached=upto, more=False, head=position)
        after = max(after, before.publications.upto.get(published.stage, 0))
        query = DCBQuery(items=list(of_stage(published.programme, published.stage, types)))
        looked_at = list(self._ledger.read(query, after=after, upto=upto, limit=LOOKED_AT))
        page: list[CloudEvent] = []
        for each in looked_at:
            event = decode_data(each.type, each.version, each.data)
            asked = each.programme == published.programme and (tag_ is None or tag_ in each.tags)
            if asked and now.shows(each.position, event) and not before.shows(each.position, event):
                page.append(msgspec.structs.replace(cloud_event(each, now), revealedby=position))
        more = len(looked_at) == LOOKED_AT
        return EventPage(events=page, reached=looked_at[-1].position if more else upto, more=more, head=position)
