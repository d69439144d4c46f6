"""Asking what figures would give away before they are published."""

from __future__ import annotations

from functools import partial

from litestar import Response, post
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of, require_insider
from service.api.answers import answer, only_parameters
from service.api.decisions import BODY_LIMIT, require_json
from service.api.parts import Wired
from service.application.bodies import parse_body
from service.application.revealing import DisclosureQuestion


@post("/v1/programmes/{programme:str}/disclosure-check", request_max_body_size=BODY_LIMIT, status_code=200)
async def check_disclosure(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What would follow from figures about scores that they do not state; nothing is recorded."""
    only_parameters(request)
    principal = await principal_of(request, parts)
    require_insider(principal)
    require_json(request)
    asked = parse_body(DisclosureQuestion, await request.body(), of="disclosure-check")
    return answer(request, await parts.run(partial(parts.check_disclosure, programme, asked, reader_of(principal))))
