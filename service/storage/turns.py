"""What many threads ask for, done by one at a time and for as many of them together as have come."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from service.application.ports import LedgerUnavailableError

WAITING: Final = 4096
"""How many may wait for their turn; further ones are refused."""
PATIENCE_SECONDS: Final = 20.0
"""How long a caller waits for its answer, and how long its request is worth doing."""

T = TypeVar("T")
Asked = TypeVar("Asked")


class Awaited(Generic[T]):
    """What becomes of a request: one thread waits for it, another tells."""

    __slots__ = ("_outcome", "_settled", "expires")

    def __init__(self) -> None:
        self.expires = time.monotonic() + PATIENCE_SECONDS
        self._outcome: T | Exception | None = None
        # A bare lock: a future would cost more than all else that a request takes here.
        self._settled = threading.Lock()
        self._settled.acquire()

    def settle(self, outcome: T | Exception) -> None:
        """Once: let the caller go on, with a result or an error."""
        self._outcome = outcome
        self._settled.release()

    def result(self, *, outcome_unknown: bool) -> T:
        """Wait for what became of it. Raises its error; `LedgerUnavailableError` when patience ends first."""
        if not self._settled.acquire(timeout=max(0.0, self.expires - time.monotonic()) + 1):
            raise LedgerUnavailableError(
                f"no answer within {PATIENCE_SECONDS:.0f} seconds; retry with the same key",
                outcome_unknown=outcome_unknown,
            )
        self._settled.release()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        assert self._outcome is not None
        return self._outcome


class Turns(Generic[Asked]):
    """`take` may be called from many threads; `close` waits for what is queued.

    What comes while nothing else is being done is done by its own thread, at once. The rest queues, and a thread does
    what has come, as soon as all before is done. `work`: takes what it does from the queue, until that is empty.
    """

    def __init__(self, name: str, work: Callable[[deque[Asked]], None]) -> None:
        self.queue: deque[Asked] = deque()
        self._work = work
        self._changed = threading.Condition()
        self._taken = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def take(self, asked: Sequence[Asked]) -> None:
        """Do all of it, or queue it. Raises `LedgerUnavailableError`."""
        with self._changed:
            if self._closed:
                raise LedgerUnavailableError("the ledger is closed", outcome_unknown=False)
            alone = not self._taken and not self.queue
            if alone:
                self._taken = True
            elif len(self.queue) + len(asked) > WAITING:
                raise LedgerUnavailableError(f"{WAITING} requests are waiting already", outcome_unknown=False)
            else:
                self.queue.extend(asked)
        if alone:
            try:
                self._work(deque(asked))
            finally:
                self._give_up()

    def close(self) -> None:
        """Do what waits, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._taken_next():
            self._work(self.queue)
            self._give_up()

    def _taken_next(self) -> bool:
        """Wait until something is queued and nothing else is being done; false once nothing will be queued any more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._taken and (self.queue or self._closed))
            self._taken = bool(self.queue)
            return self._taken

    def _give_up(self) -> None:
        with self._changed:
            self._taken = False
            if self.queue or self._closed:
                self._changed.notify()
