"""What becomes of each request of a batch, though their conditions are first looked at as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import msgspec
import psycopg
import pytest
from eventsourcing.dcb.api import DCBQueryItem

from domain.boundary import QueryItem
from service.application.ports import AppendRequest, NewEvent
from service.storage.append_call import Answer, AppendCall, Prepared, Refused
from service.storage.connections import service_conninfo
from tests.contract.test_ledger import key, new_event, request, unless

CHARTER = DCBQueryItem(types=["Published", "Amended"], tags=["programme:p"])
TYPES = ("Published", "Amended", "Scored", "Closed")
SETS: Final[tuple[list[str], ...]] = ([], ["Published", "Amended"], ["Published"], ["Closed", "Amended"], ["Scored"])
"""Few, so that requests of a batch share them."""
TAGS = ("stage:p/1", "stage:p/2", "sheet:p/1/long")


@pytest.fixture
def record(database: str) -> Iterator[AppendCall]:
    with psycopg.connect(service_conninfo(database), autocommit=True) as connection:
        yield AppendCall(connection)


def recorded(record: AppendCall, *requests: AppendRequest) -> Answer:
    return record([Prepared(each) for each in requests])


def scored(sheet: str, *items: DCBQueryItem, after: int) -> AppendRequest:
    return request(new_event("Scored", f"sheet:p/{sheet}"), condition=unless(CHARTER, *items, after=after))


def types_of(record: AppendCall) -> list[str]:
    rows = record.connection.execute("SELECT type FROM ledger.event ORDER BY position").fetchall()
    return [type_ for (type_,) in rows]


@pytest.mark.parametrize("late", [1, 2, 3])
def test_of_a_batch_only_the_request_that_was_overtaken_is_refused(record: AppendCall, late: int) -> None:
    """All depend on the charter; one of them read it before it was amended, wherever in the batch it is."""
    recorded(record, request(new_event("Published", "programme:p"), new_event("Amended", "programme:p")))
    answer = recorded(record, *(scored(str(n), after=1 if n == late else 2) for n in (1, 2, 3)))
    assert answer == Answer(2, {late: Refused(status="conflict", position=2)})
    assert types_of(record) == ["Published", "Amended", "Scored", "Scored"]
    found = record.connection.execute("SELECT position, tags FROM ledger.event WHERE position > 2 ORDER BY position")
    assert found.fetchall() == [
        (3, ["sheet:p/2" if late == 1 else "sheet:p/1"]),
        (4, ["sheet:p/2" if late == 3 else "sheet:p/3"]),
    ]


def test_a_replay_beside_a_broken_condition_stays_a_replay(record: AppendCall) -> None:
    """Its own event, and what came since, break its condition; a key that is reused and a stale decision stay so."""
    own = DCBQueryItem(types=["Scored"], tags=["sheet:p/1"])
    first = request(new_event("Scored", "sheet:p/1"), condition=unless(CHARTER, own, after=0), idempotency=key("first"))
    recorded(record, first)
    recorded(record, request(new_event("Amended", "programme:p")))
    condition = unless(CHARTER, own, after=0)
    answer = recorded(
        record,
        scored("2", after=2),
        first,
        request(new_event(), condition=condition, idempotency=key("first", b"g" * 32)),
        request(new_event(), condition=condition, decided_at=datetime.now(UTC) - timedelta(seconds=6)),
        scored("3", after=1),
        scored("4", after=2),
    )
    replayed = Refused(status="replayed", decision_id=str(first.decision_id), first_position=1, last_position=1)
    assert answer == Answer(
        2,
        {
            2: replayed,
            3: msgspec.structs.replace(replayed, status="reused"),
            4: Refused(status="stale"),
            5: Refused(status="conflict", position=2),
        },
    )
    assert types_of(record) == ["Scored", "Amended", "Scored", "Scored"]


def test_items_without_types_are_decided_as_before_whether_or_not_another_may_be_broken(record: AppendCall) -> None:
    recorded(record, request(new_event("Published", "programme:p"), new_event("Closed", "stage:p/1")))
    stage, every = DCBQueryItem(tags=["stage:p/1"]), DCBQueryItem()

    def untyped() -> list[AppendRequest]:
        return [
            request(new_event(), condition=unless(stage, after=1)),
            request(new_event(), condition=unless(stage, after=2)),
            request(new_event(), condition=unless(every, after=1)),
        ]

    refused = {1: Refused(status="conflict", position=2)}
    assert recorded(record, *untyped()) == Answer(2, {**refused, 3: Refused(status="conflict", position=2)})
    beside = {**refused, 3: Refused(status="conflict", position=3), 4: Refused(status="conflict", position=1)}
    assert recorded(record, *untyped(), scored("1", after=0)) == Answer(3, beside)


def test_an_interrupted_call_gives_its_connection_up(record: AppendCall) -> None:
    """Its answer would be taken for that of the next call."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record([Prepared(request(new_event()))], interrupt)
    assert record.connection.closed


def test_what_nobody_broke_is_one_call_whatever_else_was_recorded(
    record: AppendCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same types for others, of other types for the same; a broken condition takes a second call."""
    calls, called = 0, AppendCall._called

    def counted(self: AppendCall, parameters: list[bytes | None], meanwhile: Callable[[], None]) -> Answer | None:
        nonlocal calls
        calls += 1
        return called(self, parameters, meanwhile)

    monkeypatch.setattr(AppendCall, "_called", counted)
    recorded(record, request(new_event("Closed", "programme:p"), new_event("Amended", "programme:q", programme="q")))
    recorded(record, *(scored(str(n), after=0) for n in range(5)))
    assert calls == 2
    recorded(record, request(new_event("Amended", "programme:p")))
    recorded(record, scored("6", after=7))
    assert calls == 5


@pytest.mark.parametrize("seed", range(4))
def test_any_batch_is_decided_as_its_requests_one_by_one(record: AppendCall, seed: int) -> None:
    """Against the rule itself: refused is what an event that matches and came after `after` breaks, by the first."""
    random, history = Random(seed), list[NewEvent]()
    for _batch in range(25):
        batch: list[Prepared] = []
        for _request in range(random.randint(1, 8)):
            new = Prepared(
                request(
                    *(_event(random) for _ in range(random.randint(1, 2))),
                    condition=unless(
                        *(_item(random) for _ in range(random.randint(1, 3))),
                        after=max(0, len(history) - random.choice((0, 0, 1, 2, 4, 20))),
                    ),
                )
            )
            if not any(new.matches(each) for each in batch):  # the writer gathers no others
                batch.append(new)
        broken = {n: at for n, each in enumerate(batch, start=1) if (at := _breaks(each, history))}
        expected = {n: Refused(status="conflict", position=at) for n, at in broken.items()}
        assert record(batch) == Answer(len(history), expected)
        for n, each in enumerate(batch, start=1):
            history += [] if n in broken else each.request.events
    rows = record.connection.execute("SELECT event_id FROM ledger.event ORDER BY position").fetchall()
    assert [event_id for (event_id,) in rows] == [event.event_id for event in history]


def _event(random: Random) -> NewEvent:
    return new_event(random.choice(TYPES), *random.sample(TAGS, random.randint(0, 2)))


def _item(random: Random) -> DCBQueryItem:
    return DCBQueryItem(types=random.choice(SETS), tags=random.sample(TAGS, random.choice((0, 1, 1, 2))))


def _breaks(prepared: Prepared, history: list[NewEvent]) -> int:
    """The first position that breaks its condition, or 0. An item that every event matches names the last."""
    named = [item for item in prepared.items if item != QueryItem()]
    positions = [
        at
        for at, event in enumerate(history, start=1)
        if at > prepared.after and any(item.matches(event.type, event.tags) for item in named)
    ]
    if len(named) < len(prepared.items) and len(history) > prepared.after:
        positions.append(len(history))
    return min(positions, default=0)
