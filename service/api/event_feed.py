"""The ledger's tail, for all who follow it: news are looked for once, a page is made once for who sees the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple, TypeVar

import msgspec

from domain.disclosure import Reader
from service.application.cloud_events import EventPage, ReadEvents
from service.application.ports import LedgerUnavailableError

PAGE: Final = 200
"""Events that are looked at for a page."""
LOOK_SECONDS: Final = 0.1
"""How often news are looked for, while anybody waits for them."""
IDLE_SECONDS: Final = 15.0
"""So long a follower waits, and is then told how far the ledger was looked through."""
_SHARED_SECONDS: Final = 0.2
_AT_ONCE: Final = 4

T = TypeVar("T")

_encode = msgspec.json.Encoder(order="deterministic").encode


class Wanted(NamedTuple):
    """Which events somebody wants to see, and as whom."""

    reader: Reader
    type_: str | None = None
    tag: str | None = None
    programme: str | None = None


class FeedPage(NamedTuple):
    """`body`: server-sent events; the last id of them is `reached`, the position that was looked through up to."""

    body: bytes
    reached: int


class EventFeed:
    """One for each process and event loop. It holds no page longer than those who read side by side need it."""

    def __init__(self, events: ReadEvents, head: Callable[[], int], threads: Executor) -> None:
        self._events = events
        self._read_head = head
        self._threads = threads
        self._head = 0
        self._waiting = 0
        self.followers = 0
        self.closed = False
        self._changed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._pages: dict[tuple[Wanted, int], asyncio.Future[FeedPage]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @contextmanager
    def follower(self) -> Iterator[None]:
        """Counted in `followers` meanwhile."""
        self.followers += 1
        try:
            yield
        finally:
            self.followers -= 1

    def close(self) -> None:
        """Let everybody who waits go, with what there is; to be called in the loop."""
        self.closed = True
        self._changed.set()

    async def head(self) -> int:
        """Where the ledger stands now. Raises `LedgerUnavailableError`."""
        return await self._run(self._read_head)

    async def require(self, wanted: Wanted) -> None:
        """Raises `UnknownProgrammeError` if there is no programme of which it is asked, `LedgerUnavailableError`."""
        if wanted.programme is not None or wanted.tag is not None:
            await self._run(_read(self._events, wanted, self._head, 1))

    async def after(self, wanted: Wanted, position: int) -> FeedPage:
        """What follows a position: as soon as there is something, or nothing, up to the same position, after a while.

        Raises `UnknownProgrammeError`, `LedgerUnavailableError`.
        """
        if position >= self._head:
            await self._news()
            if self.closed or position >= self._head:
                return FeedPage(_looked_through(position), position)
        key = (wanted, position)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = asyncio.ensure_future(self._made(wanted, position))
            page.add_done_callback(lambda _page: self._forget(key))
        return await asyncio.shield(page)

    async def _made(self, wanted: Wanted, position: int) -> FeedPage:
        read = _read(self._events, wanted, position, PAGE)
        async with self._turns:
            return await self._run(lambda: _page(read))

    def _forget(self, key: tuple[Wanted, int]) -> None:
        asyncio.get_running_loop().call_later(_SHARED_SECONDS, self._pages.pop, key, None)

    async def _news(self) -> None:
        """Wait for the ledger to grow, for a while."""
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        changed = self._changed
        self._waiting += 1
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await changed.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    async def _watch(self) -> None:
        while True:
            try:
                head = await self.head()
            except LedgerUnavailableError:
                head = self._head  # who follows waits; the next look may find it
            if head > self._head:
                self._head = head
                self._changed.set()
                self._changed = asyncio.Event()
            await asyncio.sleep(LOOK_SECONDS)
            if self.closed or not self._waiting:
                return

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _read(events: ReadEvents, wanted: Wanted, after: int, limit: int) -> Callable[[], EventPage]:
    return partial(
        events,
        wanted.reader,
        after=after,
        limit=limit,
        type_=wanted.type_,
        tag_=wanted.tag,
        programme=wanted.programme,
    )


def _page(read: Callable[[], EventPage]) -> FeedPage:
    """Where nothing more follows, all up to the head was looked at: that tells nothing of what is withheld."""
    page = read()
    reached = page.reached if page.more else max(page.reached, page.head)
    body = b"".join(b"id: %d\ndata: %b\n\n" % (each.position, _encode(each)) for each in page.events)
    if not page.events or page.events[-1].position < reached:
        body += _looked_through(reached)
    return FeedPage(body, reached)


def _looked_through(position: int) -> bytes:
    """An id without an event: whoever comes back goes on there."""
    return b"id: %d\n\n" % position
