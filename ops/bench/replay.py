"""Events a second, read from the ledger, decoded and folded into standings.

Beside it what PostgreSQL takes to hand out the same rows as a binary COPY, and what others take to hand out as many
events of the same bytes, which they neither decode nor fold.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from itertools import chain
from typing import Final

import psycopg
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT

from domain.views import MemoryRows
from domain.views.standings import STANDINGS
from ops.bench import competition
from ops.bench.results import Row
from ops.bench.rounds import Case, rounds, rows_of, timed
from ops.bench.setting import Server, Setting
from ops.bench.systems import eventsourcing, or_reason, umadb
from ops.bench.workload import PROGRAMME, sheets
from service.application.projecting import occurrences
from service.storage.ledger import PostgresLedger

SCORES: Final = 1_000_000
ROUNDS: Final = 5
BATCH: Final = 2_000
REFERENCE: Final = "COPY TO STDOUT, binary"
COPY: Final = "COPY (SELECT * FROM ledger.event ORDER BY position) TO STDOUT (FORMAT binary)"

Replay = Callable[[], object]


def replay(ledger: PostgresLedger) -> None:
    """What is measured: the standings of the programme, folded anew from its first event."""
    pages = ledger.stream(PROGRAMME, envelopes=STANDINGS.envelopes, times=STANDINGS.times)
    STANDINGS.fold(MemoryRows(), occurrences(chain.from_iterable(pages)))


def read(ledger: PostgresLedger) -> None:
    """The same events with their envelopes, only read."""
    for _page in ledger.stream(PROGRAMME):
        pass


def copy(url: str) -> None:
    with psycopg.connect(url) as connection, connection.cursor().copy(COPY) as copying:
        for _block in copying:
            pass


@contextmanager
def dcb(_setting: Setting, server: Server, events: int) -> Iterator[Replay]:
    """`PostgresDCBRecorderTT.read` of everything, in pages: it holds in memory what it answers."""
    with eventsourcing.datastore(server.database("dcb_replay")) as store:
        recorder = PostgresDCBRecorderTT(store)
        recorder.create_table()
        new = (eventsourcing.dcb_event(each) for each in itertools.islice(sheets(), events))
        while batch := list(itertools.islice(new, BATCH)):
            recorder.append(batch)

        def read_all() -> None:
            after: int | None = 0
            while after is not None:
                page = recorder.read(after=after, limit=BATCH)
                after = page.head if sum(1 for _event in page) else None

        yield read_all


@contextmanager
def uma(setting: Setting, server: Server, events: int) -> Iterator[Replay]:
    """UmaDB's `read` of everything, batch by batch."""
    with umadb.running(setting, server, "umadb_replay") as (module, address):
        client = module.Client(address)
        new = (umadb.event(module, each) for each in itertools.islice(sheets(), events))
        while batch := list(itertools.islice(new, BATCH)):
            client.append(batch)

        def read_all() -> None:
            response = client.read()
            while response.next_batch():
                pass

        yield read_all


def measure(setting: Setting) -> list[Row]:
    """A row for each system."""
    scores = setting.events(SCORES)
    with ExitStack() as stack:
        server = stack.enter_context(setting.server())
        url = server.database("replay")
        events = competition.fill(url, scores)
        ledger = PostgresLedger(url)
        stack.callback(ledger.close)
        systems: dict[str, Replay] = {
            "sillok: read, decode, fold": partial(replay, ledger),
            "sillok: read": partial(read, ledger),
            REFERENCE: partial(copy, url),
        }
        peers: dict[str, AbstractContextManager[Replay]] = {
            "UmaDB: read": uma(setting, server, events),
            "eventsourcing, DCB: read": dcb(setting, server, events),
        }
        systems |= {name: stack.enter_context(or_reason(opened)) for name, opened in peers.items()}
        turns = {Case(name, events): partial(_rate, work, events) for name, work in systems.items()}
        figures = rounds(turns, setting.rounds(ROUNDS))
    return rows_of(figures, "replay", "events/s", reference=lambda case: case._replace(system=REFERENCE))


def _rate(work: Replay, events: int) -> float:
    return events / timed(work)
