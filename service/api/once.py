"""Answers that are the same for every reader of a kind until something is recorded: made once for all of them."""

from __future__ import annotations

from litestar import Response

from domain.disclosure import Reader
from service.api.access import AnyRequest
from service.api.answers import sent
from service.api.parts import Parts
from service.api.remembered import Make


async def made_once(
    request: AnyRequest, parts: Parts, programme: str | None, reader: Reader, make: Make
) -> Response[bytes]:
    """What `make` gives; it depends on address and query, on the reader, and on what is recorded of the programme."""
    asked = (request.scope["path"], request.scope["query_string"], reader)
    return sent(request, await parts.remembered.answer(programme, asked, make))
