"""How far evaluators are apart."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import only_parameters, whole_number
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared, prepared
from service.application.disagreement import disagreement_of


@get("/v1/programmes/{programme:str}/disagreement")
async def get_disagreement(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Count, spread and outliers of the sheets for each team and judged criterion; for agencies and auditors,
    and for evaluators where their own sheet is in."""
    only_parameters(request, "stage", *AS_OF, "min_position")
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        asked = partial(
            disagreement_of,
            parts.queries,
            programme,
            request.query_params.get("stage"),
            reader,
            as_of_position=await as_of(request, parts),
            min_position=whole_number(request, "min_position", 0),
        )
        return prepared(await parts.run(asked))

    return await made_once(request, parts, programme, reader, make)
