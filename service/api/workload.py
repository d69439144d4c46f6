"""What agencies have done and have to do."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import answer, only_parameters, whole_number
from service.api.as_of import AS_OF, as_of
from service.api.parts import Wired
from service.application.workload import workload_of


@get("/v1/programmes/{programme:str}/workload")
async def get_workload(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What each agency decided, what waits for it, and how long things took; for agencies and auditors."""
    only_parameters(request, *AS_OF, "min_position")
    principal = await principal_of(request, parts)
    found = await parts.run(
        partial(
            workload_of,
            parts.queries,
            programme,
            reader_of(principal),
            as_of_position=await as_of(request, parts),
            min_position=whole_number(request, "min_position", 0),
        )
    )
    return answer(request, found)
