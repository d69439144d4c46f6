"""Partitions of events and index: made ahead, once a process, and protected as the first ones."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from service.storage.ledger import PostgresLedger
from service.storage.partitions import EVERY, PartitionsAhead
from tests.contract.test_ledger import new_event, request


def test_partitions_are_made_ahead_and_protected(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE ledger.head SET position = 25000000, recorded_at = now()")
        made = owner.execute("SELECT ledger.ensure_partitions(2)").fetchone()
        assert made is not None
        assert made[0] == 4  # partitions 0 to 2 stood; 3 and 4 of both tables are new
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("TRUNCATE ledger.event_4")
    opened = PostgresLedger(database)
    opened.append(request(new_event("Happened", "a:p/1")))
    assert [each.position for each in opened.read()] == [25_000_001]
    opened.close()


def test_one_connection_of_a_process_looks_once_in_a_million_positions(database: str) -> None:
    looked: list[int] = []

    class Counting(psycopg.Connection):
        def execute(self, *query: Any, **options: Any) -> Any:
            looked.append(head)
            return super().execute(*query, **options)

    partitions = PartitionsAhead()
    with (
        Counting.connect(database, autocommit=True) as first,
        Counting.connect(database, autocommit=True) as second,
    ):
        for head in (0, 1, EVERY - 1, EVERY, EVERY + 1, 3 * EVERY):
            partitions.make(first, head)
            partitions.make(second, head)
    assert looked == [0, EVERY, 3 * EVERY]


def test_what_could_not_be_made_is_tried_again_with_the_next_append(database: str) -> None:
    partitions = PartitionsAhead()
    with psycopg.connect(database) as connection:
        connection.execute("SET ROLE sillok_service")
        connection.execute("SET LOCAL statement_timeout = 1")
        connection.execute("SAVEPOINT s")
        with psycopg.connect(database) as other:
            other.execute("SELECT pg_advisory_xact_lock(7310051)")
            partitions.make(connection, 7)
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR
        assert partitions._next == 0
        connection.rollback()
        partitions.make(connection, 7)
    assert partitions._next == EVERY
