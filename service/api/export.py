"""The record for whoever verifies it, a page of lines at a time."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec
from litestar import Response, get

from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import only_parameters, whole_number
from service.api.ledger import programme_asked
from service.api.parts import Wired

EXPORT_PAGE: Final = 1000
EXPORT_LIMIT: Final = 10_000
HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Authorization, X-API-Key, Cookie, Sillok-Acting-For"}

_encoder = msgspec.json.Encoder(order="deterministic")


@get("/v1/ledger/export")
async def export_ledger(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Every event after a position, one a line, as far as a checkpoint covers them."""
    only_parameters(request, "programme", "after", "limit", "size")
    principal = await principal_of(request, parts)
    export = partial(
        parts.export,
        reader_of(principal),
        programme_asked(request),
        after=whole_number(request, "after", 0),
        limit=whole_number(request, "limit", EXPORT_PAGE, low=1, high=EXPORT_LIMIT),
        size=whole_number(request, "size", 0, low=1) or None,
    )
    body = await parts.run(lambda: b"".join(map(_encoder.encode_lines, export())))
    return Response(body, media_type="application/x-ndjson", headers=HEADERS)
