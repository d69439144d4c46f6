"""The tree, its checkpoints, and the sealer's state, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg_pool import ConnectionPool

from domain.tiles import Place
from service.application.seal_ports import LogRecord, Published, SealFigures, SealTurn
from service.storage.connections import answering, open_pool

Connection = psycopg.Connection[tuple[Any, ...]]

_TAKE: Final = "SELECT size, root, patrolled, halted FROM seal.state FOR UPDATE SKIP LOCKED"

_LOGS: Final = """
    SELECT l.origin, array(SELECT key FROM seal.key k WHERE k.log = l.log ORDER BY k.known_since, k.key)
    FROM seal.log l ORDER BY l.log DESC"""

_OPEN: Final = """
    INSERT INTO seal.log (log, origin) SELECT coalesce(max(log), 0) + 1, %s FROM seal.log
    ON CONFLICT (origin) DO NOTHING"""

_PUBLISHED: Final = """
    SELECT l.origin, c.size, c.root, c.note, coalesce((
        SELECT string_agg(s.line, '' ORDER BY s.witness) FROM seal.cosignature s WHERE (s.log, s.size) = (c.log, c.size)
    ), '') FROM {log} l JOIN seal.checkpoint c ON c.log = l.log"""

_CURRENT: Final = _PUBLISHED.format(log="(SELECT log, origin FROM seal.log ORDER BY log DESC LIMIT 1)")
_OF_ANY: Final = _PUBLISHED.format(log="seal.log")

_WITNESSED: Final = "JOIN seal.witnessed w ON (w.log, w.size) = (c.log, c.size) AND w.policy = %s"

_TILES: Final = """
    SELECT t.level, t.index, t.hashes FROM unnest(%(levels)s::int2[], %(indices)s::int8[]) AS wanted(level, index)
    CROSS JOIN LATERAL (
        SELECT * FROM seal.tile t WHERE (t.level, t.index) = (wanted.level, wanted.index) OFFSET 0
    ) t"""

_KEEP: Final = """
    INSERT INTO seal.tile (level, index, hashes)
    SELECT * FROM unnest(%(levels)s::int2[], %(indices)s::int8[], %(hashes)s::bytea[])
    ON CONFLICT (level, index) DO UPDATE SET hashes = EXCLUDED.hashes"""

_FIGURES: Final = """
    SELECT h.position AS head, s.size, coalesce(c.size, 0) AS published, s.batches, s.checkpoints, s.halts, s.halted,
        coalesce(extract(epoch FROM clock_timestamp() - next.recorded_at), 0)::float8 AS seconds_behind
    FROM seal.state s CROSS JOIN ledger.head h
    LEFT JOIN LATERAL (
        SELECT c.size FROM seal.checkpoint c WHERE c.log = (SELECT max(log) FROM seal.log) ORDER BY c.size DESC LIMIT 1
    ) c ON true
    LEFT JOIN LATERAL (
        SELECT e.recorded_at FROM ledger.event e WHERE e.position > coalesce(c.size, 0) ORDER BY e.position LIMIT 1
    ) next ON true"""


class PostgresSeals:
    """`SealStore` and `SealReader` in PostgreSQL."""

    def __init__(self, database_url: str, *, pool_size: int = 8) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=pool_size)

    @contextmanager
    def turn(self) -> Iterator[SealTurn | None]:
        """See `SealStore.turn`."""
        with self.connection() as connection, connection.transaction():
            found = connection.execute(_TAKE, binary=True).fetchone()
            if found is None:
                yield None
                return
            turn = PostgresSealTurn(connection, *found)
            yield turn
            turn.end()

    def resume(self, *, log: str | None = None) -> str | None:
        """End a halt; why it was. `log`: from here on checkpoints are of this one, a new one, and the others closed."""
        with self.connection() as connection, connection.transaction():
            if log is not None:
                connection.execute(_OPEN, (log,))
            found = connection.execute("SELECT halted FROM seal.state FOR UPDATE").fetchone()
            connection.execute("UPDATE seal.state SET halted = NULL, patrolled = 0, updated_at = now()")
            return None if found is None else found[0]

    def logs(self) -> Sequence[LogRecord]:
        """See `SealReader.logs`."""
        with self.connection() as connection:
            return _logs_in(connection)

    def latest(self) -> Published | None:
        """See `SealReader.latest`."""
        return self._published("ORDER BY c.size DESC")

    def latest_of(self, log: int) -> Published | None:
        """See `SealReader.latest_of`."""
        with self.connection() as connection:
            return _published_in(connection, "WHERE c.log = %s ORDER BY c.size DESC", log, among=_OF_ANY)

    def of_size(self, size: int) -> Published | None:
        """See `SealReader.of_size`."""
        return self._published("WHERE c.size = %s", size)

    def covering(self, position: int) -> Published | None:
        """See `SealReader.covering`."""
        return self._published("WHERE c.size >= %s ORDER BY c.size", position)

    def witnessed(self, policy: str, position: int | None = None) -> Published | None:
        """See `SealReader.witnessed`."""
        if position is None:
            return self._published(f"{_WITNESSED} ORDER BY c.size DESC", policy)
        return self._published(f"{_WITNESSED} WHERE c.size >= %s ORDER BY c.size", policy, position)

    def tiles(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """See `SealReader.tiles`."""
        with self.connection() as connection:
            return _tiles_in(connection, places)

    def entries(self, first: int, last: int) -> Sequence[bytes]:
        """See `SealReader.entries`."""
        with self.connection() as connection:
            found = connection.execute(
                "SELECT entry FROM ledger.event WHERE position BETWEEN %s AND %s ORDER BY position",
                (first, last),
                binary=True,
            )
            return [entry for (entry,) in found]

    def figures(self) -> SealFigures:
        """See `SealReader.figures`."""
        with self.connection() as connection, connection.cursor(row_factory=class_row(SealFigures)) as cursor:
            found = cursor.execute(_FIGURES).fetchone()
        assert found is not None
        return found

    def close(self) -> None:
        """Let go of every connection."""
        self._pool.close()

    def _published(self, clause: str, *values: int | str) -> Published | None:
        with self.connection() as connection:
            return _published_in(connection, clause, *values)

    def connection(self) -> AbstractContextManager[Connection]:
        """One of the pool. Raises `LedgerUnavailableError`, also for what is done with it."""
        return answering(self._pool, "the tree does not answer")


class PostgresSealTurn:
    """`SealTurn` in PostgreSQL; everything is in the transaction of `connection`, which whoever made this ends."""

    def __init__(self, connection: Connection, size: int, root: bytes, patrolled: int, halted: str | None) -> None:
        self._connection = connection
        self.size = size
        self.root = root
        self.patrolled = patrolled
        self.halted = halted
        self.log = next(iter(_logs_in(connection)), None)
        self.published = _published_in(connection, "ORDER BY c.size DESC")
        self._before = (patrolled, halted)

    def entries(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """See `SealTurn.entries`."""
        return self._connection.execute(
            "SELECT position, entry FROM ledger.event WHERE position > %s ORDER BY position LIMIT %s",
            (after, limit),
            binary=True,
        ).fetchall()

    def tiles(self, places: Sequence[Place]) -> Mapping[Place, bytes]:
        """See `SealTurn.tiles`."""
        return _tiles_in(self._connection, places)

    def keep(self, tiles: Mapping[Place, bytes], size: int, root: bytes) -> None:
        """See `SealTurn.keep`."""
        with self._connection.cursor() as cursor:
            cursor.execute(_KEEP, {**_as_arrays(list(tiles)), "hashes": list(tiles.values())}, binary=True)
        self._connection.execute(
            "UPDATE seal.state SET size = %s, root = %s, batches = batches + 1, updated_at = now()", (size, root)
        )
        self.size, self.root = size, root

    def publish(self, checkpoint: Published, keys: Sequence[str]) -> None:
        """See `SealTurn.publish`."""
        self._connection.execute(_OPEN, (checkpoint.origin,))
        row = self._connection.execute("SELECT log FROM seal.log WHERE origin = %s", (checkpoint.origin,)).fetchone()
        assert row is not None
        self._connection.execute(
            "INSERT INTO seal.key (key, log) SELECT key, %s FROM unnest(%s::text[]) AS key ON CONFLICT DO NOTHING",
            (row[0], list(keys)),
        )
        self._connection.execute(
            "INSERT INTO seal.checkpoint (log, size, root, note) VALUES (%s, %s, %s, %s)",
            (row[0], checkpoint.size, checkpoint.root, checkpoint.note),
        )
        self._connection.execute("UPDATE seal.state SET checkpoints = checkpoints + 1, updated_at = now()")
        self.published = checkpoint

    def end(self) -> None:
        """Write what else was changed."""
        if (self.patrolled, self.halted) != self._before:
            self._connection.execute(
                "UPDATE seal.state SET patrolled = %s, halted = %s, updated_at = now(),"
                " halts = halts + (%s::text IS NOT NULL)::integer",
                (self.patrolled, self.halted, self.halted),
            )


def _logs_in(connection: Connection) -> Sequence[LogRecord]:
    return [LogRecord(origin, tuple(keys)) for origin, keys in connection.execute(_LOGS)]


def _published_in(connection: Connection, clause: str, *values: int | str, among: str = _CURRENT) -> Published | None:
    found = connection.execute(f"{among} {clause} LIMIT 1", values, binary=True).fetchone()
    return None if found is None else Published(*found)


def _tiles_in(connection: Connection, places: Sequence[Place]) -> Mapping[Place, bytes]:
    if not places:
        return {}
    found = connection.execute(_TILES, _as_arrays(places), binary=True)
    return {(level, index): hashes for level, index, hashes in found}


def _as_arrays(places: Sequence[Place]) -> dict[str, list[int]]:
    return {"levels": [level for level, _index in places], "indices": [index for _level, index in places]}
