"""The programme's story."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import PAGE, PAGE_LIMIT, answer, next_link, only_parameters, whole_number
from service.api.as_of import AS_OF, as_of
from service.api.parts import Wired
from service.application.timeline import timeline_of


@get("/v1/programmes/{programme:str}/timeline")
async def get_timeline(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What happened when, as far as the reader may see it, what is planned, and which deadlines run."""
    only_parameters(request, "after", "limit", *AS_OF, "min_position")
    principal = await principal_of(request, parts)
    limit = whole_number(request, "limit", PAGE, low=1, high=PAGE_LIMIT)
    found = await parts.run(
        partial(
            timeline_of,
            parts.queries,
            programme,
            reader_of(principal),
            after=whole_number(request, "after", 0),
            limit=limit,
            as_of_position=await as_of(request, parts),
            min_position=whole_number(request, "min_position", 0),
        )
    )
    more = next_link(request, found.moments[-1].position, limit) if len(found.moments) == limit else {}
    return answer(request, found, headers=more)
