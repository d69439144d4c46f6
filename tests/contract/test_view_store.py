"""What `ViewStore` promises, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from domain.views import View
from service.application.view_ports import Standing
from service.storage.views import PostgresViewStore

VIEW = View(name="view", version=1, fold=lambda _rows, _events: None)
OTHER = View(name="view", version=2, fold=lambda _rows, _events: None)


@pytest.fixture
def store(database: str) -> Iterator[PostgresViewStore]:
    opened = PostgresViewStore(database)
    yield opened
    opened.close()


def put(store: PostgresViewStore, rows: dict[str, bytes], position: int) -> None:
    with store.turn(VIEW, "p") as turn:
        assert not isinstance(turn, str)
        for key, value in rows.items():
            turn.rows.put(key, value)
        turn.position = position


def test_rows_and_position_become_visible_together(store: PostgresViewStore) -> None:
    with store.turn(VIEW, "p") as turn:
        assert not isinstance(turn, str)
        turn.rows.put("a", b"1")
        turn.position = 3
        assert store.scan(VIEW, "p", "") == ([], 0)
    assert store.scan(VIEW, "p", "") == ([("a", b"1")], 3)
    assert store.standing(VIEW, "p") == Standing(3, None, False)


def test_who_comes_while_another_has_the_turn_is_sent_away_at_once(store: PostgresViewStore) -> None:
    def attempt(partition: str) -> bool:
        with store.turn(VIEW, partition) as turn:
            return not isinstance(turn, str)

    with store.turn(VIEW, "p") as turn, ThreadPoolExecutor(1) as threads:
        assert not isinstance(turn, str)
        assert threads.submit(attempt, "p").result(timeout=3) is False
        assert threads.submit(attempt, "q").result(timeout=3) is True
    assert attempt("p") is True


def test_a_turn_sees_what_it_wrote_and_what_was_there(store: PostgresViewStore) -> None:
    put(store, {"a/1": b"old", "a/2": b"kept", "b/1": b"other"}, 1)
    with store.turn(VIEW, "p") as turn:
        assert not isinstance(turn, str)
        turn.rows.put("a/1", b"new")
        turn.rows.put("a/10", b"more")
        assert turn.rows.get("a/1") == b"new"
        assert turn.rows.get("nothing") is None
        assert turn.rows.scan("a/") == [("a/1", b"new"), ("a/10", b"more"), ("a/2", b"kept")]
        turn.position = 2
    assert dict(store.scan(VIEW, "p", "")[0])["a/1"] == b"new"


def test_a_value_put_back_to_what_it_was_stays_so(store: PostgresViewStore) -> None:
    put(store, {"a": b"1"}, 1)
    with store.turn(VIEW, "p") as turn:
        assert not isinstance(turn, str)
        assert turn.rows.get("a") == b"1"
        turn.rows.put("a", b"2")
        turn.rows.put("a", b"1")
    assert store.scan(VIEW, "p", "")[0] == [("a", b"1")]


def test_an_error_leaves_nothing(store: PostgresViewStore) -> None:
    def failing() -> None:
        with store.turn(VIEW, "p") as turn:
            assert not isinstance(turn, str)
            turn.rows.put("a", b"2")
            turn.position = 9
            raise ZeroDivisionError

    put(store, {"a": b"1"}, 1)
    with pytest.raises(ZeroDivisionError):
        failing()
    assert store.scan(VIEW, "p", "") == ([("a", b"1")], 1)


@pytest.mark.parametrize("refuses", ["views.build ADD CHECK (position < 2)", "views.row ADD CHECK (value <> '2')"])
def test_if_the_database_refuses_one_of_rows_and_position_neither_changes(
    store: PostgresViewStore, database: str, refuses: str
) -> None:
    """They change in one transaction: no commit lies between them, in whatever order they are written."""
    put(store, {"a": b"1"}, 1)
    with psycopg.connect(database) as connection:
        connection.execute(f"ALTER TABLE {refuses}")
    with pytest.raises(psycopg.errors.CheckViolation):
        put(store, {"a": b"2", "b": b"3"}, 2)
    assert store.scan(VIEW, "p", "") == ([("a", b"1")], 1)


def test_rows_come_by_prefix_in_byte_order_page_by_page(store: PostgresViewStore) -> None:
    put(store, {"k/b": b"2", "k/a": b"1", "k/가": b"4", "k/c": b"3", "l": b"5", "k%": b"6"}, 1)
    assert [key for key, _ in store.scan(VIEW, "p", "k/")[0]] == ["k/a", "k/b", "k/c", "k/가"]
    assert [key for key, _ in store.scan(VIEW, "p", "k/", after="k/a", limit=2)[0]] == ["k/b", "k/c"]
    assert store.scan(VIEW, "q", "") == ([], 0)
    assert store.scan(OTHER, "p", "") == ([], 0)
