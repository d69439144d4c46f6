"""However much is read, decisions are taken, and whoever runs the service is told how it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from service.api import turns
from service.api.problems import ApiProblem
from service.api.turns import Turns
from tests.integration.conftest import Running
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL, lines_of


@contextmanager
def every_turn_taken(found: Turns) -> Iterator[None]:
    """Reads that last as long as this does."""
    done = threading.Event()

    async def hold() -> None:
        await asyncio.gather(*(found.take(done.wait) for _each in range(turns.AT_MOST)))

    holding = threading.Thread(target=lambda: asyncio.run(hold()))
    holding.start()
    while found._asked < turns.AT_MOST:
        pass
    try:
        yield
    finally:
        done.set()
        holding.join()


def test_who_reads_waits_for_nobody_who_decides_or_runs_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "AT_MOST", turns.AT_ONCE + 5)
    (line,) = lines_of(REHEARSAL)[:1]
    with every_turn_taken(running.service.parts.turns):
        refused = running.client.get("/v1/ledger/events")
        expect(refused, 503, "too-many-reads")
        assert refused.headers["retry-after"] == "1"
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert running.client.get(path).status_code == 200
        assert running.submit(REHEARSAL, line.decision, line.body).status_code == 201
    assert running.client.get("/v1/ledger/events").status_code == 200


def test_so_many_read_at_once_and_so_many_wait() -> None:
    async def read() -> None:
        found = Turns()
        busy, most = 0, 0
        counted = threading.Lock()
        pause = threading.Event()

        def one() -> int:
            nonlocal busy, most
            with counted:
                busy += 1
                most = max(most, busy)
            pause.wait(0.001)
            with counted:
                busy -= 1
            return 1

        reads = [asyncio.create_task(found.take(one)) for _each in range(turns.AT_MOST + 3)]
        answers = await asyncio.gather(*reads, return_exceptions=True)
        assert answers.count(1) == turns.AT_MOST
        assert sum(isinstance(each, ApiProblem) for each in answers) == 3
        assert most <= turns.AT_ONCE
        assert await found.take(one) == 1
        found.close()

    asyncio.run(read())
