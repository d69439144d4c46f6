"""Durable appends of one event a second, with the condition of the decision, by 1, 16 and 64 writers.

Every system is given the same bytes, made before the clock starts, on one disk, and answers when they are durable;
those in PostgreSQL share one server. pgbench and the raw insert check no condition; message-db, emmett and
eventsourcing's application recorder check a stream's version; the others check the whole of what `submit-score` depends
on.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Final

from ops.bench.results import Row
from ops.bench.rounds import Case, rounds, rows_of
from ops.bench.setting import Setting
from ops.bench.systems import Opens, emmett, eventsourcing, message_db, or_reason, postgres, sillok, umadb

CLIENTS: Final = (1, 16, 64)
ROUNDS: Final = 5
SECONDS: Final = 2.0
REFERENCE: Final = "raw insert, psycopg"
SYSTEMS: Final[dict[str, Opens]] = {
    "sillok": sillok.appends,
    REFERENCE: postgres.appends,
    "raw insert, pgbench": postgres.pgbench_appends,
    "UmaDB": umadb.appends,
    "eventsourcing, DCB": eventsourcing.dcb_appends,
    "eventsourcing, application": eventsourcing.application_appends,
    "message-db": message_db.appends,
    "emmett": emmett.appends,
}


def measure(setting: Setting) -> list[Row]:
    """A row for each system and number of writers."""
    with ExitStack() as stack:
        server = stack.enter_context(setting.server())
        rates = {name: stack.enter_context(or_reason(opens(setting, server))) for name, opens in SYSTEMS.items()}
        turns = {
            Case(name, clients=clients): partial(rate, clients, setting.seconds(SECONDS))
            for clients in CLIENTS
            for name, rate in rates.items()
        }
        figures = rounds(turns, setting.rounds(ROUNDS))
    return rows_of(figures, "append", "events/s", reference=lambda case: case._replace(system=REFERENCE))
