"""Rows of a build are what was put, in whatever turns and in whatever way they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from domain.views import EPOCH, View
from service.application.ports import LedgerUnavailableError
from service.application.view_ports import Certificate, Standing
from service.storage import build_rows
from service.storage.build_turn import BuildTurn
from service.storage.builds import PostgresBuilds
from service.storage.views import PostgresViewStore

VIEW = View(name="view", version=1, fold=lambda _rows, _events: None, remembers=True)
KEYS = [f"줄/{number:03d}" for number in range(build_rows.FEW + 50)]

Puts = dict[str, bytes]


@pytest.fixture
def store(database: str) -> Iterator[PostgresViewStore]:
    opened = PostgresViewStore(database)
    yield opened
    opened.close()


def take(store: PostgresViewStore, partition: str, epochs: Sequence[tuple[int, Puts]]) -> None:
    """One turn, in which so much was put in each epoch."""
    with store.turn(VIEW, partition) as turn:
        assert not isinstance(turn, str)
        for epoch, puts in epochs:
            turn.begin(epoch)
            for key, value in puts.items():
                turn.rows.put(key, value)
            turn.position = (epoch + 1) * EPOCH


def shown(store: PostgresViewStore, partition: str = "p") -> Puts:
    return dict(store.scan(VIEW, partition, "")[0])


def as_of(store: PostgresViewStore, epoch: int) -> Puts:
    """At the end of the epoch."""
    with store.as_of(VIEW, "p", (epoch + 1) * EPOCH) as found:
        assert found is not None
        return dict(found[0].scan(""))


@pytest.fixture(params=[0, 10_000], ids=["copied", "looked for"])
def _written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_rows, "FEW", request.param)


@pytest.mark.usefixtures("_written")
def test_rows_are_what_was_put_last_and_what_they_were_is_kept(store: PostgresViewStore) -> None:
    """Also of rows that were there and had not been read, in the midst of many new ones."""
    old, new = dict.fromkeys(KEYS[:100], b"old"), dict.fromkeys(KEYS[90:], b"new")
    take(store, "p", [(0, old), (1, {KEYS[0]: b"newer"})])
    take(store, "p", [(1, {KEYS[1]: b"newer"}), (2, new), (4, {KEYS[95]: b"newest", KEYS[2]: b"newest"})])
    assert as_of(store, 0) == old
    assert as_of(store, 1) == {**old, KEYS[0]: b"newer", KEYS[1]: b"newer"}
    assert as_of(store, 3) == {**as_of(store, 1), **new}
    assert shown(store) == as_of(store, 4) == {**as_of(store, 3), KEYS[95]: b"newest", KEYS[2]: b"newest"}


def test_a_turn_reads_what_it_has_not_stored_yet(store: PostgresViewStore) -> None:
    with store.turn(VIEW, "p") as turn:
        assert not isinstance(turn, str)
        turn.rows.put("a/1", b"1")
        turn.begin(1)
        turn.rows.put("a/2", b"2")
        assert turn.rows.get("a/1") == b"1"
        assert turn.rows.scan("a/") == [("a/1", b"1"), ("a/2", b"2")]


def test_more_than_is_kept_back_is_stored_on_the_way(store: PostgresViewStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_rows, "MANY", 10)
    puts = [(epoch, {f"{epoch}/{n}": b"1" for n in range(6)}) for epoch in range(4)]
    take(store, "p", puts)
    assert shown(store) == {key: value for _epoch, each in puts for key, value in each.items()}


@pytest.mark.usefixtures("_written")
def test_builds_are_equal_in_whatever_turns_they_were_folded(store: PostgresViewStore) -> None:
    """Rows written again as they were, and there and back within an epoch, tell nothing of what happened."""
    steps: list[tuple[int, Puts]] = [
        (0, {"a": b"1", "b": b"1"}),
        (1, {"a": b"1"}),
        (2, {"b": b"2"}),
        (2, {"b": b"1"}),
        (3, {"a": b"2"}),
        (4, {"a": b"2", "c": b"1"}),
    ]
    take(store, "p", steps)
    for step in steps:
        take(store, "q", [step])
    builds = PostgresBuilds(store)
    assert builds.digest(VIEW, "p") == builds.digest(VIEW, "q")
    take(store, "q", [(5, {"a": b"3"})])
    take(store, "p", [(6, {"a": b"3"})])
    assert shown(store) == shown(store, "q")
    assert builds.digest(VIEW, "p")[0] != builds.digest(VIEW, "q")[0], "it came to it later"


def test_only_what_an_operator_asked_for_waits_for_the_disk(store: PostgresViewStore) -> None:
    take(store, "p", [(0, {"a": b"1"})])
    assert PostgresBuilds(store).request(VIEW, "p", "replace")
    with store.turn(VIEW, "p", "building") as turn:
        assert isinstance(turn, BuildTurn)
        assert _committing(turn) == "off"
        turn.certify(Certificate(purpose="replace", position=0, live_digest="", digest="", differing=(), swapped=True))
        assert _committing(turn) == "on"
    with store.turn(VIEW, "p", "building") as turn:
        assert isinstance(turn, BuildTurn)
        turn.go_live()
        assert _committing(turn) == "on"
    with store.connection() as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def _committing(turn: BuildTurn) -> str:
    row = turn._connection.execute("SELECT current_setting('synchronous_commit')").fetchone()
    assert row is not None
    return str(row[0])


def test_nothing_is_seen_of_a_copy_in_whose_midst_the_worker_ends(store: PostgresViewStore, database: str) -> None:
    """It waits, half copied, for somebody who holds one of its keys; then its connection is ended."""
    take(store, "p", [(0, {"first": b"1"})])
    (build,) = [each.build for each in PostgresBuilds(store).every()]
    rows = dict.fromkeys(KEYS, b"value" * 100)
    with ThreadPoolExecutor(1) as threads, psycopg.connect(database) as other:
        other.execute(
            "INSERT INTO views.row (build, key, epoch, value) VALUES (%s, %s, 0, '')", (build, KEYS[len(KEYS) // 2])
        )
        taken = threads.submit(take, store, "p", [(1, rows)])
        with psycopg.connect(database, autocommit=True) as watching:
            waiting = _until(lambda: watching.execute(_COPYING).fetchall())
            watching.execute("SELECT pg_terminate_backend(%s)", waiting[0])
        with pytest.raises(LedgerUnavailableError):
            taken.result(timeout=10)
        other.rollback()
    assert shown(store) == {"first": b"1"}
    assert store.standing(VIEW, "p") == Standing(EPOCH, None, False)
    take(store, "p", [(1, rows)])
    assert shown(store) == {"first": b"1", **rows}


_COPYING = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'COPY views.row%' AND wait_event_type = 'Lock'"
)


def _until(look: Callable[[], list[tuple[int]]]) -> list[tuple[int]]:
    for _attempt in range(10_000):
        if found := look():
            return found
    raise AssertionError("nobody copies")
