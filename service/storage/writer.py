"""Gathering concurrent appends into few calls of the append function."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Final

from domain.boundary import require_scoped
from service.application.ports import Appended, AppendRequest, LedgerUnavailableError
from service.storage.lane import Lane
from service.storage.pending import Pending

REQUESTS: Final = 128
"""Requests of one batch."""
EVENTS: Final = 20_000
"""Events of one batch; a larger request is a batch of its own."""
WAITING: Final = 4096
"""Requests that may wait for their turn; further ones are refused."""


class Writer:
    """What a process appends by. `append` may be called from many threads; `close` drains what waits.

    A request that comes while nothing else is being recorded is recorded by its own thread, at once. Others queue, and
    the writer thread gathers what has come into one batch, as soon as the one before is recorded.
    """

    def __init__(self, database_url: str) -> None:
        self._lane = Lane(database_url)
        self._queue: deque[Pending] = deque()
        self._turns = threading.Condition()
        self._taken = False  # whether somebody records: the lane is for one at a time
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def append(self, request: AppendRequest) -> Appended:
        """As `Ledger.append`."""
        if not request.events:
            raise ValueError("events: at least one")
        for event in request.events:
            require_scoped(event.tags, event.programme)
        pending = Pending(request)
        with self._turns:
            if self._closed:
                raise LedgerUnavailableError("the ledger is closed", outcome_unknown=False)
            alone = not self._taken and not self._queue
            if alone:
                self._taken = True
            elif len(self._queue) >= WAITING:
                raise LedgerUnavailableError(f"{WAITING} requests are waiting already", outcome_unknown=False)
            else:
                self._queue.append(pending)
        if alone:
            try:
                self._lane.record([pending])
                self._lane.tell()
            finally:
                self._give_up_turn()
        return pending.result()

    def close(self) -> None:
        """Record what waits, then stop. Bounded, as each call of the server and the patience of each request are."""
        with self._turns:
            self._closed = True
            self._turns.notify()
        self._thread.join()
        self._lane.close()

    def _run(self) -> None:
        while self._take_turn():
            while batch := self._gather():
                self._lane.record(batch)
            self._lane.tell()
            self._give_up_turn()

    def _take_turn(self) -> bool:
        """Wait until something is queued and nobody else records; false once nothing will be queued any more."""
        with self._turns:
            self._turns.wait_for(lambda: not self._taken and (self._queue or self._closed))
            self._taken = bool(self._queue)
            return self._taken

    def _give_up_turn(self) -> None:
        with self._turns:
            self._taken = False
            if self._queue or self._closed:
                self._turns.notify()

    def _gather(self) -> list[Pending]:
        """The next batch; those that must wait for the one after stay queued. Empty if nothing is."""
        batch: list[Pending] = []
        later: list[Pending] = []
        types: set[str] = set()
        keys: set[int] = set()
        idempotency: set[tuple[str, str, str]] = set()
        events = 0
        now = time.monotonic()
        while self._queue and len(batch) < REQUESTS and len(later) < REQUESTS:
            pending = self._queue.popleft()
            if pending.expires < now:
                pending.settle(LedgerUnavailableError("the ledger is busy: no turn in time", outcome_unknown=False))
                continue
            size = len(pending.request.events)
            if pending.conflicts_with(batch, types, keys, idempotency) or (batch and events + size > EVENTS):
                later.append(pending)
                continue
            batch.append(pending)
            events += size
            types.update(event.type for event in pending.request.events)
            keys.update(*pending.event_keys)
            named = pending.request.idempotency
            if named is not None:
                idempotency.add((named.client, named.programme, named.key))
        self._queue.extendleft(reversed(later))
        return batch
