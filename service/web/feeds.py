"""A programme's public deadlines for whoever follows them elsewhere: as a calendar (iCalendar) and as a feed (Atom).

Both are the same for everybody until something is recorded. Entries keep their ids; one that is over is not there.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final, NamedTuple
from xml.etree import ElementTree

import icalendar
from litestar import Response
from litestar.params import FromPath

from domain.charter_document import Charter
from domain.deadlines import day_of, moment
from domain.disclosure import PUBLIC
from domain.noticing import WHAT_IT_IS
from domain.scalars import Names
from domain.sentences import Language, Words
from service.api.access import AnyRequest
from service.api.answers import only_parameters
from service.api.once import made_once
from service.api.parts import Parts, Wired
from service.api.prepared import Prepared, prepared
from service.application.timeline import Timeline, timeline_of
from service.web.common import DEADLINES_SECONDS, charter_of, page
from service.web.rendering import language_of

CALENDAR: Final = "text/calendar"
FEED: Final = "application/atom+xml; charset=utf-8"
_ATOM: Final = "http://www.w3.org/2005/Atom"
ElementTree.register_namespace("", _ATOM)


class Day(NamedTuple):
    """A last day, or a planned one. `id`: a URN, the same in every answer. `since`: when it was set, RFC 3339, UTC."""

    id: str
    day: date
    says: Words
    since: str


def days_of(story: Timeline, charter: Charter) -> Sequence[Day]:
    """What runs, and what the charter plans, by day."""
    recorded = {each.position: each.recorded_at for each in story.moments}
    published = [each for each in story.moments if each.type in ("CharterPublished", "CharterAmended")][-1]
    running = [
        Day(
            _id(story, each.kind, each.subject, str(each.position)),
            day_of(moment(each.until) - timedelta(microseconds=1), charter.zone),
            each.says,
            recorded[each.position],
        )
        for each in story.deadlines
    ]
    closing = {each.subject for each in story.deadlines if each.kind == "applications"}
    planned = [
        Day(_id(story, each.kind, each.subject), date.fromisoformat(each.day), each.says, published.recorded_at)
        for each in story.planned
        if not (each.kind == "call-closes" and each.subject in closing)
    ]
    return sorted((*running, *planned), key=lambda each: (each.day, each.id))


def calendar(story: Timeline, days: Sequence[Day], language: Language) -> bytes:
    """RFC 5545: an entry of a whole day each."""
    found = icalendar.Calendar()
    found.add("prodid", "-//Sillok//Deadlines//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", _titled(story, story.title, language))
    for each in days:
        entry = icalendar.Event()
        entry.add("uid", each.id)
        entry.add("dtstamp", moment(each.since))
        entry.add("dtstart", each.day)
        entry.add("summary", _titled(story, each.says, language))
        entry.add("transp", "TRANSPARENT")
        found.add_component(entry)
    return bytes(found.to_ical())


def feed(story: Timeline, days: Sequence[Day], language: Language, origin: str) -> bytes:
    """RFC 4287: an entry each. `origin`: of the service, to which addresses are relative if it says none."""
    address = f"{origin}/{language}/{story.programme}"
    root = ElementTree.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": language})
    latest = max((each.since for each in days), default=story.moments[0].recorded_at)
    _entry(root, _id(story, "feed", ""), _titled(story, story.title, language), latest, address)
    _sub(root, "link", rel="self", href=f"{address}/deadlines.atom")
    _sub(_sub(root, "author"), "name").text = "Sillok"
    for each in days:
        _entry(_sub(root, "entry"), each.id, _titled(story, each.says, language), each.since, address)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _entry(of: ElementTree.Element, id_: str, title: str, updated: str, address: str) -> None:
    for name, text in (("id", id_), ("title", title), ("updated", updated)):
        _sub(of, name).text = text
    _sub(of, "link", rel="alternate", type="text/html", href=address)


def _sub(of: ElementTree.Element, name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(of, f"{{{_ATOM}}}{name}", attributes)


def _id(story: Timeline, *parts: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("sillok", story.programme, *parts))).urn


def _titled(story: Timeline, text: Words | Names, language: Language) -> str:
    """With what a programme that is not live says of itself."""
    said: str = getattr(text, language)
    what = WHAT_IT_IS.get(story.data_set)
    return said if what is None else f"[{getattr(what, language)}] {said}"


@page("/{programme:str}/deadlines.ics")
async def get_calendar(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The programme's public deadlines, as a calendar."""

    async def make() -> Prepared:
        story, days = await _asked(parts, programme)
        return prepared(calendar(story, days, language_of(request)), media_type=CALENDAR)

    only_parameters(request)
    return await made_once(request, parts, programme, PUBLIC, make, seconds=DEADLINES_SECONDS)


@page("/{programme:str}/deadlines.atom")
async def get_feed(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The programme's public deadlines, as a feed."""

    async def make() -> Prepared:
        story, days = await _asked(parts, programme)
        body = feed(story, days, language_of(request), parts.public_origin or "")
        return prepared(body, media_type=FEED)

    only_parameters(request)
    return await made_once(request, parts, programme, PUBLIC, make, seconds=DEADLINES_SECONDS)


async def _asked(parts: Parts, programme: str) -> tuple[Timeline, Sequence[Day]]:
    charter = await charter_of(parts, programme)
    story = await parts.run(partial(timeline_of, parts.queries, programme, PUBLIC, limit=10**6))
    return story, days_of(story, charter)


HANDLERS = [get_calendar, get_feed]
