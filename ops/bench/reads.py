"""Standings a second over HTTP, whole (200) and where the reader has them already (304), by 1 and 16 connections.

On the whole service as `make run` starts it, for an agency, of a stage that is scored; nothing is decided meanwhile.
Beside it, in turn, a route of the same server that answers a few bytes of JSON, asked by the same load generator.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import urlsplit

import httpx
import psycopg

from ops.bench import competition
from ops.bench.http_load import Load, Report, send
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, percentile, rounds, rows_of
from ops.bench.service import key_of, run_service, watch
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME, STAGE
from service.settings import Settings

SCORES: Final = 15_000
"""Of ten teams."""
REQUESTS: Final = {1: 30, 16: 96}
"""Connections → standings of a turn."""
ROUTE: Final = 2_000
"""Requests of a turn for a few bytes."""
ROUNDS: Final = 3
PATIENCE: Final = 120.0
MEASURE: Final = "standings over HTTP"
REFERENCE: Final = "sillok, GET /health/live"
STANDINGS: Final = f"/v1/programmes/{PROGRAMME}/standings?stage={STAGE}"


class Running:
    """The running service, asked again and again by one agency."""

    def __init__(self, settings: Settings) -> None:
        self._at = urlsplit(settings.address)
        self._key = f"Bearer {key_of(settings, 'agency', 'nipa')}"
        with httpx.Client(base_url=settings.address, trust_env=False, timeout=30) as client:
            shown = client.get(STANDINGS, headers={"Authorization": self._key, "Accept-Encoding": "identity"})
        self.etag = shown.raise_for_status().headers["ETag"]
        self.latencies: dict[Case, list[float]] = {}

    def standings(self, case: Case, number: int, status: int, **headers: str) -> float:
        """So many a second, each answered with that status."""
        report = self._send(case.clients, STANDINGS, number, status, Authorization=self._key, **headers)
        for percent in (50, 99):
            of = case._replace(system=f"{case.system}, p{percent}")
            self.latencies.setdefault(of, []).append(1000 * percentile(report.latencies, percent))
        return number / report.seconds

    def route(self, clients: int, number: int) -> float:
        """So many requests for a few bytes, and how many a second were answered."""
        return number / self._send(clients, "/health/live", number, 200).seconds

    def _send(self, clients: int, path: str, number: int, status: int, **headers: str) -> Report:
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        request = "\r\n".join([*lines, f"Host: {self._at.netloc}", "", ""]).encode()
        return send(Load(self._at.hostname or "", self._at.port or 0, clients, status, [request] * number))


def measure(setting: Setting) -> list[Row]:
    """Rows for the rates, and for p50 and p99 of an answer."""
    numbers = {clients: max(clients, setting.events(number)) for clients, number in REQUESTS.items()}
    figures: list[Row] = []
    with setting.server() as server, setting.folder() as home:
        url = server.database("reads")
        events = competition.fill(url, setting.events(SCORES))

        def work(settings: Settings) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                watch(connection, events, PATIENCE)
            running = Running(settings)
            turns = {}
            for clients, number in numbers.items():
                whole, known = (Case(f"sillok, {status}", events, clients) for status in (200, 304))
                turns[whole] = partial(running.standings, whole, number, 200)
                turns[known] = partial(running.standings, known, number, 304, **{"If-None-Match": running.etag})
                turns[Case(REFERENCE, events, clients)] = partial(
                    running.route, clients, max(clients, setting.events(ROUTE))
                )
            rounds(turns, 1)  # connections and plans are made
            running.latencies.clear()
            rates = rounds(turns, setting.rounds(ROUNDS))
            figures.extend(
                [
                    *rows_of(rates, MEASURE, "1/s", reference=lambda case: case._replace(system=REFERENCE)),
                    *rows_of(Figures(running.latencies), f"{MEASURE}, latency", "ms"),
                ]
            )

        run_service(url, home, work)
    return figures
