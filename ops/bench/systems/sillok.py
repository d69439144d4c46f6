"""This ledger, by `PostgresLedger` as the service uses it: condition, idempotency key and time of the decision."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Final

from domain.boundary import Boundary, Query
from domain.entry import SALT_BYTES
from domain.score_events import ScoreSubmitted
from ops.bench.rounds import Append, by_threads, timed
from ops.bench.setting import Server, Setting
from ops.bench.systems import BatchRate, Rate
from ops.bench.workload import ENVELOPE, PROGRAMME, TYPE, Sheet, made, sheets
from service.application.ports import AppendRequest, IdempotencyKey, Ledger, NewEvent
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate

FINGERPRINT: Final = hashlib.sha256(b"").digest()


@contextmanager
def appends(_setting: Setting, server: Server) -> Iterator[Rate]:
    """One ledger, as one API process has it, that all threads share."""
    url = server.database("sillok")
    migrate(url)
    yield lambda clients, seconds: append_rate(url, clients, seconds)


@contextmanager
def batches(_setting: Setting, server: Server) -> Iterator[BatchRate]:
    """Requests of many events, one after another."""
    url = server.database("sillok_batches")
    migrate(url)
    ledger = PostgresLedger(url)

    def rate(size: int, number: int) -> float:
        new, after = sheets(), ledger.head()
        decided = [Decided(list(itertools.islice(new, size))) for _each in range(number)]
        return size * number / timed(lambda: [ledger.append(each.request(after)) for each in decided])

    yield rate
    ledger.close()


def append_rate(url: str, clients: int, seconds: float) -> float:
    """Conditional appends of one event a second, by so many threads, to the ledger in that database."""
    ledger = PostgresLedger(url)
    try:
        return by_threads(clients, lambda: nullcontext(appender(ledger, clients)), seconds=seconds)
    finally:
        ledger.close()


def appender(ledger: Ledger, clients: int) -> Append:
    """Appends one score after another, each on the facts as of the one before, as one of so many clients."""
    decided, after = made(lambda sheet: Decided([sheet]), clients), ledger.head()

    def append() -> None:
        nonlocal after
        after = ledger.append(next(decided).request(after)).last_position

    return append


class Decided:
    """Sheets as one decision, under the condition of the last of them."""

    def __init__(self, given: list[Sheet]) -> None:
        self._events = [new_event(each) for each in given]
        self._query = Query(given[-1].items)
        self._decision_id = uuid7()
        self._key = IdempotencyKey(client="nipa", programme=PROGRAMME, key=uuid7().hex, fingerprint=FINGERPRINT)

    def request(self, after: int) -> AppendRequest:
        """To append it on the facts as of that position."""
        return AppendRequest(
            events=self._events,
            decision_id=self._decision_id,
            condition=Boundary(self._query, after),
            decided_at=datetime.now(UTC),
            idempotency=self._key,
        )


def new_event(of: Sheet) -> NewEvent:
    return NewEvent(
        programme=PROGRAMME,
        type=TYPE,
        version=ScoreSubmitted.VERSION,
        event_id=uuid7(),
        tags=of.tags,
        salt=os.urandom(SALT_BYTES),
        envelope=ENVELOPE,
        data=of.data,
    )
