"""Appends a second, and bytes of the write-ahead log an event, to ledgers of 10⁴, 10⁵ and 10⁶ events.

Each turn follows a checkpoint: a page that is touched for the first time since then is logged whole, which is the worst
case, and what a service that is idle between decisions has. A ledger smaller than the largest is copied anew in every
round, so that it does not outgrow its size.
"""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import psycopg
from psycopg import conninfo as libpq

from ops.bench.filling import fill
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, by_threads, rounds, rows_of
from ops.bench.setting import Server, Setting
from ops.bench.systems.sillok import appender, new_event
from ops.bench.workload import sheets
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate

SIZES: Final = (10_000, 100_000, 1_000_000)
LARGE: Final = 10_000_000
COPIED: Final = 100_000
"""Up to this size a ledger is copied; beyond, what a run adds does not matter."""
CLIENTS: Final = {1: 2_000, 64: 100}
"""Writers → appends of each in a turn."""
ROUNDS: Final = 5


@dataclass
class Grown:
    """A ledger of so many events, kept as it is to be copied. `written`: bytes of the log an event, one a turn."""

    server: Server
    size: int
    written: dict[int, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        url = self.server.database(self.name)
        migrate(url)
        fill(url, map(new_event, itertools.islice(sheets(), self.size)))

    @property
    def name(self) -> str:
        return f"grown_{self.size}"

    def url(self) -> str:
        """A database with that ledger, to append to."""
        if self.size > COPIED:
            return libpq.make_conninfo(self.server.admin, dbname=self.name)
        return self.server.database(f"{self.name}_copy", template=self.name)

    def turn(self, clients: int, appends: int) -> float:
        """Appends a second."""
        url = self.url()
        ledger = PostgresLedger(url)
        try:
            with psycopg.connect(self.server.admin, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
                begun, lsn = ledger.head(), _lsn(connection)
                rate = by_threads(clients, lambda: nullcontext(appender(ledger, clients)), appends=appends)
                self.written.setdefault(clients, []).append((_lsn(connection) - lsn) / (ledger.head() - begun))
        finally:
            ledger.close()
        return rate


def measure(setting: Setting) -> list[Row]:
    """Two rows for each size and number of writers: rate, and bytes an event."""
    sizes = [setting.events(size) for size in (*SIZES, LARGE)[: 4 if setting.large else 3]]
    with setting.server() as server:
        grown = [Grown(server, size) for size in sizes]
        turns = {
            Case("sillok", each.size, clients): partial(each.turn, clients, setting.events(appends))
            for clients, appends in CLIENTS.items()
            for each in grown
        }
        rates = rounds(turns, setting.rounds(ROUNDS))
    written = Figures({case: each.written[case.clients] for each in grown for case in turns if case.size == each.size})
    return [
        *rows_of(rates, "growth", "events/s", reference=lambda case: case._replace(size=sizes[0])),
        *rows_of(written, "growth, log", "B/event", reference=lambda case: case._replace(size=sizes[0])),
    ]


def _lsn(connection: psycopg.Connection[tuple[int]]) -> int:
    """Bytes that were ever written to the log."""
    row = connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return int(row[0])
