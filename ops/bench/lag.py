"""From the commit of a decision until standings and audit trail show it, and until a checkpoint covers it, at two
hundred decisions a second.

On the whole service, with Celery and Redis: a process of its own sends `submit-score` through the API at a steady rate,
whether or not answers come. The time of the commit is the event's `recorded_at`, taken just before; the views are
looked at every two milliseconds. A checkpoint counts from when its row is written, just before it can be read.
"""

from __future__ import annotations

import bisect
import itertools
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from domain.score_events import ScoreSubmitted
from ops.bench import competition
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, percentile, rows_of
from ops.bench.service import head_of, key_of, run_service, watch
from ops.bench.setting import Setting
from ops.bench.steady import CLIENTS, send
from ops.bench.workload import COMMAND
from service.settings import Settings

RATE: Final = 200
"""Decisions a second."""
SECONDS: Final = 6.0
ROUNDS: Final = 5
PATIENCE: Final = 120.0
OF_LOAD: Final = """
    SELECT position, extract(epoch FROM recorded_at)::float8 FROM ledger.event
    WHERE position > %s AND type = %s ORDER BY position
"""
OF_SEALING: Final = """
    SELECT c.size, extract(epoch FROM c.signed_at)::float8 FROM seal.checkpoint c WHERE c.size > %s ORDER BY c.size
"""


def load(url: str, key: str, begins: int, number: int) -> None:
    """Send so many of the competition's sheets, from a certain one on, one every 1/RATE seconds."""
    sheets = itertools.islice(competition.sheets(begins + number), begins, None)
    send(url, key, "submit-score", RATE, ({name: getattr(each, name) for name in COMMAND} for each in sheets))


def measure(setting: Setting) -> list[Row]:
    """Rows for p50 and p99 of both, each the median of the rounds, and for the decisions a second that were taken."""
    number = int(RATE * setting.seconds(SECONDS))
    times = setting.rounds(ROUNDS)
    lags, rates = Figures(), Figures()
    with setting.server() as server, setting.folder() as home:
        url = server.database("lag")
        competition.open_stage(url, number * (times + 1)).close()

        def keep(figures: Figures, system: str, value: float) -> None:
            figures.values.setdefault(Case(system, size=number, clients=CLIENTS), []).append(value)

        def work(settings: Settings) -> None:
            key = key_of(settings, "agency", "nipa")
            for each in range(times + 1):
                found = _round(url, [settings.address, key, str(each * number), str(number)])
                if each == 0:  # it warms up
                    continue
                for system, seen in (("sillok", found.visible), ("sillok, sealed", found.sealed)):
                    for percent in (50, 99):
                        keep(lags, f"{system}, p{percent}", percentile(delays(seen, found.recorded), percent))
                seconds = found.recorded[-1][1] - found.recorded[0][1]
                keep(rates, "sillok", (len(found.recorded) - 1) / seconds)

        run_service(url, home, work)
    return [*rows_of(lags, "lag", "ms"), *rows_of(rates, "lag, decisions taken", "1/s")]


def delays(seen: list[tuple[float, int]], recorded: list[tuple[int, float]]) -> list[float]:
    """Milliseconds from the commit of each position until one at or after it was seen."""
    positions = [position for _time, position in seen]
    return [1000 * (seen[bisect.bisect_left(positions, position)][0] - at) for position, at in recorded]


@dataclass(frozen=True)
class Round:
    """`visible`, `sealed`: up to which position, when. `recorded`: which position was committed when."""

    visible: list[tuple[float, int]]
    sealed: list[tuple[float, int]]
    recorded: list[tuple[int, float]]


def _round(url: str, load_arguments: list[str]) -> Round:
    """What came of one load."""
    with psycopg.connect(url, autocommit=True) as connection:
        head = head_of(connection)
        sending = subprocess.Popen([sys.executable, "-m", __name__, *load_arguments])
        try:
            seen = watch(connection, lambda: None if sending.poll() is None else head_of(connection), PATIENCE)
        finally:
            sending.kill()
            sending.wait()
        if sending.returncode:
            raise NotMeasuredError("the load was not taken whole")
        recorded = connection.execute(OF_LOAD, (head, ScoreSubmitted.TYPE)).fetchall()
        return Round(seen, _sealed(connection, head, recorded[-1][0]), recorded)


def _sealed(connection: psycopg.Connection[Any], after: int, upto: int) -> list[tuple[float, int]]:
    """When which position was covered by a checkpoint, until `upto` is."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [(when, size) for size, when in connection.execute(OF_SEALING, (after,))]
        if found and found[-1][1] >= upto:
            return found
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"not sealed after {PATIENCE:.0f} s")
        time.sleep(0.05)


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
