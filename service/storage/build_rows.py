"""Rows of one build while it is folded, within one transaction: read on demand, written together.

A row that is not known to be there is copied, which costs PostgreSQL a third of what it takes to look for each first.
Views seldom write again what they have not read: where one did, nothing of that copy stays, and it is looked for.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

import psycopg
from psycopg import pq

from service.storage.binary_arrays import byte_strings, texts
from service.storage.prepared_call import raise_unless
from service.storage.view_rows import IN_RANGE, Connection, answering, of_range

FEW: Final = 200
"""So many rows, or fewer, are not worth a copy."""
MANY: Final = 20_000
"""So many are not kept back any longer."""

# The table keeps what the row was, if it was last written in an earlier epoch.
_PUT: Final = b"""
    INSERT INTO views.row (build, key, epoch, value)
    SELECT $1, changed.key, $2, changed.value FROM unnest($3, $4) AS changed(key, value)
    ON CONFLICT (build, key) DO UPDATE SET value = excluded.value, epoch = excluded.epoch"""
_PUT_TYPES: Final = [
    *[psycopg.postgres.types["int8"].oid] * 2,
    *(psycopg.postgres.types[element].array_oid for element in ("text", "bytea")),
]

_COPY: Final = "COPY views.row (build, epoch, key, value) FROM STDIN (FORMAT binary)"
_COPY_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_key_follows: Final = struct.Struct(">hiqiqi").pack
_length: Final = struct.Struct(">i").pack

_SCAN: Final = f"SELECT key, value FROM views.row WHERE {IN_RANGE} ORDER BY key LIMIT %(limit)s"


class BuildRows:
    """`Rows` of a build, as they stand. What is put is of the epoch that `end` names, and there from `store`."""

    def __init__(self, connection: Connection, build: int, *, remembers: bool) -> None:
        self._connection = connection
        self._build = build
        self._remembers = remembers
        self._read: dict[str, bytes | None] = {}
        self._written: dict[str, bytes] = {}
        self._new: dict[str, tuple[int, bytes]] = {}

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
        found.update((key, value) for key, (_epoch, value) in self._new.items() if key.startswith(prefix))
        found.update((key, value) for key, value in self._written.items() if key.startswith(prefix))
        return sorted(found.items())

    def end(self, epoch: int) -> None:
        """What was put since the last call came of events of this epoch."""
        stored = epoch if self._remembers else 0
        again = {key: value for key, value in self._written.items() if self._read.get(key) is not None}
        if not self._new.keys().isdisjoint(again) or len(self._new) + len(self._written) > MANY:
            self.store()
        self._put(stored, again)
        self._new.update((key, (stored, value)) for key, value in self._written.items() if key not in again)
        self._read.update(self._written)
        self._written.clear()

    def store(self) -> None:
        """Write what was put up to the last `end`."""
        if len(self._new) <= FEW or not self._copied():
            for epoch, rows in groupby(self._new.items(), key=lambda row: row[1][0]):
                self._put(epoch, {key: value for key, (_epoch, value) in rows})
        self._new.clear()

    def _copied(self) -> bool:
        """Whether none of the rows was there; if one was, nothing is written."""
        parts = [_COPY_BEGIN]
        for key, (epoch, value) in sorted(self._new.items()):
            name = key.encode()
            parts += _key_follows(4, 8, self._build, 8, epoch, len(name)), name, _length(len(value)), value
        parts.append(_COPY_END)
        with answering(self._connection):
            try:
                with self._connection.transaction(), self._connection.cursor().copy(_COPY) as copying:
                    copying.write(b"".join(parts))
            except psycopg.errors.UniqueViolation:
                return False
        return True

    def _put(self, epoch: int, rows: Mapping[str, bytes]) -> None:
        """Write rows in order, which is where most of them belong in the index."""
        if not rows:
            return
        keys, values = zip(*sorted(rows.items()), strict=True)
        numbers = (struct.pack(">q", each) for each in (self._build, epoch))
        arguments = [*numbers, texts(keys), byte_strings(values)]
        formats = [pq.Format.BINARY] * len(arguments)
        with answering(self._connection):
            result = self._connection.pgconn.exec_params(_PUT, arguments, _PUT_TYPES, formats)
            raise_unless(result, pq.ExecStatus.COMMAND_OK)
