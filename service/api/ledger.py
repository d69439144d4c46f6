"""The ledger's events, as each reader may see them."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

import msgspec
from litestar import Response, get

from domain.boundary import IDENTIFIER, programme_of
from domain.event import EVENTS
from domain.refusal import FieldError
from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import PAGE, PAGE_LIMIT, answer, next_link, only_parameters, whole_number
from service.api.parts import Wired
from service.api.problems import ApiProblem
from service.application.cloud_events import EventPage, Wanted
from service.application.identity import Principal

_PROGRAMME = re.compile(IDENTIFIER)

_encoder = msgspec.json.Encoder(order="deterministic")

FILTERS: Final = ("type", "tag", "programme")


@get("/v1/ledger/events")
async def list_events(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """A page of events in order of position, one CloudEvent a line."""
    only_parameters(request, "after", "limit", *FILTERS)
    principal = await principal_of(request, parts)
    limit = whole_number(request, "limit", PAGE, low=1, high=PAGE_LIMIT)
    wanted = wanted_events(request, principal)
    read = partial(parts.events, wanted, after=whole_number(request, "after", 0), limit=limit)
    page, body = await parts.run(lambda: _lines(read()))
    more = next_link(request, page.reached, limit) if page.more else {}
    return answer(request, body, media_type="application/x-ndjson", headers={"Ledger-Head": str(page.head), **more})


def _lines(page: EventPage) -> tuple[EventPage, bytes]:
    return page, _encoder.encode_lines(page.events)


def wanted_events(request: AnyRequest, principal: Principal | None) -> Wanted:
    """Which events a request asks for, and who asks. Raises 400 naming the parameter and its rule."""
    type_ = request.query_params.get("type")
    if type_ is not None and type_ not in EVENTS:
        raise _bad("type", f"one of {', '.join(sorted(EVENTS))}")
    tag = request.query_params.get("tag")
    if tag is not None and (len(tag) > 600 or programme_of(tag) is None):
        raise _bad("tag", "kind:programme or kind:programme/id, such as team:programme/team")
    return Wanted(reader_of(principal), type_, tag, programme_asked(request))


def programme_asked(request: AnyRequest) -> str | None:
    """The programme that a request names, if it names one. Raises 400."""
    programme = request.query_params.get("programme")
    if programme is not None and _PROGRAMME.fullmatch(programme) is None:
        raise _bad("programme", "the id of a programme")
    return programme


def _bad(name: str, rule: str) -> ApiProblem:
    detail = f"{name}: {rule}"
    return ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{name}", detail),))
