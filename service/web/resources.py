"""What teams are offered and given: additional calls, and grants."""

from __future__ import annotations

from functools import partial

from litestar import Response
from litestar.params import FromPath

from domain.disclosure import PUBLIC
from service.api.access import AnyRequest
from service.api.answers import only_parameters
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared
from service.web.common import charter_of, names_of, of_programme, page
from service.web.rendering import html


@page("/{programme:str}/calls")
async def show_calls(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Additional calls: for whom, until when, and what came of them."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        position = await as_of(request, parts)
        asked = partial(parts.queries.calls, programme, PUBLIC, as_of_position=position)
        calls, _position = await parts.run(asked)
        return html(
            request,
            "calls.html",
            section="calls",
            **of_programme(charter),
            travelled=position,
            calls=calls,
            names=await names_of(parts, programme, position),
        )

    return await made_once(request, parts, programme, PUBLIC, make)


@page("/{programme:str}/grants")
async def show_grants(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Pools, and what was granted from them."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        position = await as_of(request, parts)
        found = await parts.run(partial(parts.queries.grants, programme, PUBLIC, as_of_position=position))
        return html(
            request,
            "grants.html",
            section="grants",
            **of_programme(charter),
            travelled=position,
            found=found,
            names=await names_of(parts, programme, position),
        )

    return await made_once(request, parts, programme, PUBLIC, make)


HANDLERS = [show_calls, show_grants]
