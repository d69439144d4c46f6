"""Peak memory of API and worker while the worker folds a ledger from its first event, and people read the views.

On the whole service, once: of the processes that each consists of, the one that had most. Linux keeps the peak itself.
"""

from __future__ import annotations

import threading
import time
from typing import Final

import httpx
import psycopg

from ops.bench import competition
from ops.bench.machine import peak_megabytes, started_with
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, rows_of
from ops.bench.service import run_service, watch
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME
from service.settings import Settings

SCORES: Final = 1_000_000
PATIENCE: Final = 1800.0
READ: Final = ("standings?stage=stage-1", "audit-trail?limit=100")
PARTS: Final = {"sillok, API": "granian", "sillok, worker": "worker"}
"""Who → an argument that its processes were started with."""


def measure(setting: Setting) -> list[Row]:
    """A row for API and worker each, and one for how long it took."""
    peaks: dict[str, float] = dict.fromkeys(PARTS, 0.0)
    with setting.server() as server, setting.folder() as home:
        url = server.database("memory")
        events = competition.fill(url, setting.events(SCORES))
        began = time.monotonic()

        def work(settings: Settings) -> None:
            done = threading.Event()
            reader = threading.Thread(target=_read, args=(settings.address, done))
            reader.start()
            try:
                with psycopg.connect(url, autocommit=True) as connection:
                    watch(connection, events, PATIENCE)
                peaks.update({name: _peak(argument) for name, argument in PARTS.items()})
            finally:
                done.set()
                reader.join()

        run_service(url, home, work)
    seconds = time.monotonic() - began
    return [
        *rows_of(Figures({Case(name, events): [peak] for name, peak in peaks.items()}), "memory of a rebuild", "MB"),
        *rows_of(Figures({Case("sillok", events): [seconds]}), "memory of a rebuild, time", "s"),
    ]


def _peak(argument: str) -> float:
    """The highest peak of processes that were started with an argument."""
    return max(peak_megabytes(each.pid) for each in started_with(argument))


def _read(url: str, done: threading.Event) -> None:
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        while not done.wait(1):
            for view in READ:
                client.get(f"/v1/programmes/{PROGRAMME}/{view}")
