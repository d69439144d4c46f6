"""Answers that are made once: what a reader may see changes only with the ledger and its views.

Where they stand is read for every request, after it came, so that no answer is older than its request; requests that
come while it is being read share the next reading. An answer is given again for as long as they stand there, and made
once for all who ask for it meanwhile. What depends on the time of day besides is no such answer.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import Executor
from functools import partial
from typing import Any, Final

from service.api.prepared import Prepared

KEPT_BYTES: Final = 64 * 1024 * 1024
"""Of bodies, in one API process; what was not asked for the longest time is forgotten first."""

Stand = tuple[int, str]
"""Position of the ledger, and builds and positions of the live views of a programme."""
Make = Callable[[], Coroutine[Any, Any, Prepared]]


class Remembered:
    """For one event loop. `stand`: of a programme, or of the ledger alone; it waits for the database, in `threads`."""

    def __init__(
        self, stand: Callable[[str | None], Stand], threads: Executor, *, kept_bytes: int = KEPT_BYTES
    ) -> None:
        self._stand = stand
        self._threads = threads
        self._left = kept_bytes
        self._kept: OrderedDict[Hashable, tuple[Stand, Prepared]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[Prepared]] = {}
        self._reading: set[str | None] = set()
        self._waiting: dict[str | None, list[asyncio.Future[Stand]]] = {}

    async def answer(self, programme: str | None, asked: Hashable, make: Make) -> Prepared:
        """What `make` gives for what is asked of a programme. Raises as it does, and `LedgerUnavailableError`."""
        stand = await self._stands(programme)
        kept = self._kept.get(asked)
        if kept is not None and kept[0] == stand:
            self._kept.move_to_end(asked)
            return kept[1]
        making = self._making.get((stand, asked))
        if making is None:
            making = self._making[stand, asked] = asyncio.ensure_future(make())
            making.add_done_callback(partial(self._made, stand, asked))
        return await asyncio.shield(making)

    async def known(self, programme: str | None, asked: Hashable) -> Prepared | None:
        """What `answer` would give without making anything. Raises `LedgerUnavailableError`."""
        stand = await self._stands(programme)
        kept = self._kept.get(asked)
        if kept is None or kept[0] != stand:
            return None
        self._kept.move_to_end(asked)
        return kept[1]

    def _made(self, stand: Stand, asked: Hashable, making: asyncio.Task[Prepared]) -> None:
        del self._making[stand, asked]
        if making.cancelled() or making.exception() is not None:
            return
        self._forget(asked)
        self._kept[asked] = (stand, making.result())
        self._left -= len(making.result().body)
        while self._left < 0:
            self._forget(next(iter(self._kept)))

    def _forget(self, asked: Hashable) -> None:
        if (kept := self._kept.pop(asked, None)) is not None:
            self._left += len(kept[1].body)

    async def _stands(self, programme: str | None) -> Stand:
        """Where they stand, read after this."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Stand] = loop.create_future()
        waiting = self._waiting.setdefault(programme, [])
        waiting.append(told)
        if len(waiting) == 1 and programme not in self._reading:
            loop.call_soon(self._read, programme)
        return await told

    def _read(self, programme: str | None) -> None:
        """Read for all who wait by now; for whoever comes meanwhile it is read again."""
        waiting = self._waiting.pop(programme)
        self._reading.add(programme)
        reading = asyncio.get_running_loop().run_in_executor(self._threads, self._stand, programme)
        reading.add_done_callback(partial(self._tell, programme, waiting))

    def _tell(self, programme: str | None, waiting: list[asyncio.Future[Stand]], read: asyncio.Future[Stand]) -> None:
        self._reading.discard(programme)
        for each in waiting:
            if each.done():
                continue  # whoever waited is gone
            if (error := read.exception()) is not None:
                each.set_exception(error)
            else:
                each.set_result(read.result())
        if programme in self._waiting:
            self._read(programme)
