"""Why a team stands where it stands."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import given, only_parameters, whole_number
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared, prepared
from service.application.explain import explanation_of


@get("/v1/programmes/{programme:str}/explain")
async def get_explanation(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Why a team has its outcome in a stage, or a figure: a tree of reasons down to positions, as far as the reader may
    know them."""
    only_parameters(request, "team", "stage", "node", *AS_OF, "min_position")
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        asked = partial(
            explanation_of,
            parts.queries,
            programme,
            given(request, "team", "the id of a team"),
            request.query_params.get("stage"),
            reader,
            node=request.query_params.get("node"),
            as_of_position=await as_of(request, parts),
            min_position=whole_number(request, "min_position", 0),
        )
        return prepared(await parts.run(asked))

    return await made_once(request, parts, programme, reader, make)
