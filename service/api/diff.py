"""What differs between two points."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import answer, given, only_parameters
from service.api.as_of import position_of
from service.api.parts import Wired
from service.application.differing import diff_of


@get("/v1/programmes/{programme:str}/diff")
async def get_diff(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What changed between two positions, or times: teams, standings, grants, in words too, and what was recorded."""
    only_parameters(request, "from", "to")
    principal = await principal_of(request, parts)
    meaning = "a position, or a time of RFC 3339"
    earlier = await position_of(given(request, "from", meaning), "from", parts)
    later = await position_of(given(request, "to", meaning), "to", parts)
    found = await parts.run(partial(diff_of, parts.queries, programme, reader_of(principal), earlier, later))
    return answer(request, found)
