"""Events a second into a bundle, as `sillok export` makes it over HTTP with an auditor's key: every event in full.

On the whole service as `make run` starts it, once it has sealed the ledger by itself. Beside it, in turn, what
PostgreSQL takes to hand out the same rows as a binary COPY.
"""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from ops.bench import competition
from ops.bench.replay import REFERENCE, copy
from ops.bench.results import Row
from ops.bench.rounds import Case, rounds, rows_of, timed
from ops.bench.service import key_of, run_service, sealed_size, watch
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME
from service.cli.bundles import make_bundle
from service.client import ApiKey, Sillok
from service.settings import Settings

SCORES: Final = 200_000
ROUNDS: Final = 5
PATIENCE: Final = 600.0


def bundle(settings: Settings, key: str, folder: Path) -> None:
    """What is measured: the whole of it, in a folder that is empty."""
    with Sillok(settings.address, ApiKey(key)) as sillok:
        make_bundle(sillok, PROGRAMME, folder, lambda _done, _of: None)


def measure(setting: Setting) -> list[Row]:
    """A row each."""
    figures: list[Row] = []
    with setting.server() as server, setting.folder() as home:
        url = server.database("export")
        events = competition.fill(url, setting.events(SCORES))
        folders = (home / f"bundle-{number}" for number in itertools.count())

        def work(settings: Settings) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                watch(connection, events, PATIENCE)
                sealed_size(connection, PATIENCE)
            key = key_of(settings, "auditor", "auditor")
            turns = {
                Case("sillok export", events): lambda: events / timed(partial(bundle, settings, key, next(folders))),
                Case(REFERENCE, events): lambda: events / timed(partial(copy, url)),
            }
            rounds(turns, 1)  # connections and plans are made
            rates = rounds(turns, setting.rounds(ROUNDS))
            figures.extend(rows_of(rates, "export", "events/s", reference=lambda _case: Case(REFERENCE, events)))

        run_service(url, home / "home", work)
    return figures
