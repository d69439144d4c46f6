"""The ledger under real concurrency: connections, threads, processes, and connections that are lost."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from service.application.ports import Appended, LedgerUnavailableError, RecordedEvent
from service.storage import prepared_call, turns
from service.storage.append_call import Answer, AppendCall, Prepared, Refused
from service.storage.connections import service_conninfo
from service.storage.lane import ConditionFailedError
from service.storage.ledger import PostgresLedger
from tests.contract.test_ledger import new_event, request, unless

PROCESSES = 4
THREADS = 8
COUNTERS = 2
"""Each counted by two processes, and within a process by two threads, whose appends meet in one batch."""
APPENDS = {"alone": 400, "counting": 80}
"""Of each thread, by what it does. Of every four threads one counts: 32 make 10,240."""


def test_a_condition_is_probed_after_the_lock_not_before(database: str) -> None:
    """Two connections: the second begins while the first holds the head, and must see what the first commits.

    A probe that used the snapshot taken before waiting for the lock would pass wrongly.
    """
    item = DCBQueryItem(tags=["seat:p/1"])
    with (
        psycopg.connect(service_conninfo(database), autocommit=True) as first,
        psycopg.connect(service_conninfo(database), autocommit=True) as second,
    ):
        record, compete_to_record = AppendCall(first), AppendCall(second)
        taken = Prepared(request(new_event("Taken", "seat:p/1"), condition=unless(item)))
        first.execute("BEGIN")
        record([taken])
        answers: list[Answer] = []

        def compete() -> None:
            other = Prepared(request(new_event("Taken", "seat:p/1"), condition=unless(item)))
            answers.append(compete_to_record([other]))

        competing = threading.Thread(target=compete)
        competing.start()
        until_waiting(database)
        assert not answers
        first.execute("COMMIT")
        competing.join()
    assert answers == [Answer(1, {1: Refused(status="conflict", position=1)})]


def until_waiting(database: str, count: int = 1) -> None:
    """Return once so many connections wait for a lock."""
    with psycopg.connect(database, autocommit=True) as connection:
        for _ in range(200):
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ).fetchone()
            if row is not None and row[0] >= count:
                return
            time.sleep(0.02)
    pytest.fail("nobody waits for the head's lock")


def _append_many(database: str, process: int, results: Any) -> None:
    """One process: threads whose conditions nobody breaks, and threads that count under conditions that others break.

    Puts what was appended, as position by event id, and how often a condition failed.
    """
    ledger = PostgresLedger(database)
    appended: dict[UUID, int] = {}
    failures: list[int] = []

    def alone(thread: int) -> None:
        """Append under the condition that nobody else has written where only this thread does: it never fails."""
        item = DCBQueryItem(types=["Alone"], tags=[f"own:p/{process}-{thread}"])
        last = 0
        for _ in range(APPENDS["alone"]):
            event = new_event("Alone", *item.tags)
            last = ledger.append(request(event, new_event("Also"), condition=unless(item, after=last))).first_position
            appended[event.event_id] = last

    def counting(_thread: int) -> None:
        """Read a counter, and add one under the condition that nobody else has."""
        item = DCBQueryItem(types=["Counted"], tags=[f"counter:p/{process % COUNTERS}"])
        done = failed = 0
        while done < APPENDS["counting"]:
            found = ledger.read(DCBQuery(items=[item]))
            count = len(found.events) + 1
            event = msgspec.structs.replace(new_event("Counted", *item.tags), data=str(count).encode())
            try:
                position = ledger.append(request(event, condition=unless(item, after=found.head))).first_position
            except ConditionFailedError:
                failed += 1
                continue
            appended[event.event_id] = position
            done += 1
        failures.append(failed)

    with ThreadPoolExecutor(THREADS) as threads:
        work = [threads.submit(counting if n % 4 == 0 else alone, n) for n in range(THREADS)]
        for each in work:
            each.result()
    ledger.close()
    results.put((appended, sum(failures)))


@pytest.mark.timeout(240)
def test_thirty_two_threads_of_four_processes_lose_and_break_nothing(database: str) -> None:
    """Ten thousand appends, each under a condition: no gap, no position out of commit order, no lost append, no time
    going back, no condition wrongly passed, none wrongly failed."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=_append_many, args=(database, n, results)) for n in range(PROCESSES)]
    watching = threading.Event()
    seen: list[int] = []

    def watch() -> None:
        """A position once seen as the head has everything before it, for ever."""
        with psycopg.connect(database, autocommit=True) as connection:
            while not watching.is_set():
                row = connection.execute(
                    "SELECT h.position, (SELECT count(*) FROM ledger.event WHERE position <= h.position)"
                    " FROM ledger.head h"
                ).fetchone()
                assert row is not None
                if row[0] != row[1]:
                    seen.append(row[0])
                time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for worker in workers:
        worker.start()
    told = [results.get(timeout=200) for _worker in workers]
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    watching.set()
    watcher.join()
    assert seen == []

    counting = PROCESSES * THREADS // 4 * APPENDS["counting"]
    alone = PROCESSES * (THREADS - THREADS // 4) * APPENDS["alone"]
    appended = {event_id: position for by_process, _failed in told for event_id, position in by_process.items()}
    assert len(appended) == alone + counting >= 10_000
    assert sum(failed for _appended, failed in told) > 0, "threads that count the same did meet"
    ledger = PostgresLedger(database)
    events = ledger.read().events
    ledger.close()
    assert len(events) == 2 * alone + counting
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert [event.recorded_at for event in events] == sorted(event.recorded_at for event in events)
    assert {event.event_id: event.position for event in events if event.type != "Also"} == appended
    counted: dict[str, list[int]] = {}
    for event in events:
        if event.type == "Counted":
            counted.setdefault(event.tags[0], []).append(int(event.data))
    assert sum(map(len, counted.values())) == counting
    for values in counted.values():
        assert values == list(range(1, len(values) + 1))


def test_positions_are_in_commit_order(database: str) -> None:
    """Whoever looks while two processes' writers append sees every position up to the last: none becomes visible after
    a later one. (Transaction ids do not tell: one is given out before the head's lock is waited for.)"""
    ledger, other = PostgresLedger(database), PostgresLedger(database)
    seen: list[int] = []
    with ThreadPoolExecutor(16) as threads, psycopg.connect(database, autocommit=True) as connection:
        appends = [threads.submit((ledger, other)[n % 2].append, request(new_event())) for n in range(400)]
        while not seen or seen[-1] < 400:
            row = connection.execute("SELECT count(*), coalesce(max(position), 0) FROM ledger.event").fetchone()
            assert row is not None
            assert row[0] == row[1]
            seen.append(row[1])
            assert all(append.exception() is None for append in appends if append.done())
    ledger.close()
    other.close()
    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_a_lost_connection_is_an_unknown_outcome_and_the_next_append_works(database: str) -> None:
    ledger = PostgresLedger(database)
    ledger.append(request(new_event()))
    with psycopg.connect(database) as blocker:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(ledger.append, request(new_event()))
            until_waiting(database)
            with psycopg.connect(database, autocommit=True) as killer:
                killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
            error = waiting.exception()
    assert isinstance(error, LedgerUnavailableError)
    assert error.outcome_unknown
    ledger.append(request(new_event()))
    assert ledger.head() == 2
    ledger.close()


def test_of_requests_that_wait_together_and_conflict_one_passes(database: str) -> None:
    """They are gathered into one batch, within which none of them is in the database yet."""
    ledger = PostgresLedger(database)
    condition = unless(DCBQueryItem(tags=["seat:p/1"]))
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(10) as threads:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        first = threads.submit(ledger.append, request(new_event("Unrelated")))
        until_waiting(database)
        together = [
            threads.submit(ledger.append, request(new_event("Taken", "seat:p/1"), condition=condition))
            for _ in range(9)
        ]
        time.sleep(0.3)
        blocker.rollback()
        first.result()
        errors = [each.exception() for each in together]
    assert sum(error is None for error in errors) == 1
    assert sum(isinstance(error, ConditionFailedError) for error in errors) == 8
    assert ledger.head() == 2
    ledger.close()


def test_more_requests_than_may_wait_are_refused_at_once_and_leave_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is being recorded, and two may wait."""
    monkeypatch.setattr(turns, "WAITING", 2)
    ledger = PostgresLedger(database)
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(10) as threads:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        waiting = occupy(database, ledger, threads)
        waiting += [threads.submit(ledger.append, request(new_event())) for _ in range(2)]
        until_queued(ledger, 2)
        with pytest.raises(LedgerUnavailableError, match="2 requests are waiting already") as refused:
            ledger.append(request(new_event()))
        assert not refused.value.outcome_unknown
        blocker.rollback()
        assert sorted(each.result().last_position for each in waiting) == [1, 2, 3]
    ledger.close()


def occupy(database: str, ledger: PostgresLedger, threads: ThreadPoolExecutor) -> list[Future[Appended]]:
    """An append that waits for the head's lock, so that others queue."""
    busy = threads.submit(ledger.append, request(new_event("Busy")))
    until_waiting(database, 1)
    return [busy]


def until_queued(ledger: PostgresLedger, count: int) -> None:
    """Return once so many requests wait for a writer thread."""
    for _ in range(200):
        if len(ledger._writer.turns.queue) == count:
            return
        time.sleep(0.02)
    pytest.fail("they do not queue")


def test_nobody_waits_longer_than_patience_and_who_gave_up_is_not_recorded(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those whose turn never came know that nothing was recorded only once it is their turn: until then, unknown."""
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.3)
    ledger = PostgresLedger(database)
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(10) as threads:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        busy = occupy(database, ledger, threads)
        late = threads.submit(ledger.append, request(new_event("Late")))
        error = late.exception(timeout=10)
        assert isinstance(error, LedgerUnavailableError)
        assert error.outcome_unknown
        blocker.rollback()
        for each in busy:
            each.exception()
    ledger.close()
    assert [each.type for each in ledger_of(database)] == ["Busy"]


def ledger_of(database: str) -> list[RecordedEvent]:
    """Every event of a ledger, by a connection of its own."""
    ledger = PostgresLedger(database)
    found = list(ledger.read())
    ledger.close()
    return found


def test_closing_records_what_waits(database: str) -> None:
    ledger = PostgresLedger(database)
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(20) as threads:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        waiting = occupy(database, ledger, threads)
        waiting += [threads.submit(ledger.append, request(new_event())) for _ in range(9)]
        until_queued(ledger, 9)
        closing = threads.submit(ledger.close)
        time.sleep(0.1)
        assert not closing.done()
        blocker.rollback()
        closing.result()
        assert all(each.exception() is None for each in waiting)
    with pytest.raises(LedgerUnavailableError, match="closed"):
        ledger.append(request(new_event()))
    assert len(ledger_of(database)) == 10


def test_a_server_that_hangs_is_given_up_and_closing_does_not_wait_for_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as a client can tell: it takes connections, and answers nothing within the client's own bound."""
    monkeypatch.setattr(prepared_call, "ANSWER_SECONDS", 1.0)
    ledger = PostgresLedger(database)
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(10) as threads:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        waiting = occupy(database, ledger, threads)
        queued = [threads.submit(ledger.append, request(new_event())) for _ in range(5)]
        time.sleep(0.1)
        started = time.monotonic()
        ledger.close()
        assert time.monotonic() - started < 4, "the lock alone is waited for 5 seconds"
        errors = [each.exception() for each in (*waiting, *queued)]
        unavailable = [error for error in errors if isinstance(error, LedgerUnavailableError)]
        assert unavailable == errors
        assert all(error.outcome_unknown for error in unavailable[: len(waiting)])
    again = PostgresLedger(database)
    again.append(request(new_event("After")))
    again.close()
    # What was given up may be recorded late, before or after: that is what an unknown outcome means.
    assert "After" in [each.type for each in ledger_of(database)]


def test_a_holder_of_the_lock_is_waited_for_no_longer_than_bounded(database: str) -> None:
    """Someone sits on the head: the request is refused as not recorded, and nothing is."""
    ledger = PostgresLedger(database)
    with psycopg.connect(database) as blocker:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        with pytest.raises(LedgerUnavailableError) as caught:
            ledger.append(request(new_event()))
    assert not caught.value.outcome_unknown
    assert "lock timeout" in str(caught.value), "and not of the statement, which is far longer"
    ledger.append(request(new_event()))
    assert ledger.head() == 1
    ledger.close()
