"""What consortiums were told."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from service.api.access import AnyRequest, principal_of, reader_of, require_told
from service.api.answers import PAGE, PAGE_LIMIT, answer, next_link, only_parameters, whole_number
from service.api.parts import Wired


@get("/v1/programmes/{programme:str}/notices")
async def get_notices(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The inbox of the consortium that asks; for agencies of the programme and auditors what all were told."""
    only_parameters(request, "recipient", "after", "limit")
    principal = await principal_of(request, parts)
    require_told(principal)
    limit = whole_number(request, "limit", PAGE, low=1, high=PAGE_LIMIT)
    found = await parts.run(
        partial(
            parts.notices.page,
            programme,
            reader_of(principal),
            recipient=request.query_params.get("recipient"),
            after=whole_number(request, "after", 0),
            limit=limit,
        )
    )
    more = next_link(request, found.notices[-1].number, limit) if len(found.notices) == limit else {}
    return answer(request, found, headers=more)


@get("/v1/programmes/{programme:str}/notices/{notice:str}")
async def get_notice(
    request: AnyRequest, programme: FromPath[str], notice: FromPath[str], parts: Wired
) -> Response[bytes]:
    """A notice with all that it says; when its recipient first asked for it is kept."""
    only_parameters(request)
    principal = await principal_of(request, parts)
    require_told(principal)
    return answer(request, await parts.run(partial(parts.notices.one, programme, notice, reader_of(principal))))


@get("/v1/programmes/{programme:str}/notice-evidence")
async def get_notice_evidence(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Evidence for a dispute: who was told what, when, by which channel, with which answer."""
    only_parameters(request, "recipient", "notice", "after", "limit")
    principal = await principal_of(request, parts)
    require_told(principal)
    limit = whole_number(request, "limit", PAGE, low=1, high=PAGE_LIMIT)
    found = await parts.run(
        partial(
            parts.notice_evidence,
            programme,
            reader_of(principal),
            recipient=request.query_params.get("recipient"),
            notice=request.query_params.get("notice"),
            after=whole_number(request, "after", 0),
            limit=limit,
        )
    )
    more = next_link(request, found.told[-1].number, limit) if len(found.told) == limit else {}
    return answer(request, found, headers=more)


HANDLERS = (get_notices, get_notice, get_notice_evidence)
