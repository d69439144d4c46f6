"""Connections of the service: every wait is bounded, by the server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from service.storage import connections
from service.storage.append_call import AppendCall, Prepared
from service.storage.connections import ROLE, open_pool, service_conninfo
from service.storage.ledger import PostgresLedger
from service.storage.views import PostgresViewStore
from service.storage.wake_ups import TASK_SECONDS
from tests.contract.test_ledger import new_event, request

BOUNDS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "transaction_timeout": "1min",
    "idle_in_transaction_session_timeout": "10s",
    "client_connection_check_interval": "2s",
}


def shown(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[str, str]:
    found = connection.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name", [list(BOUNDS)])
    return dict(found.fetchall())


def test_every_session_has_its_waits_bounded_and_the_role_of_the_service(database: str) -> None:
    """Those of the pool, and the writer's, which is opened by itself."""
    pool = open_pool(database, size=2)
    with pool.connection() as first, pool.connection() as second:
        for connection in (first, second):
            assert shown(connection) == BOUNDS
            assert connection.execute("SELECT current_user").fetchone() == (ROLE,)
    pool.close()
    with psycopg.connect(service_conninfo(database)) as alone:
        assert shown(alone) == BOUNDS


def test_a_turn_at_a_view_may_last_as_long_as_the_task_that_has_it_and_no_longer(database: str) -> None:
    """A fold of the largest stage takes a while in which its transaction is idle."""
    store = PostgresViewStore(database)
    with store.connection() as connection:
        bounds = shown(connection)
    store.close()
    assert bounds["idle_in_transaction_session_timeout"] == f"{TASK_SECONDS // 60}min"
    assert bounds["lock_timeout"] == BOUNDS["lock_timeout"]
    assert bounds["transaction_timeout"] == "10min"


def test_a_connection_that_the_server_ended_is_not_given_out(database: str) -> None:
    """And one that stands is given out without asking the server anything."""
    pool = open_pool(database, size=1)
    with pool.connection() as first:
        first.execute("SELECT 'last'")
        ended = first.info.backend_pid
    with pool.connection() as again, psycopg.connect(database, autocommit=True) as other:
        assert again.info.backend_pid == ended
        asked = other.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", (ended,)).fetchone()
        assert asked == ("SELECT 'last'",)
    with psycopg.connect(database, autocommit=True) as killer:
        assert killer.execute("SELECT pg_terminate_backend(%s, 10000)", (ended,)).fetchone() == (True,)
    with pool.connection() as fresh:
        assert fresh.info.backend_pid != ended
        assert fresh.execute("SELECT 1").fetchone() == (1,)
    pool.close()


def test_a_url_s_own_options_stay_beside_them(database: str) -> None:
    with psycopg.connect(service_conninfo(f"{database} options='-c work_mem=7MB'")) as connection:
        assert shown(connection) == BOUNDS
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)


@pytest.mark.parametrize(
    ("bound", "busy", "error"),
    [
        ("transaction_timeout", "SELECT pg_sleep(0.05)", psycopg.errors.TransactionTimeout),
        ("statement_timeout", "SELECT pg_sleep(20)", psycopg.errors.QueryCanceled),
        ("idle_in_transaction_session_timeout", None, psycopg.errors.IdleInTransactionSessionTimeout),
    ],
)
def test_a_holder_of_the_head_is_ended_by_the_bound_that_it_exceeds(
    monkeypatch: pytest.MonkeyPatch, database: str, bound: str, busy: str | None, error: type[psycopg.Error]
) -> None:
    """It is busy in many statements, in one, or does nothing. Who waits for it goes on, and what it did is undone.

    The bound is a second here, so that nobody has to wait for it.
    """
    monkeypatch.setitem(connections._SETTINGS, bound, "1s")
    with psycopg.connect(service_conninfo(database), autocommit=True) as holder:
        monkeypatch.undo()
        record = AppendCall(holder)
        holder.execute("BEGIN")
        record([Prepared(request(new_event("Held")))])

        def hold() -> None:
            for _ in range(200):
                holder.execute(busy or "")

        ledger = PostgresLedger(database)
        with ThreadPoolExecutor(1) as threads:
            holding = None if busy is None else threads.submit(hold)
            ledger.append(request(new_event("Waited")))
            if holding is None:
                with pytest.raises(error):
                    holder.execute("SELECT 1")
            else:
                assert isinstance(holding.exception(), error)
        assert [each.type for each in ledger.read()] == ["Waited"]
        ledger.close()
        holder.close()
