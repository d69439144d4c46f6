"""What follows by itself from what is recorded."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import answer, only_parameters
from service.api.parts import Wired


@get("/v1/programmes/{programme:str}/reactions")
async def get_reactions(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What the charter has follow by itself and is not decided: when it is due, and what holds it."""
    only_parameters(request)
    principal = await principal_of(request, parts)
    return answer(request, await parts.run(partial(parts.reactions, programme, reader_of(principal))))


HANDLERS = (get_reactions,)
