"""Where the events of a boundary are, for many readers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from domain.boundary import Query, QueryItem
from service.application.ports import LedgerUnavailableError
from service.storage import boundary_probes
from service.storage.ledger import PostgresLedger
from tests.contract.test_ledger import new_event, request

SEATS = 30


def seat(n: int) -> Query:
    return Query((QueryItem(("Taken", "Left"), (f"seat:p/{n}",)), QueryItem(("Closed",), ("programme:p",))))


def test_positions_are_those_of_the_items_in_order_and_once(ledger: PostgresLedger) -> None:
    ledger.append(
        request(
            new_event("Taken", "seat:p/1"),
            new_event("Taken", "seat:p/2"),
            new_event("Seen", "seat:p/1"),
            new_event("Closed", "programme:p"),
            new_event("Left", "seat:p/1"),
        )
    )
    found = ledger.probe(seat(1))
    assert (found.head, found.positions) == (5, [1, 4, 5])
    assert [(each.position, each.type) for each in ledger.at([5, 1])] == [(1, "Taken"), (5, "Left")]
    twice = ledger.probe(Query((QueryItem(("Taken",), ("seat:p/2",)), QueryItem(("Taken", "Seen"), ("seat:p/2",)))))
    assert twice.positions == [2]


def test_an_empty_ledger_has_nothing_at_any_position(ledger: PostgresLedger) -> None:
    found = ledger.probe(seat(1))
    assert (found.head, found.positions, ledger.at([])) == (0, [], [])


def test_many_readers_are_each_told_their_own_and_see_what_they_have_appended(ledger: PostgresLedger) -> None:
    def take(n: int) -> bool:
        mine = ledger.append(request(new_event("Taken", f"seat:p/{n}"))).last_position
        found = ledger.probe(seat(n))
        return list(found.positions) == [mine] and found.head >= mine

    with ThreadPoolExecutor(SEATS) as threads:
        assert all(threads.map(take, range(SEATS)))


def test_more_keys_than_a_statement_takes_are_looked_up_in_several(
    ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boundary_probes, "KEYS", 5)
    test_many_readers_are_each_told_their_own_and_see_what_they_have_appended(ledger)


def test_a_connection_that_the_server_ended_is_not_asked(database: str, ledger: PostgresLedger) -> None:
    ledger.probe(seat(1))
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert ledger.probe(seat(1)).head == 0


@pytest.mark.usefixtures("ledger")
def test_a_server_that_refuses_is_told_to_every_reader_and_asked_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(boundary_probes, "_SQL", "SELECT $1::int8[], 1 / 0")
        probes = boundary_probes.BoundaryProbes(database)
    with ThreadPoolExecutor(5) as threads:
        errors = [each.exception() for each in [threads.submit(probes.probe, [n]) for n in range(5)]]
    assert all(isinstance(error, LedgerUnavailableError) and not error.outcome_unknown for error in errors)
    probes.close()
    with pytest.raises(LedgerUnavailableError, match="closed"):
        probes.probe([1])
