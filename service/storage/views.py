"""What projections keep, in PostgreSQL: rows and position of a partition change in one transaction."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from service.application.ports import LedgerUnavailableError, Turn
from service.storage.connections import open_pool

Connection = psycopg.Connection[tuple[Any, ...]]

_FLUSH: Final = """
    INSERT INTO views.row (projection, partition, key, value)
    SELECT %b, %b, changed.key, changed.value FROM unnest(%b::text[], %b::bytea[]) AS changed(key, value)
    ON CONFLICT (projection, partition, key) DO UPDATE SET value = excluded.value
"""


class CachedRows:
    """Rows of one partition within one transaction: read on demand, written at the end, once each."""

    def __init__(self, connection: Connection, projection: str, partition: str) -> None:
        self._connection = connection
        self._of = (projection, partition)
        self._read: dict[str, bytes | None] = {}
        self._written: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        if key in self._written:
            return self._written[key]
        if key not in self._read:
            row = self._connection.execute(
                "SELECT value FROM views.row WHERE projection = %s AND partition = %s AND key = %s",
                (*self._of, key),
                binary=True,
            ).fetchone()
            self._read[key] = None if row is None else bytes(row[0])
        return self._read[key]

    def put(self, key: str, value: bytes) -> None:
        if self._read.get(key) != value or key in self._written:
            self._written[key] = value

    def scan(self, prefix: str) -> Sequence[tuple[str, bytes]]:
        found = dict(select_rows(self._connection, *self._of, prefix, "", None))
        self._read.update(found)
        found.update((key, value) for key, value in self._written.items() if key.startswith(prefix))
        return sorted(found.items(), key=lambda row: row[0].encode())

    def flush(self) -> None:
        """Write what changed."""
        if self._written:
            keys, values = zip(*sorted(self._written.items()), strict=True)
            self._connection.execute(_FLUSH, (*self._of, list(keys), list(values)))


class PostgresViewStore:
    """`ViewStore` in PostgreSQL."""

    def __init__(self, database_url: str, *, pool_size: int = 8) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=pool_size)

    @contextmanager
    def turn(self, projection: str, partition: str) -> Iterator[Turn | None]:
        """See `ViewStore.turn`."""
        with self._connection() as connection, connection.transaction():
            locked = connection.execute(
                "SELECT pg_try_advisory_xact_lock(%s, %s)", (_hash(projection), _hash(partition))
            ).fetchone()
            if locked is None or not locked[0]:
                yield None
                return
            connection.execute(
                "INSERT INTO views.progress (projection, partition) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (projection, partition),
            )
            row = connection.execute(
                "SELECT position, stale FROM views.progress WHERE projection = %s AND partition = %s FOR UPDATE",
                (projection, partition),
            ).fetchone()
            assert row is not None
            rows = CachedRows(connection, projection, partition)
            turn = Turn(rows=rows, position=row[0], stale=row[1])
            yield turn
            rows.flush()
            if (turn.position, turn.stale) != (row[0], row[1]):
                connection.execute(
                    "UPDATE views.progress SET position = %s, stale = %s, updated_at = now()"
                    " WHERE projection = %s AND partition = %s",
                    (turn.position, turn.stale, projection, partition),
                )

    def position(self, projection: str, partition: str) -> tuple[int, str | None]:
        """See `ViewStore.position`."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT position, stale FROM views.progress WHERE projection = %s AND partition = %s",
                (projection, partition),
            ).fetchone()
        return (0, None) if row is None else (row[0], row[1])

    def scan(
        self, projection: str, partition: str, prefix: str, *, after: str = "", limit: int | None = None
    ) -> tuple[Sequence[tuple[str, bytes]], int]:
        """See `ViewStore.scan`."""
        with self._connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            rows = select_rows(connection, projection, partition, prefix, after, limit)
            position = connection.execute(
                "SELECT position FROM views.progress WHERE projection = %s AND partition = %s", (projection, partition)
            ).fetchone()
        return rows, 0 if position is None else position[0]

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise LedgerUnavailableError(f"the views do not answer: {error}", outcome_unknown=False) from error


def select_rows(
    connection: Connection, projection: str, partition: str, prefix: str, after: str, limit: int | None
) -> list[tuple[str, bytes]]:
    """Rows by key prefix after a key, in byte order."""
    cursor = connection.execute(
        "SELECT key, value FROM views.row WHERE projection = %s AND partition = %s AND key > %s"
        " AND starts_with(key, %s) ORDER BY key LIMIT %s",
        (projection, partition, after, prefix, limit),
        binary=True,
    )
    return [(key, bytes(value)) for key, value in cursor]


def _hash(text: str) -> int:
    """32 bits, signed, for an advisory lock; two texts that share it only wait for each other."""
    return zlib.crc32(text.encode()) - 2**31
