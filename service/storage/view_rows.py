"""Rows of one build of a view, as they stand in a transaction's snapshot or stood at the end of an epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from domain.views import RowsLostError

Connection = psycopg.Connection[tuple[Any, ...]]

IN_RANGE: Final = "build = %(build)s AND key > %(after)s AND key >= %(prefix)s AND key < %(beyond)s"

_AS_OF: Final = """
    SELECT r.key, was.value FROM views.row r CROSS JOIN LATERAL (
        SELECT CASE WHEN r.epoch <= %(epoch)s THEN r.value ELSE (
            SELECT p.value FROM views.past p WHERE p.build = r.build AND p.key = r.key AND p.epoch <= %(epoch)s
            ORDER BY p.epoch DESC LIMIT 1
        ) END
    ) was(value) WHERE was.value IS NOT NULL AND """

_GET_AS_OF: Final = f"{_AS_OF} r.build = %(build)s AND r.key = %(key)s"
_SCAN_AS_OF: Final = f"{_AS_OF} {IN_RANGE} ORDER BY r.key"

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
