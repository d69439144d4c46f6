"""What a decision, or a proposal, would come to; nothing is recorded."""

from __future__ import annotations

from functools import partial

from litestar import Response, get, post
from litestar.params import FromPath

from service.api.access import AnyRequest, decider_of, principal_of, reader_of, require_insider
from service.api.answers import answer, only_parameters
from service.api.decisions import BODY_LIMIT, require_json
from service.api.parts import Wired


@post(
    "/v1/programmes/{programme:str}/decisions/{decision_type:str}/preview",
    request_max_body_size=BODY_LIMIT,
    status_code=200,
)
async def preview_decision(
    request: AnyRequest, programme: FromPath[str], decision_type: FromPath[str], parts: Wired
) -> Response[bytes]:
    """What the decision would come to if it were submitted now, by an agency of the programme."""
    only_parameters(request)
    principal = await principal_of(request, parts)
    actor = decider_of(principal)
    require_insider(principal)
    require_json(request)
    body = await request.body()
    found = await parts.run(
        partial(parts.previews.decision, programme, decision_type, body, actor, reader_of(principal))
    )
    return answer(request, found)


@get("/v1/proposals/{proposal:str}")
async def get_proposal(request: AnyRequest, proposal: FromPath[str], parts: Wired) -> Response[bytes]:
    """A proposal and, while it waits, what it would come to now, for the programme's agencies and auditors; without
    that, for the team that made it."""
    only_parameters(request)
    principal = await principal_of(request, parts)
    if principal is None or principal.role != "consortium":
        require_insider(principal)
    return answer(request, await parts.run(partial(parts.previews.proposal, proposal, reader_of(principal))))
