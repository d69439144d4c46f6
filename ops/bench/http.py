"""Decisions a second over HTTP, each with token, mandate, boundary and durable commit, by 1, 16 and 64 connections.

On the whole service as `make run` starts it, its worker folding what is decided. Beside it, in turn: a route of the
same server that answers a few bytes of JSON, asked by the same load generator, and rows of the same bytes inserted into
the same PostgreSQL, each committed alone. Requests are made before the clock starts and sent by a process of their
own; a turn begins once the views show all that was decided. Processor time is that of a decision, by process.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import psycopg

from domain.score_events import ScoreSubmitted
from ops.bench import competition
from ops.bench.http_load import Load, Report, send
from ops.bench.machine import processor_seconds
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, percentile, rounds, rows_of
from ops.bench.service import head_of, run_service, watch
from ops.bench.setting import Setting
from ops.bench.systems import postgres
from ops.bench.token_client import TokenClient
from ops.bench.workload import COMMAND, PROGRAMME
from service.settings import Settings
from service.storage.identifiers import uuid7

REQUESTS: Final = {1: 200, 16: 1_600, 64: 3_200}
"""Connections → requests of a turn."""
ROUNDS: Final = 5
SECONDS: Final = 2.0
"""Of a turn of inserts."""
PATIENCE: Final = 120.0
MEASURE: Final = "decisions over HTTP"
REFERENCE: Final = "raw insert, psycopg"
PROCESSES: Final = {"API": "granian", "PostgreSQL": "postgres", "worker and beat": "celery", "Redis": "redis-server"}
"""Who → an argument, or the program, that its processes were started with."""


class Running:
    """The running service under load, and what a decision took in each turn, in milliseconds."""

    def __init__(self, settings: Settings, connection: psycopg.Connection[Any], decisions: int) -> None:
        self._at = urlsplit(settings.address)
        self._client = TokenClient(settings, "nipa")
        self._connection = connection
        self._sheets = competition.sheets(decisions)
        self.latencies: dict[Case, list[float]] = {}
        self.costs: dict[Case, list[float]] = {}

    def decisions(self, clients: int, number: int) -> float:
        """So many decisions, and how many a second were taken."""
        token = self._client.token()
        requests = [self._decision(sheet, token) for sheet in itertools.islice(self._sheets, number)]
        before = processor_seconds(PROCESSES)
        report = self._send(clients, requests, status=201)
        after = processor_seconds(PROCESSES)
        for percent in (50, 99):
            case = Case(f"p{percent}", clients=clients)
            self.latencies.setdefault(case, []).append(1000 * percentile(report.latencies, percent))
        spent = {who: after[who] - before[who] for who in PROCESSES} | {"load generator": report.processor_seconds}
        for who, seconds in spent.items():
            self.costs.setdefault(Case(who, clients=clients), []).append(1000 * seconds / number)
        return number / report.seconds

    def route(self, clients: int, number: int) -> float:
        """So many requests for a few bytes, and how many a second were answered."""
        return number / self._send(clients, [self._request("GET", "/health/live")] * number, status=200).seconds

    def when_settled(self, turn: Callable[[], float]) -> float:
        """What the turn gives, once the views show everything that was decided."""
        watch(self._connection, head_of(self._connection), PATIENCE)
        return turn()

    def _decision(self, sheet: ScoreSubmitted, token: str) -> bytes:
        return self._request(
            "POST",
            f"/v1/programmes/{PROGRAMME}/decisions/submit-score",
            msgspec.json.encode({name: getattr(sheet, name) for name in COMMAND}),
            **{
                "Authorization": f"Bearer {token}",
                "Idempotency-Key": uuid7().hex,
                "Content-Type": "application/json",
            },
        )

    def _request(self, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        headers |= {"Host": self._at.netloc, "Content-Length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def _send(self, clients: int, requests: list[bytes], *, status: int) -> Report:
        return send(Load(self._at.hostname or "", self._at.port or 0, clients, status, requests))


def measure(setting: Setting) -> list[Row]:
    """Rows for the rates, for p50 and p99 of a decision, and for what each process spends on one."""
    numbers = {clients: max(clients, setting.events(number)) for clients, number in REQUESTS.items()}
    times = setting.rounds(ROUNDS)
    decisions = sum(numbers.values()) * (times + 1)
    figures: list[Row] = []
    with setting.server() as server, setting.folder() as home, postgres.appends(setting, server) as insert:
        url = server.database("http")
        competition.open_stage(url, decisions).close()

        def work(settings: Settings) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                running = Running(settings, connection, decisions)
                turns = {
                    Case(system, clients=clients): partial(running.when_settled, turn)
                    for clients, number in numbers.items()
                    for system, turn in {
                        "sillok": partial(running.decisions, clients, number),
                        REFERENCE: partial(insert, clients, setting.seconds(SECONDS)),
                        "sillok, GET /health/live": partial(running.route, clients, number),
                    }.items()
                }
                rounds(turns, 1)  # connections and plans are made
                running.latencies.clear()
                running.costs.clear()
                rates = rounds(turns, times)
            figures.extend(
                [
                    *rows_of(rates, MEASURE, "1/s", reference=_beside(REFERENCE)),
                    *rows_of(Figures(running.latencies), f"{MEASURE}, latency", "ms", reference=_beside("p50")),
                    *rows_of(Figures(running.costs), f"{MEASURE}, processor time", "ms", reference=_beside("API")),
                ]
            )

        run_service(url, home, work)
    return figures


def _beside(system: str) -> Callable[[Case], Case]:
    return lambda case: case._replace(system=system)
