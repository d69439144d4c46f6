"""A ledger filled at the speed of COPY: rows as the append function writes them, made here, under the head's lock.

For ledgers that are only the ground of a measure. What an append takes is measured by appending.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg

from domain.entry import commitment, encode_entry
from service.application.ports import NewEvent
from service.storage.binary_arrays import texts
from service.storage.boundary_keys import event_keys, hashed

BATCH: Final = 10_000
TABLES: Final = {
    "ledger.event": "position, event_id, programme, type, version, tags, recorded_at, salt, envelope, data, entry",
    "ledger.event_id": "event_id, position",
    "ledger.boundary_index": "key, position",
}
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_UNIX: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POSTGRES_US: Final = (datetime(2000, 1, 1, tzinfo=UTC) - _UNIX) // timedelta(microseconds=1)
_id_row: Final = struct.Struct(">hi16siq").pack
_key_row: Final = struct.Struct(">hiqiq").pack
_event_head: Final = struct.Struct(">hiqi16s").pack
_length: Final = struct.Struct(">i").pack
_version: Final = struct.Struct(">ii").pack
_time: Final = struct.Struct(">iq").pack

Connection = psycopg.Connection[tuple[Any, ...]]
Blocks = tuple[bytes, bytes, bytes]
"""What is copied into each of `TABLES`."""


def fill(url: str, events: Iterable[NewEvent]) -> int:
    """Record them behind what is recorded, a batch a transaction: the ledger's head. Nobody else appends meanwhile."""
    given = iter(events)
    with (
        psycopg.connect(url, autocommit=True) as connection,
        ThreadPoolExecutor(1, thread_name_prefix="filling") as writing,
    ):
        head = _head(connection)
        written: Future[None] | None = None
        while batch := list(itertools.islice(given, BATCH)):
            recorded = datetime.now(UTC)
            blocks = _blocks(batch, head, recorded)  # while the batch before is written
            if written is not None:
                written.result()
            head += len(batch)
            written = writing.submit(_write, connection, blocks, {each.type for each in batch}, head, recorded)
        if written is not None:
            written.result()
        connection.execute("VACUUM ANALYZE")
    return head


def _head(connection: Connection) -> int:
    row = connection.execute("SELECT position FROM ledger.head").fetchone()
    assert row is not None
    return int(row[0])


def _write(connection: Connection, blocks: Blocks, types: set[str], head: int, recorded: datetime) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM ledger.head FOR UPDATE")
        cursor.execute("SELECT ledger.ensure_partitions(2)")
        cursor.executemany(
            "INSERT INTO ledger.event_type (type, key) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [(each, hashed(each)) for each in sorted(types)],
        )
        for (table, columns), block in zip(TABLES.items(), blocks, strict=True):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT binary)") as copying:
                copying.write(block)
        cursor.execute(
            "UPDATE ledger.head SET position = %s, recorded_at = greatest(recorded_at, %s)", (head, recorded)
        )


def _blocks(batch: Sequence[NewEvent], head: int, recorded: datetime) -> Blocks:
    """Three binary COPYs of events that follow the head."""
    of_time = (recorded - _UNIX) // timedelta(microseconds=1)
    events, ids, keys = [_SIGNATURE], [_SIGNATURE], [_SIGNATURE]
    for position, each in enumerate(batch, start=head + 1):
        events += _event_row(position, each, of_time)
        ids.append(_id_row(2, 16, each.event_id.bytes, 8, position))
        keys += (_key_row(2, 8, key, 8, position) for key in event_keys(each.type, each.tags))
    return b"".join((*events, _END)), b"".join((*ids, _END)), b"".join((*keys, _END))


def _event_row(position: int, event: NewEvent, of_time: int) -> Iterator[bytes]:
    entry = encode_entry(
        position=position,
        programme=event.programme,
        type_=event.type,
        version=event.version,
        recorded_at_us=of_time,
        commitment=commitment(event.salt, event.envelope, event.data),
    )
    yield _event_head(11, 8, position, 16, event.event_id.bytes)
    yield from _fields(event.programme.encode(), event.type.encode())
    yield _version(4, event.version)
    yield from _fields(texts(event.tags))
    yield _time(8, of_time - _POSTGRES_US)
    yield from _fields(event.salt, event.envelope, event.data, entry)


def _fields(*values: bytes) -> Iterator[bytes]:
    for value in values:
        yield _length(len(value))
        yield value
