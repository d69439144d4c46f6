"""From the commit of an event until every one of five hundred readers has it, at two hundred events a second.

On the whole service as `make run` starts it: readers follow `/v1/ledger/stream` with an agency's key, all from a
process of their own, while events are appended one by one at a steady rate. The time of the commit is the event's
`recorded_at`, taken just before. The longest gap is the longest that any reader was sent nothing while events were
appended. Beside it, in turn, the same rows sent to as many readers by asyncio alone, which looks for them as often.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from domain.score_events import ScoreSubmitted
from ops.bench import competition
from ops.bench.lag import OF_LOAD, delays
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, NotMeasuredError, percentile, rounds, rows_of
from ops.bench.service import head_of, key_of, run_service
from ops.bench.setting import Setting
from ops.bench.stream_readers import Asked, Read, reading, what_was_read
from ops.bench.systems import bare_stream
from service.application.ports import AppendRequest
from service.settings import Settings
from service.storage.identifiers import uuid7
from service.storage.ledger import PostgresLedger

RATE: Final = 200
"""Events a second."""
SECONDS: Final = 5.0
READERS: Final = 500
ROUNDS: Final = 5
REFERENCE: Final = "asyncio alone"


class Following:
    """A ledger that grows and is followed, and what each turn saw, in milliseconds."""

    def __init__(self, ledger: PostgresLedger, connection: psycopg.Connection[Any], sheets: Iterator[ScoreSubmitted]):
        self._ledger = ledger
        self._connection = connection
        self._sheets = sheets
        self.lags: dict[Case, list[float]] = {}

    def turn(self, case: Case, host: str, port: int, key: str) -> float:
        """So many events for so many readers; the longest gap."""
        head = head_of(self._connection)
        lines = ("GET /v1/ledger/stream HTTP/1.1", f"Host: {host}:{port}", f"Authorization: Bearer {key}", "", "")
        asked = Asked(host, port, case.clients, "\r\n".join(lines).encode(), head + case.size)
        with reading(asked) as process:
            self._append(case.size)
            read = what_was_read(process)
        if any(each.events != case.size for each in read):
            raise NotMeasuredError("not every reader read every event once")
        recorded = self._connection.execute(OF_LOAD, (head, ScoreSubmitted.TYPE)).fetchall()
        lags = [lag for each in read for lag in delays(each.seen, recorded)]
        for percent in (50, 99):
            of = case._replace(system=f"{case.system}, p{percent}")
            self.lags.setdefault(of, []).append(percentile(lags, percent))
        return max(longest_gap(each, recorded[0][1]) for each in read)

    def _append(self, number: int) -> None:
        began = time.perf_counter()
        for at, sheet in enumerate(itertools.islice(self._sheets, number)):
            time.sleep(max(0.0, began + at / RATE - time.perf_counter()))
            self._ledger.append(AppendRequest(events=[competition.new_event(sheet)], decision_id=uuid7()))


def longest_gap(read: Read, began: float) -> float:
    """Milliseconds, the longest that a reader was sent nothing, from the first event on."""
    times = [began, *(when for when, _position in read.seen)]
    return 1000 * max(b - a for a, b in itertools.pairwise(times))


def measure(setting: Setting) -> list[Row]:
    """Rows for the longest gap, and for p50 and p99 of the lag."""
    number, readers, times = int(RATE * setting.seconds(SECONDS)), setting.events(READERS), setting.rounds(ROUNDS)
    figures: list[Row] = []
    with setting.server() as server, setting.folder() as home:
        url = server.database("stream")
        scores = 2 * number * (times + 1)
        ledger = competition.open_stage(url, scores)

        def work(settings: Settings) -> None:
            at, key = urlsplit(settings.address), key_of(settings, "agency", "nipa")
            own, bare = (Case(system, number, readers) for system in ("sillok", REFERENCE))
            with psycopg.connect(url, autocommit=True) as connection, bare_stream.running(url) as port:
                following = Following(ledger, connection, competition.sheets(scores))
                turns = {
                    own: partial(following.turn, own, at.hostname or "", at.port or 0, key),
                    bare: partial(following.turn, bare, "127.0.0.1", port, ""),
                }
                rounds(turns, 1)  # connections and plans are made
                following.lags.clear()
                gaps = rounds(turns, times)
            figures.extend(rows_of(gaps, "stream, longest gap", "ms", reference=lambda _case: bare))
            figures.extend(rows_of(Figures(following.lags), "stream, lag", "ms", reference=_alone))

        try:
            run_service(url, home, work)
        finally:
            ledger.close()
    return figures


def _alone(case: Case) -> Case:
    """The same percentile of the other."""
    return case._replace(system=f"{REFERENCE}, {case.system.rpartition(' ')[2]}")
