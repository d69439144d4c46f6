"""Durable appends a second, beside raw inserts and the eventsourcing library's own recorder.

Each round runs every system once, in turn, on the same server; the figure is the median of the rounds, and the ratio is
to raw one-row inserts in the same round.
"""

from __future__ import annotations

import itertools
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psycopg
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.postgres import PostgresDatastore
from psycopg import conninfo as libpq
from psycopg_pool import ConnectionPool

from domain.entry import SALT_BYTES
from ops.bench.results import keep
from service.application.ports import AppendRequest, NewEvent
from service.embedded import EmbeddedPostgres
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate

CLIENTS: Final = (1, 16, 64)
ROUNDS: Final = 5
SECONDS: Final = 1.0
"""How long each system works in each round."""
PROGRAMME: Final = "bench"
ENVELOPE: Final = b"e" * 700
DATA: Final = b'{"stage":"s","team":"t","criterion":"a/b","evaluator":"ev-0000000000000000","points":"9.5"}'

Append = Callable[[], object]


def rate(append: Append, clients: int) -> float:
    """Appends a second by so many threads."""
    deadline = time.perf_counter() + SECONDS

    def work(_client: int) -> int:
        done = 0
        while time.perf_counter() < deadline:
            append()
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        total = sum(threads.map(work, range(clients)))
    return total / (time.perf_counter() - started)


@contextmanager
def sillok(url: str) -> Iterator[Append]:
    """Conditional appends of one event with three tags: 4 index rows, an idempotency key apart."""
    migrate(url)
    ledger = PostgresLedger(url)
    run, numbers = uuid7().hex, itertools.count()

    def append() -> object:
        sheet = f"sheet:{PROGRAMME}/{run}/{next(numbers)}"
        tags = (f"stage:{PROGRAMME}/s", f"team:{PROGRAMME}/t", sheet)
        query = DCBQuery([DCBQueryItem(["ScoreSubmitted"], [sheet]), DCBQueryItem(["ScoringClosed"], [tags[0]])])
        event = NewEvent(
            programme=PROGRAMME,
            type="ScoreSubmitted",
            version=1,
            event_id=uuid7(),
            tags=tags,
            salt=os.urandom(SALT_BYTES),
            envelope=ENVELOPE,
            data=DATA,
        )
        return ledger.append(
            AppendRequest(events=[event], decision_id=uuid7(), condition=DCBAppendCondition(query, after=0))
        )

    yield append
    ledger.close()


@contextmanager
def raw(url: str) -> Iterator[Append]:
    """One row, one commit, no condition: what PostgreSQL does at best for one caller at a time."""
    with ConnectionPool(url, min_size=max(CLIENTS), max_size=max(CLIENTS), kwargs={"autocommit": True}) as pool:
        with pool.connection() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS raw (id bigserial PRIMARY KEY, envelope bytea, data bytea)")

        def append() -> object:
            with pool.connection() as connection:
                return connection.execute("INSERT INTO raw (envelope, data) VALUES (%b, %b)", (ENVELOPE, DATA))

        yield append


@contextmanager
def library(url: str) -> Iterator[Append]:
    """The eventsourcing library's own DCB recorder, with a condition of the same shape."""
    found = libpq.conninfo_to_dict(url)
    datastore = PostgresDatastore(
        dbname=str(found["dbname"]),
        host=str(found["host"]),
        port="5432",
        user="postgres",
        password="",
        pool_size=max(CLIENTS),
        max_overflow=8,
    )
    recorder = PostgresDCBRecorderTT(datastore, events_table_name="library_events")
    recorder.create_table()
    run, numbers = uuid7().hex, itertools.count()

    def append() -> object:
        sheet = f"sheet:{run}/{next(numbers)}"
        query = DCBQuery([DCBQueryItem(["ScoreSubmitted"], [sheet]), DCBQueryItem(["ScoringClosed"], ["stage"])])
        event = DCBEvent("ScoreSubmitted", ENVELOPE + DATA, ["stage", "team", sheet])
        return recorder.append([event], DCBAppendCondition(query, after=0))

    yield append
    datastore.close()


SYSTEMS: Final = {"psycopg raw insert": raw, "sillok": sillok, "eventsourcing DCB": library}


def measure(url: str) -> list[dict[str, object]]:
    """Medians and ratios, one row for each system and number of clients."""
    found: dict[tuple[str, int], list[float]] = {}
    for _round in range(ROUNDS):
        for name, opened in SYSTEMS.items():
            with opened(url) as append:
                append()  # connections and plans are made
                for clients in CLIENTS:
                    found.setdefault((name, clients), []).append(rate(append, clients))
    rows: list[dict[str, object]] = []
    for clients in CLIENTS:
        base = found["psycopg raw insert", clients]
        for name in SYSTEMS:
            values = found[name, clients]
            ratio = statistics.median(value / other for value, other in zip(values, base, strict=True))
            rows.append(
                {
                    "measure": "durable appends",
                    "size": 1,
                    "clients": clients,
                    "system": name,
                    "value": round(statistics.median(values)),
                    "unit": "1/s",
                    "ratio": round(ratio, 2),
                }
            )
    return rows


def main() -> None:
    """Measure on an embedded server, print the table, write the rows."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sillok-bench-")))
        folder.chmod(0o755)
        server = EmbeddedPostgres(folder / "postgres", folder / "postgres.log")
        stack.callback(server.stop)
        admin = server.start()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        rows = measure(libpq.make_conninfo(admin, dbname="bench"))
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL 18; medians of {ROUNDS} rounds")
    print(f"{'ratio':>6} {'1/s':>8} {'clients':>8}  system")
    for row in rows:
        print(f"{row['ratio']:>6} {row['value']:>8} {row['clients']:>8}  {row['system']}")
    keep(rows)


if __name__ == "__main__":
    main()
