"""PostgreSQL itself: rows of the same bytes, without condition, index or order."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from domain.entry import SALT_BYTES
from ops.bench.rounds import Append, NotMeasuredError, by_threads, timed
from ops.bench.setting import Server, Setting, pgbench, place_of
from ops.bench.systems import BatchRate, Rate
from ops.bench.workload import ENVELOPE, PROGRAMME, TYPE, sheet, sheets
from service.storage.identifiers import uuid7

DATA: Final = sheet("team-00", f"ev-{0:016x}").data
TABLE: Final = "CREATE TABLE raw (id bigserial PRIMARY KEY, envelope bytea NOT NULL, data bytea NOT NULL)"
COLUMNS: Final = {
    "event_id": "uuid",
    "programme": "text",
    "type": "text",
    "version": "integer",
    "tags": "text",
    "recorded_at": "timestamptz",
    "salt": "bytea",
    "envelope": "bytea",
    "data": "bytea",
}
NAMES: Final = ", ".join(COLUMNS)


@contextmanager
def appends(_setting: Setting, server: Server) -> Iterator[Rate]:
    """One row and one commit at a time, each thread on a connection of its own, prepared and binary."""
    url = server.database("raw")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)

    @contextmanager
    def client() -> Iterator[Append]:
        with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection, connection.cursor() as cursor:
            yield lambda: cursor.execute("INSERT INTO raw (envelope, data) VALUES (%b, %b)", (ENVELOPE, DATA))

    yield lambda clients, seconds: by_threads(clients, client, seconds=seconds)


@contextmanager
def pgbench_appends(_setting: Setting, server: Server) -> Iterator[Rate]:
    """The same rows by PostgreSQL's own load generator, in C: what the server does if clients cost next to nothing."""
    program = pgbench()
    url = server.database("raw_by_pgbench")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
    script = server.folder / "insert.sql"
    script.write_text("INSERT INTO raw (envelope, data) VALUES (:envelope, :data);\n")
    place = place_of(url)

    def rate(clients: int, seconds: float) -> float:
        done = subprocess.run(
            [
                program,
                *("--no-vacuum", "--protocol=prepared", f"--file={script}"),
                *(f"--define=envelope=\\x{ENVELOPE.hex()}", f"--define=data=\\x{DATA.hex()}"),
                *(f"--client={clients}", f"--jobs={min(clients, os.cpu_count() or 1)}"),
                f"--time={max(1, round(seconds))}",
                *(f"--host={place['host']}", f"--port={place['port']}", f"--username={place['user']}", place["dbname"]),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotMeasuredError(f"pgbench fails ({done.stderr.strip().splitlines()[-1][:200]})")
        return float(done.stdout.partition("tps = ")[2].split()[0])

    yield rate


@contextmanager
def unnest_batches(_setting: Setting, server: Server) -> Iterator[BatchRate]:
    """One INSERT of arrays a request."""
    places = ", ".join(f"%b::{type_}[]" for type_ in COLUMNS.values())
    insert = f"INSERT INTO raw ({NAMES}) SELECT * FROM unnest({places})"
    with _batch_table(server, "raw_by_unnest") as connection:

        def rate(size: int, number: int) -> float:
            requests = [[list(column) for column in zip(*_rows(size), strict=True)] for _each in range(number)]
            return size * number / timed(lambda: [connection.execute(insert, each) for each in requests])

        yield rate


@contextmanager
def copy_batches(_setting: Setting, server: Server) -> Iterator[BatchRate]:
    """One binary COPY a request."""
    copy = f"COPY raw ({NAMES}) FROM STDIN (FORMAT binary)"
    with _batch_table(server, "raw_by_copy") as connection:

        def write(rows: list[tuple[Any, ...]]) -> None:
            with connection.cursor().copy(copy) as copying:
                copying.set_types(list(COLUMNS.values()))
                for row in rows:
                    copying.write_row(row)

        def rate(size: int, number: int) -> float:
            requests = [_rows(size) for _each in range(number)]
            return size * number / timed(lambda: [write(each) for each in requests])

        yield rate


@contextmanager
def _batch_table(server: Server, name: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.database(name), autocommit=True) as connection:
        columns = ", ".join(f"{column} {type_} NOT NULL" for column, type_ in COLUMNS.items())
        connection.execute(f"CREATE TABLE raw (id bigserial PRIMARY KEY, {columns})")
        yield connection


def _rows(size: int) -> list[tuple[Any, ...]]:
    """What the ledger keeps of so many sheets, tags as one text."""
    now = datetime.now(UTC)
    return [
        (uuid7(), PROGRAMME, TYPE, 2, " ".join(each.tags), now, os.urandom(SALT_BYTES), ENVELOPE, each.data)
        for each in itertools.islice(sheets(), size)
    ]
