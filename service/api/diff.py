"""What differs between two points."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import given, only_parameters
from service.api.as_of import position_of
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared, prepared
from service.application.differing import diff_of


@get("/v1/programmes/{programme:str}/diff")
async def get_diff(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What changed between two positions, or times: teams, standings, grants, in words too, and what was recorded."""
    only_parameters(request, "from", "to")
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        meaning = "a position, or a time of RFC 3339"
        earlier = await position_of(given(request, "from", meaning), "from", parts)
        later = await position_of(given(request, "to", meaning), "to", parts)
        return prepared(await parts.run(partial(diff_of, parts.queries, programme, reader, earlier, later)))

    return await made_once(request, parts, programme, reader, make)
