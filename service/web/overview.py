"""Which programmes there are, and how far one is."""

from __future__ import annotations

from functools import partial
from typing import Final

from litestar import Response
from litestar.params import FromPath

from domain.disclosure import PUBLIC
from domain.outcome_events import DeviationRecorded
from service.api.access import AnyRequest
from service.api.answers import only_parameters
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared
from service.application.timeline import timeline_of
from service.web.common import DEADLINES_SECONDS, charter_of, of_programme, page
from service.web.rendering import html
from service.web.timeline_chart import KINDS

LATEST: Final = 6
"""Decisions that are shown of the programme's story."""
OUTCOMES: Final = (*KINDS["outcomes"], DeviationRecorded.TYPE)
"""What a citizen asks for first: who goes on and who does not, and what of it was not planned."""
MOST_OUTCOMES: Final = 12


@page("/")
async def show_programmes(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Every programme."""
    only_parameters(request)

    async def make() -> Prepared:
        return html(request, "programmes.html", programmes=await parts.run(parts.queries.programmes))

    return await made_once(request, parts, None, PUBLIC, make)


@page("/{programme:str}")
async def show_programme(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """One programme: its stages, who is in, what comes next, who went on and why, what was decided last."""
    only_parameters(request)

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        teams, _position = await parts.run(partial(parts.queries.teams, programme, PUBLIC))
        story = await parts.run(partial(timeline_of, parts.queries, programme, PUBLIC, limit=10**6))
        return html(
            request,
            "programme.html",
            **of_programme(charter),
            detail=await parts.run(partial(parts.queries.programme, programme)),
            teams=teams,
            story=story,
            outcomes=[each for each in reversed(story.moments) if each.type in OUTCOMES][:MOST_OUTCOMES],
            latest=story.moments[: -LATEST - 1 : -1],
        )

    return await made_once(request, parts, programme, PUBLIC, make, seconds=DEADLINES_SECONDS)


HANDLERS = [show_programmes, show_programme]
