"""Standings of a stage, as a chart and as a table."""

from __future__ import annotations

from functools import partial

from litestar import Response
from litestar.params import FromPath

from domain.disclosure import PUBLIC
from domain.event import EVENTS
from domain.rubric import Judged
from domain.standings import Standings
from service.api.access import AnyRequest
from service.api.answers import only_parameters
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared
from service.application.timeline import reach_of
from service.web.common import charter_of, of_programme, page
from service.web.rendering import html


@page("/{programme:str}/standings")
async def show_standings(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Standings of a stage, with what every figure consists of."""
    only_parameters(request, "stage", *AS_OF)

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        position = await as_of(request, parts)
        stage_id = request.query_params.get("stage") or charter.stages[0].id
        asked = partial(parts.queries.standings, programme, stage_id, PUBLIC, as_of_position=position)
        found = await parts.run(asked)
        stage = charter.stage(stage_id)
        head = await parts.run(parts.ready)
        first, last = await parts.run(partial(reach_of, parts.queries, programme, stage_id))
        return html(
            request,
            "standings.html",
            section="standings",
            **of_programme(charter),
            stage=stage,
            found=found,
            shown=isinstance(found, Standings),
            judged=stage is not None and any(isinstance(each.scoring, Judged) for _node, each in stage.criteria()),
            events={type_: cls.SAYS.title for type_, cls in EVENTS.items()},
            travelled=position,
            # While results are under embargo, what goes on is counts of sheets, which are not of the story.
            reach=(first, last if isinstance(found, Standings) else head),
            head=head,
        )

    return await made_once(request, parts, programme, PUBLIC, make)


HANDLERS = [show_standings]
