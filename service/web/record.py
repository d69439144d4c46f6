"""The record itself: the timeline, single decisions, and what differs between two points."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from litestar import Response
from litestar.params import FromPath

from domain.disclosure import PUBLIC
from domain.event import EVENTS
from domain.naming import NamesThen
from domain.views.audit_trail import Entry
from domain.views.timeline import STORY, moment_of
from service.api.access import AnyRequest
from service.api.answers import only_parameters, whole_number
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Parts, Wired
from service.api.prepared import Prepared
from service.api.problems import ApiProblem
from service.application.differing import diff_of
from service.application.timeline import course_of, reach_of, timeline_of
from service.web.common import DEADLINES_SECONDS, charter_of, of_programme, page
from service.web.rendering import html
from service.web.timeline_chart import timeline_chart

PAGE: Final = 50
"""Decisions on a page of the timeline."""


@page("/{programme:str}/timeline")
async def show_timeline(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What happened when, the latest first."""
    only_parameters(request, "before", *AS_OF)

    async def make() -> Prepared:
        position = await as_of(request, parts)
        before = whole_number(request, "before", 0)
        charter = await charter_of(parts, programme)
        story, found = await parts.run(partial(course_of, parts.queries, programme, PUBLIC, as_of_position=position))
        moments = [each for each in reversed(story.moments) if not before or each.position < before]
        return html(
            request,
            "timeline.html",
            section="timeline",
            **of_programme(charter),
            story=story,
            chart=timeline_chart(charter, story.moments, found) if story.moments else None,
            moments=moments[:PAGE],
            earlier=moments[PAGE - 1].position if len(moments) > PAGE else None,
            travelled=position,
            reach=await parts.run(partial(reach_of, parts.queries, programme)),
            head=await parts.run(parts.ready),
        )

    return await made_once(request, parts, programme, PUBLIC, make, seconds=DEADLINES_SECONDS)


@page("/{programme:str}/decisions/{position:int}")
async def show_decision(
    request: AnyRequest, programme: FromPath[str], position: FromPath[int], parts: Wired
) -> Response[bytes]:
    """One entry of the record: what it says, who decided it, and where it is proved."""
    only_parameters(request)

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        entry = await _entry(parts, programme, position)
        return html(
            request,
            "decision.html",
            **of_programme(charter),
            entry=entry,
            called=EVENTS[entry.type].SAYS.title,
            named=await parts.run(partial(_names_then, parts, programme, position)),
        )

    return await made_once(request, parts, programme, PUBLIC, make)


def _names_then(parts: Parts, programme: str, position: int) -> NamesThen:
    return parts.queries.naming(programme, parts.queries.disclosure(programme, PUBLIC)).at(position)


async def _entry(parts: Parts, programme: str, position: int) -> Entry:
    if position > 0:
        asked = partial(parts.queries.audit_trail, programme, PUBLIC, after=position - 1, limit=1)
        entries: Sequence[Entry] = (await parts.run(asked))[0]
        if entries and entries[0].position == position:
            return entries[0]
    raise ApiProblem("not-found", f"{programme} has no entry at position {position}")


@page("/{programme:str}/diff")
async def show_diff(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What differs between two points, in words, and what was recorded between them."""
    only_parameters(request, "from", "to")

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        head = await parts.run(parts.ready)
        later = whole_number(request, "to", head, low=1)
        earlier = whole_number(request, "from", 0, low=1) or await _beginning(parts, programme)
        found = await parts.run(partial(diff_of, parts.queries, programme, PUBLIC, earlier, later))
        return html(
            request,
            "diff.html",
            **of_programme(charter),
            found=found,
            moments=[moment_of(each) for each in found.entries if each.withheld is None and each.type in STORY],
            head=head,
        )

    return await made_once(request, parts, programme, PUBLIC, make)


async def _beginning(parts: Parts, programme: str) -> int:
    """The position of the programme's first charter."""
    story = await parts.run(partial(timeline_of, parts.queries, programme, PUBLIC, limit=1))
    return story.moments[0].position


HANDLERS = [show_timeline, show_decision, show_diff]
