"""Arrays in PostgreSQL's binary format, packed at once: an adapter called for each element costs more than the insert.

The format: number of dimensions, whether there are nulls, the element's type, then for the one dimension its size and
lower bound, then each element as its length and its bytes, a length of -1 standing for null; 4-byte integers.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg

_TYPES: Final = psycopg.postgres.types
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_OIDS: Final = {name: _TYPES[name].oid for name in ("int4", "int8", "bytea", "text", "uuid", "timestamptz")}
"""Looked up once: the driver's registry takes as long as packing an array of one element."""
_EMPTY: Final = {name: struct.pack(">iiI", 0, 0, oid) for name, oid in _OIDS.items()}
_HEADER: Final = struct.Struct(">iiIii").pack
_LENGTH: Final = struct.Struct(">i").pack
_NULL: Final = _LENGTH(-1)


def array_oid(element: str) -> int:
    """The type of an array of such elements."""
    return _TYPES[element].array_oid


def integers(values: Sequence[int]) -> bytes:
    """An `int4[]`."""
    return _fixed("int4", "ii", 4, values)


def long_integers(values: Sequence[int]) -> bytes:
    """An `int8[]`."""
    return _fixed("int8", "iq", 8, values)


def byte_strings(values: Sequence[bytes | None], *, element: str = "bytea") -> bytes:
    """A `bytea[]`, or an array of another type whose elements are given in its binary format."""
    if not values:
        return _EMPTY[element]
    parts = [_header(element, len(values), nulls=None in values)]
    for value in values:
        parts += (_NULL,) if value is None else (_LENGTH(len(value)), value)
    return b"".join(parts)


def texts(values: Sequence[str | None]) -> bytes:
    """A `text[]`, to a server that takes UTF-8."""
    return byte_strings([None if value is None else value.encode() for value in values], element="text")


def uuids(values: Sequence[UUID]) -> bytes:
    """A `uuid[]`."""
    return byte_strings([value.bytes for value in values], element="uuid")


def instants(values: Sequence[datetime | None]) -> bytes:
    """A `timestamptz[]`."""
    return byte_strings(
        [None if value is None else struct.pack(">q", (value - _EPOCH) // _MICROSECOND) for value in values],
        element="timestamptz",
    )


def _fixed(element: str, form: str, length: int, values: Sequence[int]) -> bytes:
    if not values:
        return _EMPTY[element]
    flat = [length] * (2 * len(values))
    flat[1::2] = values
    return _header(element, len(values), nulls=False) + struct.pack(">" + form * len(values), *flat)


def _header(element: str, size: int, *, nulls: bool) -> bytes:
    return _HEADER(1, nulls, _OIDS[element], size, 1)
