"""The ledger in PostgreSQL."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from eventsourcing.dcb.api import DCBQuery
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.boundary import Query
from domain.exported import ExportedEvent
from service.application.ports import (
    PAGE,
    Appended,
    AppendRequest,
    LedgerUnavailableError,
    Probed,
    RecordedEvent,
    StreamedEvent,
)
from service.storage.boundary_keys import hashed, probe_keys, probe_tag
from service.storage.boundary_probes import BoundaryProbes
from service.storage.connections import open_pool
from service.storage.exported import exported
from service.storage.stream import each_with_connection, recorded_at, stream
from service.storage.writer import Writer

_COLUMNS: Final = (
    f"e.position, {recorded_at('e')}, e.programme, e.type, e.version, e.envelope, e.data, e.event_id, e.tags, e.salt,"
    " e.entry"
)

# In each query the head stands beside every event, and alone where there is none: one statement, hence one snapshot.
_READ_ALL: Final = f"""
    SELECT h.position AS head, {_COLUMNS} FROM ledger.head h LEFT JOIN LATERAL (
        SELECT * FROM ledger.event WHERE position > %(after)s AND position <= %(upto)s
        ORDER BY position LIMIT %(limit)s
    ) e ON true ORDER BY e.position"""

_READ_PROGRAMME: Final = f"""
    SELECT h.position AS head, {_COLUMNS} FROM ledger.head h LEFT JOIN LATERAL (
        SELECT * FROM ledger.event WHERE programme = %(programme)s AND position > %(after)s AND position <= %(upto)s
        ORDER BY position LIMIT %(limit)s
    ) e ON true ORDER BY e.position"""

_READ_QUERY: Final = f"""
    WITH candidates AS (
        SELECT DISTINCT b.position FROM (
            SELECT key FROM unnest(%(keys)s::int8[]) AS typed(key)
            UNION ALL
            SELECT untyped.tag # t.key FROM unnest(%(tags)s::int8[]) AS untyped(tag) CROSS JOIN ledger.event_type t
        ) probe CROSS JOIN LATERAL (
            SELECT b.position FROM ledger.boundary_index b
            WHERE b.key = probe.key AND b.position > %(after)s AND b.position <= %(upto)s
            ORDER BY b.key, b.position OFFSET 0
        ) b
    )
    SELECT h.position AS head, {_COLUMNS} FROM ledger.head h LEFT JOIN LATERAL (
        SELECT found.* FROM candidates c CROSS JOIN LATERAL (
            SELECT * FROM ledger.event e WHERE e.position = c.position OFFSET 0
        ) found
        WHERE EXISTS (
            SELECT FROM jsonb_to_recordset(%(items)s) AS item(types text[], tags text[])
            WHERE (cardinality(item.types) = 0 OR found.type = ANY (item.types)) AND found.tags @> item.tags
        )
        ORDER BY found.position LIMIT %(limit)s
    ) e ON true ORDER BY e.position"""

# Times never decrease with positions, so the middle of what is left says on which side to go on.
_POSITION_AT: Final = """
    WITH RECURSIVE between(low, high) AS (
        SELECT 0::bigint, h.position FROM ledger.head h
        UNION ALL
        SELECT
            CASE WHEN e.recorded_at <= %(time)s THEN m.middle ELSE b.low END,
            CASE WHEN e.recorded_at <= %(time)s THEN b.high ELSE m.middle - 1 END
        FROM between b
        CROSS JOIN LATERAL (SELECT (b.low + b.high + 1) / 2 AS middle) m
        JOIN ledger.event e ON e.position = m.middle
        WHERE b.low < b.high
    )
    SELECT b.low, CASE WHEN h.position > 0 THEN h.recorded_at END
    FROM between b CROSS JOIN ledger.head h WHERE b.low = b.high"""

_AT: Final = f"""
    SELECT {_COLUMNS} FROM unnest(%(positions)s::int8[]) AS wanted(position) CROSS JOIN LATERAL (
        SELECT * FROM ledger.event WHERE position = wanted.position OFFSET 0
    ) e ORDER BY e.position"""

_FIND: Final = """
    SELECT i.key, i.decision_id, i.first_position, i.last_position, i.fingerprint
    FROM unnest(%(keys)s::text[]) AS wanted(key) CROSS JOIN LATERAL (
        SELECT * FROM ledger.idempotency
        WHERE (client, programme, key) = (%(client)s, %(programme)s, wanted.key) OFFSET 0
    ) i"""

_LAST: Final = 2**62


def reading(query: DCBQuery | None) -> tuple[str, dict[str, Any]]:
    """The statement that reads what a query matches, and its parameters beside `after`, `upto` and `limit`."""
    items = [] if query is None else query.items
    if not all(item.types or item.tags for item in items) or not items:
        return _READ_ALL, {}
    keys = sorted({key for item in items for key in probe_keys(item)})
    tags = sorted({hashed(probe_tag(item)) for item in items if not item.types})
    described = [{"types": item.types, "tags": item.tags} for item in items]
    return _READ_QUERY, {"keys": keys, "tags": tags, "items": Jsonb(described)}


class Read:
    """Events of one snapshot, and the head in it."""

    def __init__(self, head: int, events: list[RecordedEvent]) -> None:
        self.head = head
        self.events = events

    def __iter__(self) -> Iterator[RecordedEvent]:
        return iter(self.events)


class PostgresLedger:
    """`Ledger` in PostgreSQL. Open it after any fork; `close` it to stop its writer and its pool."""

    def __init__(self, database_url: str, *, pool_size: int = 16) -> None:
        self._pool: ConnectionPool = open_pool(database_url, size=pool_size)
        self._writer = Writer(database_url)
        self._probes = BoundaryProbes(database_url)

    def append(self, request: AppendRequest) -> Appended:
        """See `Ledger.append`."""
        return self._writer.append(request)

    def append_each(self, requests: Sequence[AppendRequest]) -> list[Appended | Exception]:
        """See `Ledger.append_each`."""
        return self._writer.append_each(requests)

    def read(
        self, query: DCBQuery | None = None, *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> Read:
        """See `Ledger.read`."""
        bounds = {"after": after, "upto": _LAST if upto is None else upto, "limit": limit}
        sql, parameters = reading(query)
        return self._select(sql, {**bounds, **parameters})

    def probe(self, query: Query) -> Probed:
        """See `Ledger.probe`."""
        return self._probes.probe([key for item in query.items for key in probe_keys(item)])

    def at(self, positions: Sequence[int]) -> list[RecordedEvent]:
        """See `Ledger.at`."""
        return [_event(*row) for row in self._rows(_AT, {"positions": list(positions)})]

    def read_programme(
        self, programme: str, *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> Read:
        """See `Ledger.read_programme`."""
        bounds = {"after": after, "upto": _LAST if upto is None else upto, "limit": limit}
        return self._select(_READ_PROGRAMME, {**bounds, "programme": programme})

    def stream(
        self,
        programme: str | None = None,
        *,
        after: int = 0,
        upto: int | None = None,
        page: int = PAGE,
        envelopes: bool = True,
        times: bool = True,
    ) -> Generator[list[StreamedEvent], None, None]:
        """See `Ledger.stream`."""
        head = self.head()
        upto = head if upto is None else min(upto, head)
        return stream(self._pool, programme, after=after, upto=upto, page=page, envelopes=envelopes, times=times)

    def exported(
        self, programme: str | None, *, after: int, upto: int, limit: int
    ) -> Generator[list[ExportedEvent], None, None]:
        """See `Ledger.exported`."""
        return each_with_connection(self._pool, exported(programme, after=after, upto=upto, limit=limit))

    def head(self) -> int:
        """See `Ledger.head`."""
        rows = self._rows("SELECT position FROM ledger.head", {})
        return int(rows[0][0])

    def position_at(self, time: datetime) -> tuple[int, datetime]:
        """See `Ledger.position_at`."""
        position, latest = self._rows(_POSITION_AT, {"time": time})[0]
        return int(position), datetime.min.replace(tzinfo=UTC) if latest is None else latest

    def find(self, client: str, programme: str, keys: Sequence[str]) -> dict[str, tuple[Appended, bytes]]:
        """See `Ledger.find`."""
        rows = self._rows(_FIND, {"client": client, "programme": programme, "keys": list(keys)})
        return {
            key: (Appended(decision_id=decision_id, first_position=first, last_position=last, replayed=True), print_)
            for key, decision_id, first, last, print_ in rows
        }

    def close(self) -> None:
        """Record what waits, then let go of every connection."""
        self._writer.close()
        self._probes.close()
        self._pool.close()

    def _select(self, sql: str, parameters: Mapping[str, Any]) -> Read:
        rows = self._rows(sql, parameters)
        return Read(rows[0][0], [_event(*row[1:]) for row in rows if row[1] is not None])

    def _rows(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        try:
            with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
                return cursor.execute(sql, parameters).fetchall()
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise LedgerUnavailableError("the ledger does not answer", outcome_unknown=False, because=error) from error


def _event(*row: Any) -> RecordedEvent:
    *plain, event_id, tags, salt, entry = row
    return RecordedEvent(*plain, event_id=event_id, tags=tuple(tags), salt=salt, entry=entry)
