"""The ledger while its server comes and goes: what a client is told, and what is recorded in the end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from service.application.ports import LedgerUnavailableError
from service.embedded import EmbeddedPostgres
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate
from tests.contract.test_ledger import key, new_event, request

CLIENTS = 12
OUTAGES = 3


def test_a_server_that_is_killed_under_load_loses_and_doubles_nothing(server_home: Path) -> None:
    """Each client retries with the same key whatever it is told, and counts what it was told is recorded."""
    embedded = EmbeddedPostgres(server_home / "postgres", server_home / "postgres.log")
    try:
        url = embedded.start()
        migrate(url)
        ledger = PostgresLedger(url)
        stopping, given_up = threading.Event(), threading.Event()
        told: list[bool] = []

        def client(number: int) -> list[int]:
            positions: list[int] = []
            while not stopping.is_set():
                asked = request(new_event(f"Of{number}"), idempotency=key(f"{number}-{len(positions)}"))
                while not given_up.is_set():
                    try:
                        positions.append(ledger.append(asked).last_position)
                        break
                    except LedgerUnavailableError as error:
                        told.append(error.outcome_unknown)
                        time.sleep(0.02)
            return positions

        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(client, number) for number in range(CLIENTS)]
            try:
                for _ in range(OUTAGES):
                    time.sleep(0.7)
                    assert embedded.process is not None
                    embedded.process.kill()
                    embedded.process.wait()
                    time.sleep(0.3)
                    embedded.start()
                time.sleep(0.7)
            except BaseException:
                given_up.set()  # there may be no server any more to answer them
                raise
            finally:
                stopping.set()
            positions = sorted(position for each in clients for position in each.result())
        assert positions == list(range(1, ledger.head() + 1))
        assert len(positions) > CLIENTS * (OUTAGES + 1)
        assert set(told) == {True, False}, "lost while recording, and not to be reached at all"
        ledger.close()
    finally:
        embedded.stop()
