"""Answers that are the same for every reader of a kind until something is recorded: made once for all of them."""

from __future__ import annotations

import time
import weakref

from litestar import Response

from domain.charter import require_programme_id
from domain.disclosure import Reader
from service.api.access import SHOWN, AnyRequest
from service.api.answers import cited, sent
from service.api.parts import Parts
from service.api.prepared import Prepared
from service.api.remembered import Make
from service.api.repeats import REPEATABLE, Repeatable


async def made_once(
    request: AnyRequest,
    parts: Parts,
    programme: str | None,
    reader: Reader,
    make: Make,
    *,
    seconds: float | None = None,
) -> Response[bytes]:
    """What `make` gives; it depends on address and query, on the reader, and on what is recorded of the programme.

    `seconds`: for how long it is true, if it depends on the time of day as well. Raises `UnknownProgrammeError` for
    what is no name of a programme.
    """
    if programme is not None:
        require_programme_id(programme)
    span = None if seconds is None else time.time() // seconds
    asked = (request.scope["path"], request.scope["query_string"], reader, span)

    async def made() -> Prepared:
        return cited(request, await make())

    answer = await parts.remembered.answer(programme, asked, made)
    request.state[REPEATABLE] = Repeatable(
        programme, asked, weakref.ref(answer), seconds, span, request.state.get(SHOWN)
    )
    return sent(request, answer)
