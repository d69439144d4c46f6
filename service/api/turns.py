"""Reading in threads of its own: so many reads at once, so many wait, and whoever comes then is told so at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from service.api.problems import ApiProblem

AT_ONCE: Final = 12
"""Fewer than the connections to the ledger, so that decisions find one."""
AT_MOST: Final = 1_000
"""Those that wait for their turn among them."""

T = TypeVar("T")


class Turns:
    """For one event loop. `close` when nothing more is read."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reads")
        self._asked = 0

    async def take(self, read: Callable[[], T]) -> T:
        """What is read, once it is its turn. Raises 503 where too many wait."""
        if self._asked >= AT_MOST:
            raise ApiProblem("too-many-reads", f"{AT_MOST} reads wait here already: ask again")
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, read)
        finally:
            self._asked -= 1

    def close(self) -> None:
        """Wait for what is being read."""
        self._threads.shutdown(wait=True)
