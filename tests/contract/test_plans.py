"""Plans: an append and a boundary read touch the index rows of their keys, however large the ledger is.

Plans are kept, and made while the tables are empty, when scanning looks as cheap as probing.
"""

from __future__ import annotations

import time

import psycopg
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import Query, QueryItem
from service.storage.ledger import PostgresLedger
from tests.contract.test_ledger import key, new_event, request, unless

WORK = 60
PROBES = 40
"""More index rows than this for one append or read would be a scan: its keys have at most three."""


def rows_read(database: str) -> int:
    """Rows read from events, index and idempotency keys, by any plan, by connections that are closed.

    One that is open may have told the server nothing for ten seconds.
    """
    before = -1
    with psycopg.connect(database, autocommit=True) as connection:
        for _ in range(100):
            row = connection.execute(
                "SELECT sum(seq_tup_read + coalesce(idx_tup_read, 0)) FROM ("
                " SELECT s.seq_tup_read, (SELECT sum(i.idx_tup_read)"
                " FROM pg_stat_user_indexes i WHERE i.relid = s.relid)"
                " AS idx_tup_read FROM pg_stat_user_tables s"
                " WHERE s.schemaname = 'ledger' AND s.relname ~ '^((event|boundary_index)_[0-9]|idempotency$)') counted"
            ).fetchone()
            assert row is not None
            if row[0] == before:
                return int(row[0])
            before = row[0]
            time.sleep(1.2)  # until those that close have told
    raise AssertionError("the server's counters do not settle")


def test_appends_and_boundary_reads_never_scan(database: str) -> None:
    ledger = PostgresLedger(database, pool_size=1)

    def work(number: int) -> None:
        sheet = f"sheet:p/{number}"
        own = DCBQueryItem(types=["Scored"], tags=[sheet])
        closed = DCBQueryItem(types=["Closed"], tags=["stage:p/s"])
        found = ledger.read(DCBQuery(items=[own, closed]))
        assert found.events == []
        assert [
            *ledger.probe(Query((QueryItem(("Scored",), (sheet,)), QueryItem(("Closed",), ("stage:p/s",))))).positions
        ] == []
        event = new_event("Scored", "stage:p/s", "team:p/t", sheet)
        ledger.append(request(event, condition=unless(own, closed, after=0), idempotency=key(sheet)))

    for number in range(WORK):
        work(number)
    ledger.append(request(*(new_event("Scored", "stage:p/s", f"sheet:p/x{n}") for n in range(5000))))
    for number in range(WORK, 2 * WORK):
        work(number)
    ledger.close()
    assert 0 < rows_read(database) / (2 * WORK) < PROBES
