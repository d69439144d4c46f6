"""Where the ledger and a programme's views stand, as every read asks first."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from service.storage.ledger import PostgresLedger
from service.storage.standing import Stands
from service.storage.views import PostgresViewStore
from tests.contract.test_ledger import new_event, request
from tests.contract.test_view_store import put


@pytest.fixture
def stands(database: str) -> Iterator[Stands]:
    opened = Stands(database)
    yield opened
    opened.close()


def test_it_changes_with_the_ledger_and_with_a_view_of_the_programme(
    ledger: PostgresLedger, database: str, stands: Stands
) -> None:
    assert stands("p") == (0, "")
    ledger.append(request(new_event("Taken", "seat:p/1")))
    assert stands("p") == stands(None) == (1, "")
    store = PostgresViewStore(database)
    put(store, {}, 1)
    store.close()
    position, live = stands("p")
    assert (position, stands("q"), stands(None)) == (1, (1, ""), (1, ""))
    assert live.split()[1:] == ["1"]


def test_a_connection_that_the_server_ended_is_opened_again(database: str, stands: Stands) -> None:
    assert stands("p") == (0, "")
    with psycopg.connect(database, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert stands("p") == (0, "")
