"""What projections keep, in PostgreSQL: rows and position of a build change in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.views import EPOCH, Rows, RowsLostError, View
from service.application.ports import LedgerUnavailableError
from service.application.view_ports import Away, BuildState, Standing, Turn
from service.storage.build_turn import BuildTurn
from service.storage.connections import open_pool
from service.storage.view_rows import Connection, SnapshotRows, of_range

PAUSED: Final = (
    "EXISTS (SELECT FROM views.pause p WHERE p.view = b.view AND (p.partition = b.partition OR p.partition = '*'))"
)
_OF: Final = "b.view = %(view)s AND b.version = %(version)s AND b.partition = %(partition)s AND b.state = %(state)s"

# A turn that a crash takes back is taken again: nobody waits for its rows to be on the disk.
_TAKE: Final = f"""
    SELECT b.build, b.position, b.stale, b.purpose, set_config('synchronous_commit', 'off', true), {PAUSED}
    FROM views.build b WHERE {_OF} FOR UPDATE OF b SKIP LOCKED"""

_MAKE: Final = """
    INSERT INTO views.build (view, version, partition, state)
    VALUES (%(view)s, %(version)s, %(partition)s, %(state)s) ON CONFLICT DO NOTHING"""

_STANDING: Final = f"SELECT b.position, b.stale, {PAUSED} FROM views.build b WHERE {_OF}"

# One statement, hence one snapshot.
_SCAN: Final = f"""
    SELECT b.position, r.key, r.value FROM views.build b LEFT JOIN LATERAL (
        SELECT key, value FROM views.row
        WHERE build = b.build AND key > %(after)s AND key >= %(prefix)s AND key < %(beyond)s
        ORDER BY key LIMIT %(limit)s
    ) r ON true WHERE {_OF} ORDER BY r.key"""


# A turn lasts as long as its fold, which may compute the standings of a million sheets, or as the digest of all rows.
_BOUNDS: Final = {
    "idle_in_transaction_session_timeout": "5min",
    "statement_timeout": "5min",
    "transaction_timeout": "10min",
}


class PostgresViewStore:
    """`ViewStore` in PostgreSQL."""

    def __init__(self, database_url: str, *, pool_size: int = 8) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=pool_size, bounds=_BOUNDS)

    @contextmanager
    def turn(self, view: View, partition: str, state: BuildState = "live") -> Iterator[Turn | Away]:
        """See `ViewStore.turn`."""
        with self.connection() as connection:
            with _taken(connection, view, partition, state) as turn:
                if turn is not None:
                    yield turn
                    return
            # Committed at once: nobody waits for whoever takes the first turn. A build that is busy is there.
            if state == "live" and connection.execute(_MAKE, _of(view, partition, state)).rowcount:
                with _taken(connection, view, partition, state) as turn:
                    yield turn or "busy"
            else:
                yield "busy"

    def standing(self, view: View, partition: str, state: BuildState = "live") -> Standing | None:
        """See `ViewStore.standing`."""
        with self.connection() as connection:
            found = connection.execute(_STANDING, _of(view, partition, state)).fetchone()
        return None if found is None else Standing(*found)

    def scan(
        self, view: View, partition: str, prefix: str, *, after: str = "", limit: int | None = None
    ) -> tuple[Sequence[tuple[str, bytes]], int]:
        """See `ViewStore.scan`."""
        with self.connection() as connection:
            found = connection.execute(
                _SCAN, {**_of(view, partition, "live"), **of_range(prefix, after, limit)}, binary=True
            ).fetchall()
        rows = [(key, value) for _position, key, value in found if key is not None]
        return rows, found[0][0] if found else 0

    @contextmanager
    def snapshot(self, view: View, partition: str) -> Iterator[tuple[Rows, int] | None]:
        """See `ViewStore.snapshot`."""
        with self.live(view, partition) as (connection, build, position):
            yield (SnapshotRows(connection, build), position) if position else None

    @contextmanager
    def as_of(self, view: View, partition: str, position: int) -> Iterator[tuple[Rows, int] | None]:
        """See `ViewStore.as_of`."""
        epoch = position // EPOCH - 1
        ended = (epoch + 1) * EPOCH
        with self.live(view, partition) as (connection, build, reached):
            kept = view.remembers and build and ended <= reached
            yield (SnapshotRows(connection, build, epoch), ended) if kept else None

    @contextmanager
    def live(self, view: View, partition: str) -> Iterator[tuple[Connection, int, int]]:
        """A snapshot, the live build in it, 0 if there is none, and its position."""
        with self.connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = connection.execute(
                f"SELECT b.build, b.position FROM views.build b WHERE {_OF}", _of(view, partition, "live")
            ).fetchone()
            build, position = found or (0, 0)
            yield connection, build, position

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of the pool. Raises `LedgerUnavailableError`, also for what goes wrong while it is used."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, PoolTimeout, RowsLostError) as error:
            raise LedgerUnavailableError("the views do not answer", outcome_unknown=False, because=error) from error


@contextmanager
def _taken(
    connection: Connection, view: View, partition: str, state: BuildState
) -> Iterator[BuildTurn | Literal["paused"] | None]:
    """A transaction that has the build, and keeps what was done in it; `None` if it is not to be had."""
    with connection.transaction():
        found = connection.execute(_TAKE, _of(view, partition, state)).fetchone()
        if found is None or found[-1]:
            yield "paused" if found else None
            return
        build, position, stale, purpose, *_set = found
        turn = BuildTurn(connection, view, partition, build, position=position, stale=stale, purpose=purpose)
        yield turn
        turn.keep()


def _of(view: View, partition: str, state: BuildState) -> dict[str, Any]:
    return {"view": view.name, "version": view.version, "partition": partition, "state": state}
