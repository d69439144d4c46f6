"""What independence asks of a model, how it was ruled on, and what the plan did not foresee."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from litestar import Response
from litestar.params import FromPath

from domain.boundary import QueryItem, tag
from domain.charter_document import Charter
from domain.disclosure import PUBLIC
from domain.outcome_events import DeviationRecorded, IndependenceRuled
from domain.points import UNDISCLOSED
from domain.rubric import Stage
from domain.views.audit_trail import event_of
from service.api.access import AnyRequest
from service.api.answers import only_parameters
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Parts, Wired
from service.api.prepared import Prepared
from service.application.timeline import timeline_of
from service.web.common import charter_of, names_of, of_programme, page
from service.web.rendering import html


class Ruled(NamedTuple):
    """A ruling that stands. `found`: verdicts by (perspective, condition); null if the findings are undisclosed."""

    position: int
    team: str
    verdict: str
    found: dict[tuple[str, str], str] | None


class Ruling(NamedTuple):
    """The rulings that stand in a stage, one a team."""

    stage: Stage
    ruled: tuple[Ruled, ...]


@page("/{programme:str}/independence")
async def show_independence(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Rulings by perspective and condition, and what else the plan did not foresee."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        position = await as_of(request, parts)
        asked = partial(timeline_of, parts.queries, programme, PUBLIC, limit=10**6, as_of_position=position)
        story = await parts.run(asked)
        return html(
            request,
            "independence.html",
            section="independence",
            **of_programme(charter),
            travelled=position,
            names=await names_of(parts, programme, position),
            stages=await parts.run(partial(_rulings, parts, charter, position)),
            rulings=[each for each in story.moments if each.type == IndependenceRuled.TYPE],
            deviations=[each for each in story.moments if each.type == DeviationRecorded.TYPE],
        )

    return await made_once(request, parts, programme, PUBLIC, make)


def _rulings(parts: Parts, charter: Charter, position: int | None) -> list[Ruling]:
    """Of every stage in which the public may read one."""
    programme = charter.programme
    about = QueryItem(types=(IndependenceRuled.TYPE,), tags=(tag("programme", programme),))
    disclosure = parts.queries.disclosure(programme, PUBLIC, position)
    entries = parts.queries.retold(disclosure, (about,), upto=position or parts.ready())
    standing: dict[str, dict[str, Ruled]] = {}
    for entry in entries:
        if entry.withheld is None and entry.type == IndependenceRuled.TYPE:
            event = event_of(entry)
            assert isinstance(event, IndependenceRuled)
            standing.setdefault(event.stage, {})[event.team] = _ruled(entry.position, event)
    return [Ruling(each, tuple(standing[each.id].values())) for each in charter.stages if each.id in standing]


def _ruled(position: int, event: IndependenceRuled) -> Ruled:
    findings = event.findings
    if findings == UNDISCLOSED:
        return Ruled(position, event.team, event.verdict, None)
    return Ruled(
        position, event.team, event.verdict, {(each.perspective, each.condition): each.verdict for each in findings}
    )


HANDLERS = [show_independence]
