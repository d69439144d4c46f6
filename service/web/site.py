"""Where the pages are, and what is shown when one is not."""

from __future__ import annotations

from typing import Final

from litestar import Response, Router, get
from litestar.exceptions import HTTPException

from domain.sentences import LANGUAGES
from service.api.access import AnyRequest
from service.api.application import Pages
from service.api.problems import HANDLERS, response_to
from service.web import (
    catalogues,
    feeds,
    independence,
    overview,
    record,
    resources,
    rules,
    standings,
    static,
    style,
    team,
    verify,
)
from service.web.rendering import failed

_MOVED: Final = 307
_ROOMS: Final = (overview, feeds, standings, team, rules, independence, resources, record, verify, catalogues, style)


@get("/")
async def choose_language(request: AnyRequest) -> Response[bytes]:
    """To the pages in the browser's language: Korean, unless it takes English before that."""
    wanted = [
        each.partition(";")[0].strip().lower()[:2] for each in request.headers.get("accept-language", "").split(",")
    ]
    language = next((each for each in wanted if each in ("ko", "en")), "ko")
    headers = {"Location": f"/{language}/", "Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return Response(b"", status_code=_MOVED, headers=headers, media_type="text/plain")


def not_found(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Of an address that is nobody's, or is not asked by that method: a page, where pages are."""
    first = request.scope["path"].split("/", 2)[1]
    return failed(request, error) if first in LANGUAGES else response_to(request, error)


SITE: Final = Pages(
    handlers=(
        choose_language,
        static.get_static,
        Router(
            path="/",
            route_handlers=[each for room in _ROOMS for each in room.HANDLERS],
            exception_handlers=dict.fromkeys(HANDLERS, failed),
        ),
    ),
    not_found=not_found,
)
