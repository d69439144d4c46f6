"""Following the ledger: its events as server-sent events, from where the follower says it has read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog
from litestar import get
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from domain.refusal import FieldError
from service.api.access import AnyRequest, principal_of
from service.api.answers import only_parameters, whole_number
from service.api.event_feed import EventFeed, Place
from service.api.headers import ASKED_HEAD, only_header
from service.api.ledger import FILTERS, wanted_events
from service.api.parts import Wired
from service.api.problems import ApiProblem
from service.api.slow_clients import HOLD
from service.application.cloud_events import Wanted

STREAMS: Final = 2_000
"""Who may follow at once, in one process."""
RECHECK_SECONDS: Final = 15.0
"""How often the credential is looked at again: a stream ends with the key, token or session that it was opened with."""
SEND_SECONDS: Final = 30.0
"""So long a follower may leave what it is sent; then the stream ends, and it comes back from where it was."""
LAST: Final = "last-event-id"
RETRY_MILLISECONDS: Final = 1_000
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Vary": "Authorization, X-API-Key, Cookie, Sillok-Acting-For",
    "X-Accel-Buffering": "no",  # nginx otherwise keeps events until it has a buffer full
}

_log = structlog.get_logger()


class EventStream(ASGIResponse):
    """A response that lasts until its chunks end, its reader goes or takes nothing for too long."""

    _should_set_content_length = False

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        super().__init__(media_type="text/event-stream", headers=HEADERS)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.is_head_response = ASKED_HEAD in scope
        await super().__call__(scope, receive, send)

    async def send_body(self, send: Send, receive: Receive) -> None:
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (sending, leaving):
                each.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        try:
            async for chunk in self._chunks:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except Exception as error:  # noqa: BLE001 — the answer began: whoever follows comes back, and is told why then
            _log.info("a stream ends", because=f"{type(error).__name__}: {error}")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@get("/v1/ledger/stream")
async def stream_events(request: AnyRequest, parts: Wired) -> EventStream:
    """Events as they come, from `Last-Event-ID`, else from `after`, else from now."""
    only_parameters(request, "after", *FILTERS)
    principal = await principal_of(request, parts)
    wanted = wanted_events(request, principal)
    place = await _start(request, parts.feed)
    await parts.feed.require(wanted)

    async def same_reader() -> bool:
        return await principal_of(request, parts) == principal

    if parts.feed.followers >= STREAMS:
        raise ApiProblem("too-many-streams", f"{STREAMS} follow the ledger already: try again, or read pages")
    request.state[HOLD].begin()
    return EventStream(chunks(parts.feed, wanted, place, same_reader))


async def _start(request: AnyRequest, feed: EventFeed) -> Place:
    """Where to begin: what the follower saw last counts for more than what its address says."""
    head = await feed.head()
    last = only_header(request.headers, LAST)
    position = whole_number(request, "after", head, high=head) if not last else _whole(last)
    if position is None or position > head:
        detail = f"Last-Event-ID: a position of the ledger, up to {head}"
        raise ApiProblem("invalid-parameter", detail, errors=(FieldError(f"/{LAST}", detail),))
    return Place(position, since=position, upto=head)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None


async def chunks(
    feed: EventFeed, wanted: Wanted, place: Place, same_reader: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """What the feed has for the follower, page by page, until it may see no more or the feed is closed."""
    yield b"retry: %d\nid: %d\n\n" % (RETRY_MILLISECONDS, place.position)
    with feed.follower():
        checked = time.monotonic()
        while not feed.closed:
            page = await feed.after(wanted, place)
            if time.monotonic() - checked > RECHECK_SECONDS:
                if not await same_reader():
                    return
                checked = time.monotonic()
            place = page.place
            if page.body:
                yield page.body
