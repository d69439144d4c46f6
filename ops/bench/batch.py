"""Events a second, appended 100 and 10,000 at a time under one condition, by one writer.

Beside them the same rows, inserted into a table with a primary key and nothing else. The requests are made before the
clock starts; what a system's client does to send them counts.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Final

from ops.bench.results import Row
from ops.bench.rounds import Case, rounds, rows_of
from ops.bench.setting import Setting
from ops.bench.systems import OpensBatches, eventsourcing, or_reason, postgres, sillok, umadb

REQUESTS: Final = {100: 100, 10_000: 3}
"""Events of a request → requests of a turn."""
ROUNDS: Final = 5
REFERENCE: Final = "raw insert, unnest"
SYSTEMS: Final[dict[str, OpensBatches]] = {
    "sillok": sillok.batches,
    REFERENCE: postgres.unnest_batches,
    "raw insert, COPY": postgres.copy_batches,
    "UmaDB": umadb.batches,
    "eventsourcing, DCB": eventsourcing.dcb_batches,
}


def measure(setting: Setting) -> list[Row]:
    """A row for each system and size of request."""
    with ExitStack() as stack:
        server = stack.enter_context(setting.server())
        rates = {name: stack.enter_context(or_reason(opens(setting, server))) for name, opens in SYSTEMS.items()}
        turns = {
            Case(name, size=size): partial(rate, size, setting.few(number))
            for size, number in REQUESTS.items()
            for name, rate in rates.items()
        }
        rounds(turns, 1)  # connections and plans are made
        figures = rounds(turns, setting.rounds(ROUNDS))
    return rows_of(figures, "batch append", "events/s", reference=lambda case: case._replace(system=REFERENCE))
