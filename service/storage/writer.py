"""Gathering concurrent appends into few calls of the append function."""

from __future__ import annotations

import queue
import threading
import time
from typing import Final

from domain.boundary import require_scoped
from service.application.ports import Appended, AppendRequest, LedgerUnavailableError
from service.storage.lane import Lane
from service.storage.partitions import PartitionsAhead
from service.storage.pending import Pending

REQUESTS: Final = 128
"""Requests of one batch."""
EVENTS: Final = 20_000
"""Events of one batch; a larger request is a batch of its own."""
WAITING: Final = 4096
"""Requests that may wait for their turn; further ones are refused."""
THREADS: Final = 2
"""While one waits for the database the other gathers; the head's lock lets only one record at a time."""


class Writer:
    """What a process appends by. `append` may be called from many threads; `close` drains what waits.

    A request that comes while nothing else is being recorded is recorded by its own thread, at once. Others queue, and
    a writer thread gathers what has come into one batch.
    """

    def __init__(self, database_url: str) -> None:
        self._queue: queue.SimpleQueue[Pending | None] = queue.SimpleQueue()
        self._turns = threading.Condition()
        self._recording = 0
        self._closed = False
        partitions = PartitionsAhead()
        self._own = Lane(database_url, partitions)
        lanes = [Lane(database_url, partitions) for _ in range(THREADS)]
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name=f"ledger-writer-{n}", daemon=True)
            for n, lane in enumerate(lanes)
        ]
        for thread in self._threads:
            thread.start()

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
            alone = not self._recording and self._queue.empty()
            if alone:
                self._recording += 1
            elif self._queue.qsize() >= WAITING:
                raise LedgerUnavailableError(f"{WAITING} requests are waiting already", outcome_unknown=False)
            else:
                self._queue.put(pending)
        if alone:
            try:
                self._own.record([pending])
            finally:
                self._done()
        return pending.result()

    def close(self) -> None:
        """Record what waits, then stop. Bounded, as each call of the server and the patience of each request are."""
        with self._turns:
            if self._closed:
                return
            self._closed = True
        for _thread in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        with self._turns:
            self._turns.wait_for(lambda: not self._recording)
        self._own.close()

    def _run(self, lane: Lane) -> None:
        held: list[Pending] = []
        stopping = False
        while held or not stopping:
            batch, held, stopping = self._gather(held, stopping=stopping)
            if batch:
                with self._turns:
                    self._recording += 1
                lane.record(batch)
                self._done()
        lane.close()

    def _done(self) -> None:
        with self._turns:
            self._recording -= 1
            if self._closed:
                self._turns.notify_all()

    def _gather(self, held: list[Pending], *, stopping: bool) -> tuple[list[Pending], list[Pending], bool]:
        """The next batch, those that must wait for the one after, and whether to take no more from the queue."""
        batch: list[Pending] = []
        later: list[Pending] = []
        types: set[str] = set()
        keys: set[int] = set()
        idempotency: set[tuple[str, str, str]] = set()
        events = 0
        waiting = list(held)
        while True:
            if waiting:
                pending = waiting.pop(0)
            elif stopping:
                return batch, later, True
            else:
                try:
                    taken = self._queue.get(block=not batch and not later)
                except queue.Empty:
                    return batch, later, False
                if taken is None:
                    return batch, later, True
                pending = taken
            if pending.expires < time.monotonic():
                pending.settle(LedgerUnavailableError("the ledger is busy: no turn in time", outcome_unknown=False))
                continue
            size = len(pending.request.events)
            if pending.conflicts_with(batch, types, keys, idempotency) or (batch and events + size > EVENTS):
                later.append(pending)
            else:
                batch.append(pending)
                events += size
                types.update(event.type for event in pending.request.events)
                keys.update(*pending.event_keys)
                named = pending.request.idempotency
                if named is not None:
                    idempotency.add((named.client, named.programme, named.key))
            if len(batch) >= REQUESTS or len(later) >= REQUESTS:
                return batch, [*later, *waiting], stopping
