"""Scores a second through one request: line by line and all together, each decided and durable.

On the whole service as `make run` starts it. Beside it, in turn: rows of the same bytes inserted into the same
PostgreSQL, each committed alone, by one connection and by 64. Answers are read as lines are sent. A turn begins once
the views show all that was decided. The API's memory is the most that it had from its start to the end of the first
request line by line, and of the first one together, which comes after it.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import psycopg

from domain.score_events import ScoreSubmitted
from ops.bench import competition
from ops.bench.machine import peak_megabytes, processor_seconds, started_with
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, rounds, rows_of
from ops.bench.service import head_of, run_service, watch
from ops.bench.setting import Setting
from ops.bench.systems import postgres
from ops.bench.token_client import TokenClient
from ops.bench.workload import COMMAND, PROGRAMME
from service.settings import Settings
from service.storage.identifiers import uuid7

SCORES: Final = 100_000
"""Of a request, line by line."""
TOGETHER: Final = 10_000
ROUNDS: Final = 3
SECONDS: Final = 2.0
"""Of a turn of inserts."""
PATIENCE: Final = 600.0
MEASURE: Final = "decisions in one request"
REFERENCE: Final = "raw insert, psycopg"
PROCESSES: Final = {"API": "granian", "PostgreSQL": "postgres"}
"""Who → an argument, or the program, that its processes were started with."""
_RECORDED: Final = b'"status":201,'
_PROBLEM: Final = b'"body":{"type":"/problems/'


class Running:
    """The running service, and what a score took in each turn, in milliseconds of a processor."""

    def __init__(
        self, settings: Settings, connection: psycopg.Connection[Any], sheets: Iterator[ScoreSubmitted]
    ) -> None:
        self._at = urlsplit(settings.address)
        self._client = TokenClient(settings, "nipa")
        self._connection = connection
        self._sheets = sheets
        self.costs: dict[Case, list[float]] = {}

    def line_by_line(self, number: int) -> float:
        """So many scores, each with a key of its own, and how many a second were taken."""
        lines = b"".join(_line(sheet, key=uuid7().hex) for sheet in itertools.islice(self._sheets, number))
        return self._sent(Case("line by line", number), "", lines)

    def together(self, number: int) -> float:
        """So many scores with one key, and how many a second were taken."""
        lines = b"".join(_line(sheet) for sheet in itertools.islice(self._sheets, number))
        return self._sent(Case("together", number), "?atomic=true", lines, **{"Idempotency-Key": uuid7().hex})

    def _sent(self, case: Case, query: str, lines: bytes, **headers: str) -> float:
        watch(self._connection, head_of(self._connection), PATIENCE)
        headers |= {
            "Host": self._at.netloc,
            "Authorization": f"Bearer {self._client.token()}",
            "Content-Type": "application/x-ndjson",
            "Content-Length": str(len(lines)),
            "Connection": "close",
        }
        path = f"/v1/programmes/{PROGRAMME}/decisions{query}"
        head = "\r\n".join([f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""])
        before, began = processor_seconds(PROCESSES), time.perf_counter()
        recorded, last = _recorded(self._at.hostname or "", self._at.port or 0, head.encode() + lines)
        seconds, after = time.perf_counter() - began, processor_seconds(PROCESSES)
        if recorded != case.size:
            raise NotMeasuredError(f"{recorded} of {case.size} scores were recorded; of another it was said: {last}")
        for who in PROCESSES:
            cost = case._replace(system=f"{who}, {case.system}")
            self.costs.setdefault(cost, []).append(1000 * (after[who] - before[who]) / case.size)
        return case.size / seconds


def _line(sheet: ScoreSubmitted, **others: str) -> bytes:
    body = {name: getattr(sheet, name) for name in COMMAND}
    return msgspec.json.encode({**others, "decision": "submit-score", "body": body}) + b"\n"


def _recorded(host: str, port: int, request: bytes) -> tuple[int, str]:
    """How many lines were answered as recorded, and the last that was not; read while the request is sent."""
    found, rest, other = 0, b"", b""
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        sending = threading.Thread(target=connection.sendall, args=(request,))
        sending.start()
        while piece := connection.recv(1 << 16):
            piece = rest + piece
            found += piece.count(_RECORDED)
            if (at := piece.rfind(_PROBLEM)) >= 0:
                other = piece[at : at + 400]
            rest = piece[len(piece) - len(_RECORDED) + 1 :]
        sending.join()
    return found, other.decode(errors="replace")


def measure(setting: Setting) -> list[Row]:
    """Rows for the rates, for the processor time of a score, and for the memory of the API."""
    number, together, times = setting.events(SCORES), setting.events(TOGETHER), setting.rounds(ROUNDS)
    sheets = (number + together) * (times + 1)
    figures: list[Row] = []
    with setting.server() as server, setting.folder() as home, postgres.appends(setting, server) as insert:
        url = server.database("bulk")
        competition.open_stage(url, sheets).close()

        def work(settings: Settings) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                running = Running(settings, connection, competition.sheets(sheets))
                turns = {
                    Case("sillok, line by line", number): partial(running.line_by_line, number),
                    Case("sillok, together", together): partial(running.together, together),
                    Case(REFERENCE): partial(insert, 1, setting.seconds(SECONDS)),
                    Case(REFERENCE, clients=64): partial(insert, 64, setting.seconds(SECONDS)),
                }
                peaks = {}
                for case, turn in turns.items():  # connections and plans are made
                    turn()
                    peaks[case] = [max(peak_megabytes(each.pid) for each in started_with("granian"))]
                running.costs.clear()
                rates = rounds(turns, times)
            figures.extend(
                [
                    *rows_of(rates, MEASURE, "1/s", reference=lambda _case: Case(REFERENCE, clients=64)),
                    *rows_of(Figures(running.costs), f"{MEASURE}, processor time", "ms"),
                    *rows_of(Figures(dict(itertools.islice(peaks.items(), 2))), f"{MEASURE}, memory", "MB"),
                ]
            )

        run_service(url, home, work)
    return figures
