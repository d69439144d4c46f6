"""Rows of one build of a view, within one transaction: read on demand, written once each, as they were kept beside."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import pq

from domain.views import RowsLostError
from service.storage.binary_arrays import byte_strings, texts
from service.storage.prepared_call import raise_unless

Connection = psycopg.Connection[tuple[Any, ...]]

# The table keeps what the row was, if it was last written in an earlier epoch.
_PUT: Final = b"""
    INSERT INTO views.row (build, key, epoch, value)
    SELECT $1, changed.key, $2, changed.value FROM unnest($3, $4) AS changed(key, value)
    ON CONFLICT (build, key) DO UPDATE SET value = excluded.value, epoch = excluded.epoch"""
_PUT_TYPES: Final = [
    *[psycopg.postgres.types["int8"].oid] * 2,
    *(psycopg.postgres.types[element].array_oid for element in ("text", "bytea")),
]

_IN_RANGE: Final = "build = %(build)s AND key > %(after)s AND key >= %(prefix)s AND key < %(beyond)s"

_SCAN: Final = f"SELECT key, value FROM views.row WHERE {_IN_RANGE} ORDER BY key LIMIT %(limit)s"

_AS_OF: Final = """
    SELECT r.key, was.value FROM views.row r CROSS JOIN LATERAL (
        SELECT CASE WHEN r.epoch <= %(epoch)s THEN r.value ELSE (
            SELECT p.value FROM views.past p WHERE p.build = r.build AND p.key = r.key AND p.epoch <= %(epoch)s
            ORDER BY p.epoch DESC LIMIT 1
        ) END
    ) was(value) WHERE was.value IS NOT NULL AND """

_GET_AS_OF: Final = f"{_AS_OF} r.build = %(build)s AND r.key = %(key)s"
_SCAN_AS_OF: Final = f"{_AS_OF} {_IN_RANGE} ORDER BY r.key"

_LATEST: Final = 2**62


def of_range(prefix: str, after: str = "", limit: int | None = None) -> dict[str, Any]:
    """Parameters for the keys that begin with `prefix`, after the key `after`."""
    return {"prefix": prefix, "beyond": f"{prefix}\U0010ffff", "after": after, "limit": limit}


@contextmanager
def answering(connection: Connection) -> Iterator[None]:
    """A database that goes away in the midst of a fold is told from an event that cannot be folded."""
    try:
        yield
    except psycopg.Error as error:
        if connection.closed or isinstance(error, psycopg.OperationalError):
            raise RowsLostError(f"the views do not answer: {error}") from error
        raise


class BuildRows:
    """`Rows` of a build, as they stand. What is put is kept until `flush`, which writes it as of one epoch."""

    def __init__(self, connection: Connection, build: int, *, remembers: bool) -> None:
        self._connection = connection
        self._build = build
        self._remembers = remembers
        self._read: dict[str, bytes | None] = {}
        self._written: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        if key in self._written:
            return self._written[key]
        if key not in self._read:
            with answering(self._connection):
                row = self._connection.execute(
                    "SELECT value FROM views.row WHERE build = %s AND key = %s", (self._build, key), binary=True
                ).fetchone()
            self._read[key] = None if row is None else row[0]
        return self._read[key]

    def put(self, key: str, value: bytes) -> None:
        if key in self._written or self._read.get(key) != value:
            self._written[key] = value

    def scan(self, prefix: str) -> Sequence[tuple[str, bytes]]:
        with answering(self._connection):
            found: dict[str, bytes] = dict(
                self._connection.execute(_SCAN, {"build": self._build, **of_range(prefix)}, binary=True).fetchall()
            )
        found.update((key, value) for key, value in self._written.items() if key.startswith(prefix))
        return sorted(found.items())

    def flush(self, epoch: int) -> None:
        """Write what changed, in order, which is where most of it belongs in the index."""
        if self._written:
            keys, values = zip(*sorted(self._written.items()), strict=True)
            numbers = (struct.pack(">q", each) for each in (self._build, epoch if self._remembers else 0))
            arguments = [*numbers, texts(keys), byte_strings(values)]
            formats = [pq.Format.BINARY] * len(arguments)
            with answering(self._connection):
                result = self._connection.pgconn.exec_params(_PUT, arguments, _PUT_TYPES, formats)
                raise_unless(result, pq.ExecStatus.COMMAND_OK)
            self._read.update(self._written)
            self._written.clear()


class SnapshotRows:
    """`Rows` of a build in the connection's snapshot, or as they were at the end of an epoch. What is put stays."""

    def __init__(self, connection: Connection, build: int, epoch: int = _LATEST) -> None:
        self._connection = connection
        self._of = {"build": build, "epoch": epoch}
        self._read: dict[str, bytes | None] = {}
        self._written: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        if key in self._written:
            return self._written[key]
        if key not in self._read:
            found = self._select(_GET_AS_OF, {"key": key})
            self._read[key] = found[0][1] if found else None
        return self._read[key]

    def put(self, key: str, value: bytes) -> None:
        self._written[key] = value

    def scan(self, prefix: str) -> Sequence[tuple[str, bytes]]:
        found = dict(self._select(_SCAN_AS_OF, of_range(prefix)))
        found.update((key, value) for key, value in self._written.items() if key.startswith(prefix))
        return sorted(found.items())

    def _select(self, sql: str, parameters: dict[str, Any]) -> list[tuple[str, bytes]]:
        with answering(self._connection):
            return self._connection.execute(sql, {**self._of, **parameters}, binary=True).fetchall()
