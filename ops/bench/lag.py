"""From the commit of a decision until standings and audit trail show it, at two hundred decisions a second.

On the whole service, with Celery and Redis: a process of its own sends `submit-score` through the API at a steady rate,
whether or not answers come. The time of the commit is the event's `recorded_at`, taken just before; the views are
looked at every two milliseconds.
"""

from __future__ import annotations

import bisect
import itertools
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx
import msgspec
import psycopg

from domain.score_events import ScoreSubmitted
from ops.bench import competition
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, percentile, rows_of
from ops.bench.service import agency_key, head_of, run_service, watch
from ops.bench.setting import Setting
from ops.bench.workload import COMMAND, PROGRAMME
from service.settings import Settings
from service.storage.identifiers import uuid7

RATE: Final = 200
"""Decisions a second."""
SECONDS: Final = 6.0
ROUNDS: Final = 5
CLIENTS: Final = 32
PATIENCE: Final = 120.0
OF_LOAD: Final = """
    SELECT position, extract(epoch FROM recorded_at)::float8 FROM ledger.event
    WHERE position > %s AND type = %s ORDER BY position
"""


def load(url: str, key: str, begins: int, number: int) -> None:
    """Send so many of the competition's sheets, from a certain one on, one every 1/RATE seconds."""
    sheets = itertools.islice(competition.sheets(begins + number), begins, None)
    limits = httpx.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
    with httpx.Client(base_url=url, trust_env=False, timeout=30, limits=limits) as client:

        def send(sheet: ScoreSubmitted) -> None:
            client.post(
                f"/v1/programmes/{PROGRAMME}/decisions/submit-score",
                content=msgspec.json.encode({name: getattr(sheet, name) for name in COMMAND}),
                headers={
                    "Authorization": f"Bearer {key}",
                    "Idempotency-Key": uuid7().hex,
                    "Content-Type": "application/json",
                },
            ).raise_for_status()

        with ThreadPoolExecutor(CLIENTS) as threads:
            began, sent = time.perf_counter(), []
            for at, sheet in enumerate(sheets):
                time.sleep(max(0.0, began + at / RATE - time.perf_counter()))
                sent.append(threads.submit(send, sheet))
        for each in sent:
            each.result()


def measure(setting: Setting) -> list[Row]:
    """Rows for p50 and p99, each the median of the rounds, and for the decisions a second that were taken."""
    number = int(RATE * setting.seconds(SECONDS))
    times = setting.rounds(ROUNDS)
    sizes = {"size": number, "clients": CLIENTS}
    p50, p99, taken = Case("sillok, p50", **sizes), Case("sillok, p99", **sizes), Case("sillok", **sizes)
    lags, rates = Figures({p50: [], p99: []}), Figures({taken: []})
    with setting.server() as server, setting.folder() as home:
        url = server.database("lag")
        competition.open_stage(url, number * (times + 1)).close()

        def work(settings: Settings) -> None:
            key = agency_key(settings, "nipa")
            for each in range(times + 1):
                seen, recorded = _round(url, [settings.address, key, str(each * number), str(number)])
                if each:  # the first warms up
                    lags.values[p50].append(percentile(delays(seen, recorded), 50))
                    lags.values[p99].append(percentile(delays(seen, recorded), 99))
                    rates.values[taken].append((len(recorded) - 1) / (recorded[-1][1] - recorded[0][1]))

        run_service(url, home, work)
    return [*rows_of(lags, "lag", "ms"), *rows_of(rates, "lag, decisions taken", "1/s")]


def delays(seen: list[tuple[float, int]], recorded: list[tuple[int, float]]) -> list[float]:
    """Milliseconds from the commit of each position until one at or after it was seen."""
    positions = [position for _time, position in seen]
    return [1000 * (seen[bisect.bisect_left(positions, position)][0] - at) for position, at in recorded]


def _round(url: str, load_arguments: list[str]) -> tuple[list[tuple[float, int]], list[tuple[int, float]]]:
    """When which position was visible, and which position was committed when, under one load."""
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
        return seen, connection.execute(OF_LOAD, (head, ScoreSubmitted.TYPE)).fetchall()


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
