"""Events a second, folded from the first one into standings and audit trail, both as rows in PostgreSQL.

Each view by a process of its own, as the two processes of a worker do.
Beside it the eventsourcing library's `ProjectionRunner`, which keeps the same of each score: it is given fewer events,
since it takes a transaction for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from typing import Final

import psycopg

from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.standings import STANDINGS
from ops.bench import competition
from ops.bench.results import Row
from ops.bench.rounds import Case, rounds, rows_of, timed
from ops.bench.setting import Setting
from ops.bench.systems import eventsourcing_projection
from ops.bench.workload import PROGRAMME
from service.application.projecting import AdvanceProjection
from service.application.rebuilding import REBUILD_BATCH, view_named
from service.storage.ledger import PostgresLedger
from service.storage.views import PostgresViewStore

SCORES: Final = 1_000_000
FEWER: Final = 10_000
ROUNDS: Final = 5
PROCESSES: Final = 2
VIEWS: Final = (AUDIT_TRAIL.name, STANDINGS.name)
REFERENCE: Final = "eventsourcing, ProjectionRunner"

RebuildEach = Callable[[str, Iterable[str]], None]
"""Of a database, so many views."""


def rebuild(url: str, view: str) -> None:
    """A view of the programme, from nothing to the head."""
    found = view_named(view)
    assert found is not None
    ledger, store = PostgresLedger(url), PostgresViewStore(url)
    advance = AdvanceProjection(ledger, store)
    try:
        while advance(found, PROGRAMME, batch=REBUILD_BATCH).outcome == "advanced":
            pass
    finally:
        ledger.close()
        store.close()


@contextmanager
def rebuilding() -> Iterator[RebuildEach]:
    """What is measured: several views, by two processes, which are there already as those of a worker are."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as processes:
        for started in [processes.submit(view_named, "standings") for _each in range(PROCESSES)]:
            started.result()

        def rebuild_each(url: str, views: Iterable[str]) -> None:
            for done in [processes.submit(rebuild, url, view) for view in views]:
                done.result()

        yield rebuild_each


def forget(url: str) -> None:
    """Leave no row and no position of any view."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE views.row, views.past, views.build")


def measure(setting: Setting) -> list[Row]:
    """A row for each system."""
    fewer = setting.events(FEWER)
    with ExitStack() as stack:
        server = stack.enter_context(setting.server())
        url = server.database("rebuild")
        events = competition.fill(url, setting.events(SCORES))
        rebuild_each = stack.enter_context(rebuilding())
        projected = stack.enter_context(eventsourcing_projection.filled(server, fewer))

        def sillok() -> float:
            forget(url)
            return events / timed(lambda: rebuild_each(url, VIEWS))

        def library() -> float:
            return fewer / timed(lambda: eventsourcing_projection.project(projected, fewer))

        reference = Case(REFERENCE, fewer)
        turns = {Case("sillok", events): sillok, reference: library}
        figures = rounds(turns, setting.rounds(ROUNDS))
    return rows_of(figures, "rebuild", "events/s", reference=lambda _case: reference)
