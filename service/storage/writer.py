"""Gathering concurrent appends into few calls of the append function."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from domain.boundary import require_scoped
from service.application.ports import Appended, AppendRequest, LedgerUnavailableError
from service.storage.lane import Lane
from service.storage.pending import Pending
from service.storage.turns import Turns

REQUESTS: Final = 256
"""Requests of one batch."""
EVENTS: Final = 20_000
"""Events of one batch; a larger request is a batch of its own."""


class Writer:
    """What a process appends by. `append` may be called from many threads; `close` drains what waits."""

    def __init__(self, database_url: str) -> None:
        self._lane = Lane(database_url)
        self.turns: Turns[Pending] = Turns("ledger-writer", self._record)

    def append(self, request: AppendRequest) -> Appended:
        """As `Ledger.append`."""
        pending = _pending(request)
        self.turns.take([pending])
        return pending.result()

    def append_each(self, requests: Sequence[AppendRequest]) -> list[Appended | Exception]:
        """As `Ledger.append_each`."""
        pending = [_pending(request) for request in requests]
        try:
            self.turns.take(pending)
        except LedgerUnavailableError as error:
            return [error] * len(pending)
        return [_outcome(each) for each in pending]

    def close(self) -> None:
        """Record what waits, then stop. Bounded, as each call of the server and the patience of each request are."""
        self.turns.close()
        self._lane.close()

    def _record(self, queue: deque[Pending]) -> None:
        while batch := _gathered(queue):
            self._lane.record(batch)
        self._lane.tell()


def _pending(request: AppendRequest) -> Pending:
    if not request.events:
        raise ValueError("events: at least one")
    for event in request.events:
        require_scoped(event.tags, event.programme)
    return Pending(request)


def _outcome(pending: Pending) -> Appended | Exception:
    try:
        return pending.result()
    except Exception as error:  # noqa: BLE001 — it is this request's alone
        return error


def _gathered(queue: deque[Pending]) -> list[Pending]:
    """The next batch; those that must wait for the one after stay queued. Empty if nothing is."""
    batch: list[Pending] = []
    later: list[Pending] = []
    types: set[str] = set()
    keys: set[int] = set()
    idempotency: set[tuple[str, str, str]] = set()
    events = 0
    now = time.monotonic()
    while queue and len(batch) < REQUESTS and len(later) < REQUESTS:
        pending = queue.popleft()
        if pending.outcome.expires < now:
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
    queue.extendleft(reversed(later))
    return batch
