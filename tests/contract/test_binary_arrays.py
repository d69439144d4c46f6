"""Arrays packed by hand arrive as the driver's own adapters would send them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import pq

from service.storage.binary_arrays import array_oid, byte_strings, instants, integers, long_integers, texts, uuids

WHEN = datetime(1999, 12, 31, 23, 59, 59, 999999, UTC)


@pytest.mark.parametrize(
    ("element", "pack", "values"),
    [
        ("int4", integers, [0, 1, -1, 2**31 - 1, -(2**31)]),
        ("int8", long_integers, [0, -1, 2**63 - 1, -(2**63)]),
        ("text", texts, ["", "plain", "한국어", None, "NULL", 'a"b,{}\\']),
        ("bytea", byte_strings, [b"", b"\x00\xff", None, b"x" * 100_000]),
        ("uuid", uuids, [UUID(int=0), UUID(int=2**128 - 1)]),
        ("timestamptz", instants, [WHEN, None, datetime(2026, 1, 2, 3, 4, 5, 6, UTC)]),
    ],
)
@pytest.mark.parametrize("empty", [False, True])
def test_an_array_arrives_as_it_was(
    server: str, element: str, pack: Callable[[Sequence[Any]], bytes], values: Sequence[Any], empty: bool
) -> None:
    sent: Sequence[Any] = [] if empty else values
    with psycopg.connect(server) as connection:
        found = connection.pgconn.exec_params(
            b"SELECT $1", [pack(sent)], [array_oid(element)], [pq.Format.BINARY], pq.Format.BINARY
        )
        assert found.status == pq.ExecStatus.TUPLES_OK, found.error_message
        loader = connection.adapters.get_loader(array_oid(element), pq.Format.BINARY)
        assert loader is not None
        value = found.get_value(0, 0)
        assert value is not None
        assert loader(array_oid(element), connection).load(value) == list(sent)
