"""By which rules: the charter as a document."""

from __future__ import annotations

from functools import partial
from typing import Final

from litestar import Response
from litestar.params import FromPath

from domain import charter_document
from domain.disclosure import PUBLIC
from domain.rubric import Stage
from domain.rulebook import DECISIONS, EVENTS
from domain.scalars import Names
from service.api.access import AnyRequest
from service.api.answers import only_parameters
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared
from service.web.common import of_programme, page
from service.web.rendering import html

CALLED: Final = {type_: each.comes_to[-1].SAYS.title for type_, each in DECISIONS.items() if each.comes_to}
"""What decisions are called: as the event that they come to."""


@page("/{programme:str}/charter")
async def show_charter(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The charter as a document."""
    only_parameters(request, "rules_hash")

    async def make() -> Prepared:
        asked = partial(parts.queries.charter, programme, request.query_params.get("rules_hash"))
        document, rules_hash = await parts.run(asked)
        charter = charter_document.parse(document)
        return html(
            request,
            "charter.html",
            section="charter",
            **of_programme(charter),
            rules_hash=rules_hash,
            in_force=(await parts.run(partial(parts.queries.charter, programme)))[1],
            agencies={each.id: each.name for each in charter.agencies},
            decisions=CALLED,
            events={type_: cls.SAYS.title for type_, cls in EVENTS.items()},
            nodes={each.id: _titles(each) for each in charter.stages},
        )

    return await made_once(request, parts, programme, PUBLIC, make)


def _titles(stage: Stage) -> dict[str, Names]:
    """What the nodes of a rubric are called, but for the total."""
    criteria = {node: criterion.title for node, criterion in stage.criteria()}
    return {assessment.id: assessment.title for assessment in stage.assessments} | criteria


HANDLERS = [show_charter]
