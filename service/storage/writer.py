"""One writer thread a process: gathers concurrent appends into one call of the append function."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final

import msgspec
import psycopg
import structlog
from eventsourcing.dcb.api import DCBQueryItem
from eventsourcing.persistence import IntegrityError
from psycopg.types.json import Jsonb

from domain.boundary import QueryItem, require_scoped
from domain.entry import commitment
from service.application.ports import (
    Appended,
    AppendRequest,
    IdempotencyKeyReusedError,
    LedgerUnavailableError,
    StaleDecisionError,
)
from service.storage.boundary_keys import event_keys, probe_keys
from service.storage.connections import service_conninfo

REQUESTS: Final = 128
"""Requests of one batch."""
EVENTS: Final = 20_000
"""Events of one batch; a larger request is a batch of its own."""
WAITING: Final = 4096
"""Requests that may wait for the writer; further ones are refused."""
_PARTITION_CHECK: Final = 1_000_000

_APPEND: Final = (
    "SELECT ledger.append_batch(%b::jsonb, %b::jsonb, %b::int4[], %b::uuid[], %b::text[], %b::text[], %b::int4[],"
    " %b::text[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::int4[], %b::int8[])"
)


class ConditionFailedError(IntegrityError):
    """An event that matches the condition was recorded at `position` (the first such)."""

    def __init__(self, position: int) -> None:
        super().__init__(f"a matching event was recorded at position {position}")
        self.position = position


class _Pending:
    """A request on its way, with what it is found by and what it probes."""

    def __init__(self, request: AppendRequest) -> None:
        self.request = request
        self.done: Future[Appended] = Future()
        self.event_keys = [event_keys(event.type, event.tags) for event in request.events]
        self.items: list[tuple[DCBQueryItem, list[int]]] = []
        self.empty = False
        if request.condition is not None:
            self.items = [(item, probe_keys(item)) for item in request.condition.fail_if_events_match.items]
            self.empty = not self.items or any(not keys for _item, keys in self.items)

    def conflicts_with(
        self, earlier: Sequence[_Pending], keys: set[int], idempotency: set[tuple[str, str, str]]
    ) -> bool:
        """Whether requests that are recorded just before this one could change its outcome."""
        if not earlier:
            return False
        named = self.request.idempotency
        if named is not None and (named.client, named.programme, named.key) in idempotency:
            return True
        if self.empty:
            return True
        for item, probes in self.items:
            if keys.isdisjoint(probes):
                continue
            wanted = QueryItem(types=tuple(item.types), tags=tuple(item.tags))
            if any(wanted.matches(e.type, e.tags) for each in earlier for e in each.request.events):
                return True
        return False


class Writer:
    """Owns one connection. `append` may be called from many threads; `close` drains what waits."""

    def __init__(self, database_url: str) -> None:
        self._conninfo = service_conninfo(database_url)
        self._queue: queue.Queue[_Pending | None] = queue.Queue(maxsize=WAITING)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._log = structlog.get_logger()
        self._partitions_checked_at = -1
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self._thread.start()

    def append(self, request: AppendRequest) -> Appended:
        """As `Ledger.append`."""
        if not request.events:
            raise ValueError("events: at least one")
        for event in request.events:
            require_scoped(event.tags, event.programme)
        pending = _Pending(request)
        with self._closing:
            if self._closed:
                raise LedgerUnavailableError("the ledger is closed", outcome_unknown=False)
            try:
                self._queue.put_nowait(pending)
            except queue.Full:
                raise LedgerUnavailableError(f"{WAITING} requests are waiting already", outcome_unknown=False) from None
        return pending.done.result()

    def close(self) -> None:
        """Record what waits, then stop."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        held: list[_Pending] = []
        stopping = False
        while not (stopping and not held):
            batch, held, stop = self._gather(held, wait=not stopping)
            stopping = stopping or stop
            if batch:
                self._record(batch)
        if self._connection is not None:
            self._connection.close()

    def _gather(self, held: list[_Pending], *, wait: bool) -> tuple[list[_Pending], list[_Pending], bool]:
        """The next batch, those that must wait for the one after, and whether to stop."""
        batch: list[_Pending] = []
        later: list[_Pending] = []
        keys: set[int] = set()
        idempotency: set[tuple[str, str, str]] = set()
        events = 0
        waiting = list(held)
        while True:
            if waiting:
                pending: _Pending | None = waiting.pop(0)
            else:
                try:
                    pending = self._queue.get(block=wait and not batch and not later)
                except queue.Empty:
                    return batch, later, False
                if pending is None:
                    return batch, [*later, *waiting], True
            assert pending is not None
            size = len(pending.request.events)
            if pending.conflicts_with(batch, keys, idempotency) or (batch and events + size > EVENTS):
                later.append(pending)
            else:
                batch.append(pending)
                events += size
                keys.update(*pending.event_keys)
                named = pending.request.idempotency
                if named is not None:
                    idempotency.add((named.client, named.programme, named.key))
            if len(batch) >= REQUESTS or len(later) >= REQUESTS:
                return batch, [*later, *waiting], False

    def _record(self, batch: list[_Pending]) -> None:
        """Settle every request of the batch: a result or an error, whatever happens."""
        try:
            connection = self._connected()
        except psycopg.Error as error:
            self._fail(batch, LedgerUnavailableError(f"no connection to the ledger: {error}", outcome_unknown=False))
            return
        try:
            answer = self._call(connection, batch)
        except psycopg.Error as error:
            self._recover(batch, connection, error)
            return
        except Exception as error:  # noqa: BLE001 — a request that cannot be encoded must not end the writer
            self._one_by_one(batch, error)
            return
        self._settle(batch, answer)
        self._make_partitions(connection, answer["head"])

    def _recover(
        self, batch: list[_Pending], connection: psycopg.Connection[tuple[Any, ...]], error: psycopg.Error
    ) -> None:
        if connection.closed:
            self._connection = None
            self._fail(
                batch,
                LedgerUnavailableError(
                    "the connection was lost while recording; retry with the same key", outcome_unknown=True
                ),
            )
        elif isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
            self._fail(batch, LedgerUnavailableError(f"the ledger is busy: {error}", outcome_unknown=False))
        else:
            self._one_by_one(batch, error)

    def _one_by_one(self, batch: list[_Pending], error: Exception) -> None:
        """One refused request never fails its neighbours."""
        if len(batch) == 1:
            self._log.warning("append refused by the database", error=str(error))
            self._fail(batch, error)
            return
        for pending in batch:
            self._record([pending])

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._conninfo, autocommit=True)
            self._connection.prepare_threshold = 0
        return self._connection

    def _call(self, connection: psycopg.Connection[tuple[Any, ...]], batch: list[_Pending]) -> dict[str, Any]:
        parameters = _parameters(batch)
        row = connection.execute(_APPEND, parameters).fetchone()
        assert row is not None
        answer: dict[str, Any] = row[0]
        return answer

    def _settle(self, batch: list[_Pending], answer: dict[str, Any]) -> None:
        position = answer["head"]
        for n, pending in enumerate(batch, start=1):
            refused = answer["refused"].get(str(n))
            if refused is not None:
                _refuse(pending, refused)
                continue
            first = position + 1
            position += len(pending.request.events)
            pending.done.set_result(
                Appended(
                    decision_id=pending.request.decision_id,
                    first_position=first,
                    last_position=position,
                    replayed=False,
                )
            )

    def _make_partitions(self, connection: psycopg.Connection[tuple[Any, ...]], head: int) -> None:
        if head // _PARTITION_CHECK == self._partitions_checked_at:
            return
        try:
            connection.execute("SELECT ledger.ensure_partitions(2)")
        except psycopg.Error as error:
            self._log.warning("partitions could not be made ahead", error=str(error))
        else:
            self._partitions_checked_at = head // _PARTITION_CHECK

    def _fail(self, batch: list[_Pending], error: Exception) -> None:
        for pending in batch:
            pending.done.set_exception(error)


def _refuse(pending: _Pending, refused: dict[str, Any]) -> None:
    match refused["status"]:
        case "replayed":
            pending.done.set_result(
                Appended(
                    decision_id=msgspec.convert(refused["decision_id"], type=type(pending.request.decision_id)),
                    first_position=refused["first_position"],
                    last_position=refused["last_position"],
                    replayed=True,
                )
            )
        case "reused":
            named = pending.request.idempotency
            pending.done.set_exception(IdempotencyKeyReusedError("" if named is None else named.key))
        case "stale":
            pending.done.set_exception(StaleDecisionError("decided more than five seconds before the commit"))
        case _:
            pending.done.set_exception(ConditionFailedError(refused["position"]))


def _parameters(batch: list[_Pending]) -> list[Any]:
    requests: list[dict[str, Any]] = []
    conditions: list[dict[str, Any]] = []
    events: list[tuple[Any, ...]] = []
    index_events: list[int] = []
    index_keys: list[int] = []
    for n, pending in enumerate(batch, start=1):
        request, named = pending.request, pending.request.idempotency
        after = 0 if request.condition is None else request.condition.after or 0
        requests.append(
            {
                "n": n,
                "empty_after": after if pending.empty else None,
                "decided_at": None if request.decided_at is None else request.decided_at.isoformat(),
                "decision_id": str(request.decision_id),
                "client": None if named is None else named.client,
                "programme": None if named is None else named.programme,
                "key": None if named is None else named.key,
                "fingerprint": None if named is None else named.fingerprint.hex(),
            }
        )
        if not pending.empty:
            conditions.extend(
                {"n": n, "after": after, "keys": keys, "types": item.types, "tags": item.tags}
                for item, keys in pending.items
            )
        for event, keys_of_event in zip(request.events, pending.event_keys, strict=True):
            events.append(
                (
                    n,
                    event.event_id,
                    event.programme,
                    event.type,
                    event.version,
                    " ".join(event.tags),
                    event.salt,
                    event.envelope,
                    event.data,
                    commitment(event.salt, event.envelope, event.data),
                )
            )
            index_events.extend([len(events)] * len(keys_of_event))
            index_keys.extend(keys_of_event)
    columns = [list(column) for column in zip(*events, strict=True)]
    return [Jsonb(requests), Jsonb(conditions), *columns, index_events, index_keys]
