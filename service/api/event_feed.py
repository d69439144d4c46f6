"""The ledger's tail, for all who follow it: news are looked for once, a page is made once for who sees the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Final, NamedTuple, TypeVar

import msgspec

from service.application.cloud_events import CloudEvent, ReadEvents, Wanted
from service.application.ports import LedgerUnavailableError
from service.application.revealed import Publication, ReadRevealed

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


class Place(NamedTuple):
    """How far one was sent the ledger: in laps, each of what came `since` the last one, `upto` where it ended then.

    In a lap everything is as it was public at its end. What was sent in laps before is sent again where a publication
    reveals it, just before that: `publication`, if that is next, and up to where its events were sent.
    """

    position: int
    since: int
    upto: int
    publication: Publication | None = None
    revealed: int = 0


class FeedPage(NamedTuple):
    """`body`: server-sent events. `place`: where it leads."""

    body: bytes
    place: Place


class EventFeed:
    """One for each process and event loop. It holds no page longer than those who read side by side need it."""

    def __init__(self, events: ReadEvents, revealed: ReadRevealed, head: Callable[[], int], threads: Executor) -> None:
        self._events = events
        self._revealed = revealed
        self._read_head = head
        self._threads = threads
        self._head = 0
        self._waiting = 0
        self.followers = 0
        self.closed = False
        self._changed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._pages: dict[tuple[Wanted, Place], asyncio.Future[FeedPage]] = {}
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
            await self._run(lambda: self._events(wanted, after=self._head, limit=1))

    async def after(self, wanted: Wanted, place: Place) -> FeedPage:
        """What follows a place: as soon as there is something, or nothing, at the same place, after a while.

        Raises `UnknownProgrammeError`, `LedgerUnavailableError`.
        """
        if place.position >= place.upto:
            if place.position >= self._head:
                await self._news()
                if self.closed or place.position >= self._head:
                    return FeedPage(_looked_through(place.position), place)
            place = Place(place.position, since=place.position, upto=self._head)
        key = (wanted, place)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = asyncio.ensure_future(self._made(wanted, place))
            page.add_done_callback(lambda _page: self._forget(key))
        return await asyncio.shield(page)

    async def _made(self, wanted: Wanted, place: Place) -> FeedPage:
        async with self._turns:
            return await self._run(lambda: self._page(wanted, place))

    def _page(self, wanted: Wanted, place: Place) -> FeedPage:
        if place.publication is not None:
            return self._revealed_by(place.publication, wanted, place)
        position, upto = place.position, place.upto
        publication = self._revealed.next_publication(wanted, position, upto)
        body, reached = self._events_of(wanted, place, upto if publication is None else publication.position - 1)
        if publication is None or reached < publication.position - 1:
            return FeedPage(body, place._replace(position=reached))
        return FeedPage(body, place._replace(position=reached, publication=publication))

    def _revealed_by(self, publication: Publication, wanted: Wanted, place: Place) -> FeedPage:
        """Without ids: who comes back before the publication itself was sent begins with them again."""
        page = self._revealed(wanted, publication, after=place.revealed, upto=place.since)
        body = b"".join(map(_data, page.events))
        if page.more:
            return FeedPage(body, place._replace(revealed=page.reached))
        itself, reached = self._events_of(wanted, place, publication.position)
        return FeedPage(body + itself, Place(reached, place.since, place.upto))

    def _events_of(self, wanted: Wanted, place: Place, end: int) -> tuple[bytes, int]:
        """Events after a place, and up to where they were looked through: where nothing more follows, to the end, which
        tells nothing of what is withheld.
        """
        if end == place.position:
            return b"", end
        page = self._events(wanted, after=place.position, upto=end, as_of=place.upto, limit=PAGE)
        reached = page.reached if page.more else end
        body = b"".join(b"id: %d\n%b" % (each.position, _data(each)) for each in page.events)
        if not page.events or page.events[-1].position < reached:
            body += _looked_through(reached)
        return body, reached

    def _forget(self, key: tuple[Wanted, Place]) -> None:
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


def _data(event: CloudEvent) -> bytes:
    return b"data: %b\n\n" % _encode(event)


def _looked_through(position: int) -> bytes:
    """An id without an event: whoever comes back goes on there."""
    return b"id: %d\n\n" % position
