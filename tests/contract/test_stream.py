"""What `Ledger.stream` promises, on PostgreSQL: what `read_programme` gives, page by page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import msgspec
import psycopg
import pytest

from domain.deadlines import instant
from domain.exported import ExportedEvent
from service.application.ports import LedgerUnavailableError
from service.storage import exported
from service.storage.ledger import PostgresLedger
from tests.contract.test_ledger import new_event, request
from tests.integration.test_ledger_concurrency import until_waiting

PRIVATE = ("event_id", "tags", "salt", "envelope", "data")


@pytest.mark.parametrize("page", [1, 3, 4, 100])
def test_pages_hold_every_event_once_in_order(ledger: PostgresLedger, page: int) -> None:
    ledger.append(request(*(new_event("Happened", programme="pq"[n % 2]) for n in range(12))))
    for programme, upto in ((None, None), ("p", None), (None, 7), ("q", 7), ("r", None)):
        read = ledger.read(upto=upto) if programme is None else ledger.read_programme(programme, upto=upto)
        for after in (0, 5, 12):
            pages = list(ledger.stream(programme, after=after, upto=upto, page=page))
            found = list(chain.from_iterable(pages))
            assert all(0 < len(each) <= page for each in pages)
            assert [event.position for event in found] == [each.position for each in read if each.position > after]
            for event, whole in zip(found, [each for each in read if each.position > after], strict=True):
                for field in event.__struct_fields__:
                    assert getattr(event, field) == getattr(whole, field)


def test_a_stream_ends_at_the_head_as_it_stood_when_it_began(ledger: PostgresLedger) -> None:
    ledger.append(request(*(new_event() for _ in range(4))))
    pages = ledger.stream(page=2, upto=100)
    first = next(pages)
    ledger.append(request(*(new_event() for _ in range(4))))
    assert [each.position for each in chain(first, *pages)] == [1, 2, 3, 4]


def test_envelopes_and_times_are_left_out_where_nobody_looks_at_them(ledger: PostgresLedger) -> None:
    ledger.append(request(new_event()))
    ((event,),) = ledger.stream(envelopes=False, times=False)
    assert (event.envelope, bool(event.recorded_at)) == (b"", False)
    assert event.data


def test_a_line_of_a_bundle_is_in_full_where_it_is_asked_for(ledger: PostgresLedger) -> None:
    """Whatever bytes whoever rules the database put there."""
    new = [new_event("Happened", f"a:{of}/1", f"b:{of}/2", programme=of) for of in "pqpqp"]
    ledger.append(request(*new[:4], msgspec.structs.replace(new[4], envelope=b"\xff{}")))
    for programme in ("p", "q", "r", None):
        lines = chain.from_iterable(ledger.exported(programme, after=1, upto=5, limit=4))
        for line, whole in zip(lines, ledger.read(after=1), strict=True):
            clear = ExportedEvent(
                position=whole.position,
                programme=whole.programme,
                type=whole.type,
                version=whole.version,
                recorded_at=instant(whole.recorded_at),
                entry=whole.entry,
            )
            if whole.programme == programme:
                assert (line.event_id, line.salt, line.data) == (str(whole.event_id), whole.salt, whole.data.decode())
                assert (tuple(line.tags or ()), line.envelope) == (whole.tags, whole.envelope.decode(errors="replace"))
                line = msgspec.structs.replace(line, **dict.fromkeys(PRIVATE))
            assert line == clear


def test_lines_of_a_bundle_come_in_pieces_of_which_none_is_empty(
    ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whoever stops at one takes nothing from who comes after."""
    monkeypatch.setattr(exported, "PIECE", 2)
    ledger.append(request(*(new_event() for _ in range(5))))

    def pieces(after: int, upto: int, limit: int) -> list[list[int]]:
        asked = ledger.exported("p", after=after, upto=upto, limit=limit)
        return [[line.position for line in piece] for piece in asked]

    for _ in range(2):
        assert pieces(0, 5, 9) == [[1, 2], [3, 4], [5]]
        assert pieces(1, 5, 2) == [[2, 3]]
        assert pieces(2, 3, 9) == [[3]]
        assert pieces(5, 5, 9) == []
        stopped = ledger.exported("p", after=0, upto=5, limit=9)
        assert [line.position for line in next(stopped)] == [1, 2]
        stopped.close()
        assert ledger.head() == 5


def test_a_stream_holds_no_connection_between_pages_and_says_when_the_database_is_gone(database: str) -> None:
    ledger = PostgresLedger(database, pool_size=1)
    ledger.append(request(*(new_event() for _ in range(6))))
    pages = ledger.stream(page=1)
    assert next(pages)[0].position == 1
    assert ledger.head() == 6
    next(pages)
    ledger.close()
    with pytest.raises(LedgerUnavailableError) as caught:
        list(pages)
    assert not caught.value.outcome_unknown


def test_a_connection_that_is_lost_in_mid_page_is_told(database: str) -> None:
    ledger = PostgresLedger(database, pool_size=1)
    ledger.append(request(new_event()))
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(1) as threads:
        blocker.execute("LOCK ledger.event IN ACCESS EXCLUSIVE MODE")
        reading = threads.submit(list, ledger.stream())
        until_waiting(database)
        with psycopg.connect(database, autocommit=True) as killer:
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        with pytest.raises(LedgerUnavailableError):
            reading.result()
    assert [len(page) for page in ledger.stream()] == [1]
    ledger.close()
