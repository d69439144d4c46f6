"""What would follow from other facts or rules."""

from __future__ import annotations

from functools import partial

from litestar import Response, get, post
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of, require_insider
from service.api.answers import answer, only_parameters
from service.api.as_of import AS_OF, as_of
from service.api.decisions import BODY_LIMIT, require_json
from service.api.once import made_once
from service.api.parts import Wired
from service.api.prepared import Prepared, prepared
from service.application.bodies import parse_body
from service.application.what_if import WhatIfQuestion, sensitivity_of, what_if_of


@post("/v1/programmes/{programme:str}/what-if", request_max_body_size=BODY_LIMIT, status_code=200)
async def ask_what_if(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What would follow from altered scores or rules; for agencies and auditors. Nothing is recorded."""
    only_parameters(request, *AS_OF)
    principal = await principal_of(request, parts)
    require_insider(principal)
    require_json(request)
    asked = parse_body(WhatIfQuestion, await request.body(), of="what-if")
    position = await as_of(request, parts)
    found = await parts.run(
        partial(what_if_of, parts.queries, programme, asked, reader_of(principal), as_of_position=position)
    )
    return answer(request, found)


@get("/v1/programmes/{programme:str}/sensitivity")
async def get_sensitivity(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The smallest changes after which something else would follow; for agencies and auditors."""
    only_parameters(request, "stage", *AS_OF)
    principal = await principal_of(request, parts)
    require_insider(principal)
    reader = reader_of(principal)

    async def make() -> Prepared:
        stage, position = request.query_params.get("stage"), await as_of(request, parts)
        asked = partial(sensitivity_of, parts.queries, programme, stage, reader, as_of_position=position)
        return prepared(await parts.run(asked))

    return await made_once(request, parts, programme, reader, make)
