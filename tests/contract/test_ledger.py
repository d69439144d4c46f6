"""What `Ledger` promises, on PostgreSQL."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import Boundary, Query, QueryItem, UnscopedTagError
from domain.entry import commitment, encode_entry
from service.application.ports import (
    AppendRequest,
    IdempotencyKey,
    IdempotencyKeyReusedError,
    LedgerUnavailableError,
    NewEvent,
    StaleDecisionError,
)
from service.storage import append_call, boundary_keys
from service.storage import ledger as ledger_module
from service.storage.identifiers import uuid7
from service.storage.lane import ConditionFailedError, Lane
from service.storage.ledger import PostgresLedger
from service.storage.pending import Pending

_texts = itertools.count()


def new_event(type_: str = "Happened", *tags: str, programme: str = "p", event_id: UUID | None = None) -> NewEvent:
    return NewEvent(
        programme=programme,
        type=type_,
        version=1,
        event_id=event_id or uuid7(),
        tags=tags,
        salt=os.urandom(16),
        envelope=b'{"of":"test"}',
        data=f'{{"number":{next(_texts)}}}'.encode(),
    )


def request(
    *events: NewEvent,
    condition: Boundary | None = None,
    idempotency: IdempotencyKey | None = None,
    decided_at: datetime | None = None,
) -> AppendRequest:
    return AppendRequest(
        events=events, decision_id=uuid7(), condition=condition, idempotency=idempotency, decided_at=decided_at
    )


def unless(*items: DCBQueryItem, after: int = 0) -> Boundary:
    return Boundary(Query(tuple(QueryItem(tuple(each.types), tuple(each.tags)) for each in items)), after)


def key(name: str, fingerprint: bytes = b"f" * 32) -> IdempotencyKey:
    return IdempotencyKey(client="c", programme="p", key=name, fingerprint=fingerprint)


def test_an_event_comes_back_as_it_was_given(ledger: PostgresLedger) -> None:
    event = new_event("Happened", "a:p/1", "b:p/2")
    appended = ledger.append(request(event))
    (read,) = ledger.read()
    assert (appended.first_position, appended.last_position, appended.replayed) == (1, 1, False)
    assert (read.position, read.programme, read.type, read.version) == (1, "p", "Happened", 1)
    assert (read.event_id, read.tags, read.salt) == (event.event_id, ("a:p/1", "b:p/2"), event.salt)
    assert (read.envelope, read.data) == (event.envelope, event.data)


def test_the_stored_entry_is_that_of_the_domain(ledger: PostgresLedger) -> None:
    """The database builds the entry under the lock; the bytes must be those that verifiers compute."""
    ledger.append(request(new_event("Happened", "a:p/1"), new_event("가나다", programme="다른".encode().hex())))
    for each in ledger.read():
        assert each.entry == encode_entry(
            position=each.position,
            programme=each.programme,
            type_=each.type,
            version=each.version,
            recorded_at_us=(each.recorded_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1),
            commitment=commitment(each.salt, each.envelope, each.data),
        )


def test_all_events_of_a_request_are_recorded_or_none(ledger: PostgresLedger) -> None:
    taken = uuid7()
    ledger.append(request(new_event(event_id=taken)))
    with pytest.raises(psycopg.errors.UniqueViolation):
        ledger.append(request(new_event(), new_event(event_id=taken)))
    assert ledger.head() == 1
    assert len(list(ledger.read())) == 1


def test_ten_thousand_events_are_one_request(ledger: PostgresLedger) -> None:
    appended = ledger.append(request(*(new_event("Happened", f"a:p/{n}") for n in range(10_000))))
    assert (appended.first_position, appended.last_position) == (1, 10_000)
    assert [each.position for each in ledger.read(limit=3, after=9_997)] == [9_998, 9_999, 10_000]


@pytest.mark.parametrize(
    ("item", "fails"),
    [
        (DCBQueryItem(types=["Happened"]), True),
        (DCBQueryItem(types=["Other"]), False),
        (DCBQueryItem(tags=["a:p/1"]), True),
        (DCBQueryItem(tags=["a:p/1", "b:p/2"]), True),
        (DCBQueryItem(tags=["a:p/1", "b:p/3"]), False),
        (DCBQueryItem(types=["Happened", "Other"], tags=["b:p/2"]), True),
        (DCBQueryItem(types=["Other"], tags=["b:p/2"]), False),
        (DCBQueryItem(), True),
    ],
)
def test_a_condition_fails_exactly_if_a_matching_event_came_after_it(
    ledger: PostgresLedger, item: DCBQueryItem, fails: bool
) -> None:
    ledger.append(request(new_event("Happened", "a:p/1", "b:p/2")))
    ledger.append(request(new_event("Unrelated", "b:p/3")))
    if fails:
        with pytest.raises(ConditionFailedError):
            ledger.append(request(new_event(), condition=unless(item, after=0)))
        assert ledger.head() == 2
    else:
        ledger.append(request(new_event(), condition=unless(item, after=0)))
        assert ledger.head() == 3
    ledger.append(request(new_event(), condition=unless(item, after=ledger.head())))


def test_a_failed_condition_names_the_first_position_that_broke_it(ledger: PostgresLedger) -> None:
    for _ in range(3):
        ledger.append(request(new_event("Happened", "a:p/1")))
    with pytest.raises(ConditionFailedError) as caught:
        ledger.append(request(new_event(), condition=unless(DCBQueryItem(tags=["a:p/1"]), after=1)))
    assert caught.value.position == 2


def test_an_empty_query_compares_the_position_with_the_head(ledger: PostgresLedger) -> None:
    ledger.append(request(new_event()))
    with pytest.raises(ConditionFailedError):
        ledger.append(request(new_event(), condition=unless(after=0)))
    ledger.append(request(new_event(), condition=unless(after=1)))


@pytest.fixture
def colliding_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every index key is the same: the worst that a hash can do."""
    for module in (boundary_keys, append_call, ledger_module):
        monkeypatch.setattr(module, "hashed", lambda _name: 7)
    boundary_keys.type_keys.cache_clear()
    yield
    boundary_keys.type_keys.cache_clear()


@pytest.mark.usefixtures("colliding_keys")
def test_a_hash_collision_decides_nothing(ledger: PostgresLedger) -> None:
    """Candidates are re-checked against the real types and tags, in conditions and in reads."""
    ledger.append(request(new_event("Happened", "a:p/1")))
    ledger.append(request(new_event("Other", "b:p/2"), condition=unless(DCBQueryItem(types=["Other"], tags=["b:p/2"]))))
    ledger.append(request(new_event("Else"), condition=unless(DCBQueryItem(types=["Happened"], tags=["b:p/2"]))))
    ledger.append(request(new_event("Else"), condition=unless(DCBQueryItem(tags=["c:p/3"]))))
    with pytest.raises(ConditionFailedError):
        ledger.append(request(new_event(), condition=unless(DCBQueryItem(types=["Happened"]))))
    query = DCBQuery(items=[DCBQueryItem(types=["Other"])])
    assert [each.position for each in ledger.read(query)] == [2]


def test_the_same_idempotency_key_is_recorded_once(ledger: PostgresLedger) -> None:
    first = ledger.append(request(new_event(), new_event(), idempotency=key("k")))
    again = ledger.append(request(new_event(), idempotency=key("k")))
    assert again.replayed
    assert (again.decision_id, again.first_position, again.last_position) == (first.decision_id, 1, 2)
    assert ledger.head() == 2
    assert ledger.find("c", "p", ["k", "l"]) == {"k": (again, b"f" * 32)}
    assert ledger.find("c", "q", ["k"]) == {}


def test_a_replay_wins_over_a_failed_condition(ledger: PostgresLedger) -> None:
    """The request's own events would break its condition when it is sent again."""
    condition = unless(DCBQueryItem(types=["Happened"]))
    ledger.append(request(new_event(), condition=condition, idempotency=key("k")))
    assert ledger.append(request(new_event(), condition=condition, idempotency=key("k"))).replayed


def test_a_key_reused_for_something_else_is_refused(ledger: PostgresLedger) -> None:
    ledger.append(request(new_event(), idempotency=key("k")))
    with pytest.raises(IdempotencyKeyReusedError):
        ledger.append(request(new_event(), idempotency=key("k", b"g" * 32)))
    assert ledger.head() == 1


def test_fifty_at_once_with_one_key_record_once(ledger: PostgresLedger) -> None:
    with ThreadPoolExecutor(50) as threads:
        found = list(threads.map(lambda _n: ledger.append(request(new_event(), idempotency=key("k"))), range(50)))
    assert ledger.head() == 1
    assert sum(not each.replayed for each in found) == 1
    assert len({each.decision_id for each in found}) == 1


def test_a_decision_older_than_five_seconds_is_refused(ledger: PostgresLedger) -> None:
    with pytest.raises(StaleDecisionError):
        ledger.append(request(new_event(), decided_at=datetime.now(UTC) - timedelta(seconds=6)))
    ledger.append(request(new_event(), decided_at=datetime.now(UTC)))
    assert ledger.head() == 1


def test_requests_of_one_batch_that_conflict_do_not_both_pass(ledger: PostgresLedger) -> None:
    """Whatever the writer gathers, one of many requests under the same condition wins."""
    condition = unless(DCBQueryItem(tags=["seat:p/1"]))

    def attempt(_n: int) -> bool:
        try:
            ledger.append(request(new_event("Taken", "seat:p/1"), condition=condition))
        except ConditionFailedError:
            return False
        return True

    with ThreadPoolExecutor(40) as threads:
        assert sum(threads.map(attempt, range(40))) == 1
    assert ledger.head() == 1


def test_one_bad_request_does_not_fail_its_neighbours(database: str, ledger: PostgresLedger) -> None:
    taken = uuid7()
    ledger.append(request(new_event(event_id=taken)))
    lane = Lane(database)
    batch = [
        Pending(request(new_event())),
        Pending(request(new_event(event_id=taken))),
        Pending(request(new_event())),
    ]
    lane.record(batch)
    lane.close()
    assert batch[0].result().first_position == 2
    with pytest.raises(psycopg.errors.UniqueViolation):
        batch[1].result()
    assert batch[2].result().first_position == 3


def test_callers_are_told_while_the_next_batch_is_recorded(database: str) -> None:
    lane = Lane(database)
    first, second = Pending(request(new_event())), Pending(request(new_event()))
    lane.record([first])
    with psycopg.connect(database) as blocker, ThreadPoolExecutor(1) as threads:
        blocker.execute("SELECT FROM ledger.head FOR UPDATE")
        recording = threads.submit(lane.record, [second])
        assert first.result().first_position == 1
        assert not recording.done()
        blocker.rollback()
    lane.close()
    assert second.result().first_position == 2


@pytest.mark.parametrize("tag", ["plain", "team:other/1", "team:pp/1", "team:p1", "Team:p/1", "team:p/Ü", "team:p/"])
def test_an_unscoped_tag_is_refused(ledger: PostgresLedger, tag: str) -> None:
    with pytest.raises(UnscopedTagError):
        ledger.append(request(new_event("Happened", tag)))
    assert ledger.head() == 0


@pytest.mark.parametrize("tag", ["plain", "team:other/1", "team:pp/1"])
def test_the_database_refuses_an_unscoped_tag_too(
    ledger: PostgresLedger, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.storage.writer.require_scoped", lambda *_: None)
    with pytest.raises(psycopg.errors.CheckViolation):
        ledger.append(request(new_event("Happened", tag)))
    assert ledger.head() == 0


def test_recorded_at_never_goes_back(database: str, ledger: PostgresLedger) -> None:
    """Even if the clock does: the head keeps the latest time."""
    ledger.append(request(new_event()))
    later = datetime.now(UTC) + timedelta(hours=1)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("UPDATE ledger.head SET position = position + 1, recorded_at = %s", (later,))
        owner.execute("ALTER TABLE ledger.head DISABLE TRIGGER ALL")
        owner.execute("UPDATE ledger.head SET position = position - 1")
        owner.execute("ALTER TABLE ledger.head ENABLE TRIGGER ALL")
    ledger.append(request(new_event()))
    assert [each.recorded_at for each in ledger.read()][1] == later


_CHANGES = [
    "UPDATE ledger.event SET type = 'Forged'",
    "DELETE FROM ledger.event",
    "TRUNCATE ledger.event",
    "TRUNCATE ledger.event_0",
    "UPDATE ledger.event_0 SET type = 'Forged'",
    "DELETE FROM ledger.boundary_index",
    "TRUNCATE ledger.boundary_index_0",
    "DELETE FROM ledger.event_id",
    "TRUNCATE ledger.event_id",
    "UPDATE ledger.idempotency SET key = 'x'",
    "TRUNCATE ledger.idempotency",
    "UPDATE ledger.head SET position = 0",
    "DELETE FROM ledger.head",
    "TRUNCATE ledger.head",
]


@pytest.mark.parametrize("statement", _CHANGES)
def test_nobody_changes_what_is_recorded(database: str, ledger: PostgresLedger, statement: str) -> None:
    """The service's role lacks the right; whoever has it meets a trigger."""
    ledger.append(request(new_event("Happened", "a:p/1"), idempotency=key("k")))
    for role in ("sillok_service", "postgres"):
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"SET ROLE {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    assert [each.type for each in ledger.read()] == ["Happened"]


def test_the_service_cannot_insert_past_the_append_function(database: str, ledger: PostgresLedger) -> None:
    ledger.append(request(new_event()))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET ROLE sillok_service")
        for table in ("event", "event_id", "boundary_index", "idempotency", "head"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"INSERT INTO ledger.{table} SELECT * FROM ledger.{table}")


def test_reading_by_programme_sees_that_programme_only(ledger: PostgresLedger) -> None:
    ledger.append(request(new_event(programme="p"), new_event(programme="q"), new_event(programme="p")))
    found = ledger.read_programme("p")
    assert [each.position for each in found] == [1, 3]
    assert found.head == 3
    assert [each.position for each in ledger.read_programme("p", after=1)] == [3]
    assert [each.position for each in ledger.read_programme("p", upto=2)] == [1]


def test_a_closed_ledger_takes_nothing(database: str) -> None:
    opened = PostgresLedger(database)
    opened.close()
    with pytest.raises(LedgerUnavailableError) as caught:
        opened.append(request(new_event()))
    assert not caught.value.outcome_unknown
