"""Four API processes over one PostgreSQL that is killed, restarted and held up while agencies decide."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import psycopg
import pytest

from domain.outcome_events import EvidenceRegistered
from service.child_processes import end
from service.embedded import EmbeddedPostgres
from service.entrance import open_administering
from service.settings import read_settings
from service.storage.ledger import PostgresLedger
from service.storage.migrate import migrate
from tests.domain import charters
from tests.integration.test_ledger_concurrency import until_waiting
from tests.serving import api_process, free_port, until_ready

PROCESSES = 4
CLIENTS = 8
PATH = f"/v1/programmes/{charters.PROGRAMME}/decisions"


@dataclass
class Told:
    """What one client was told: positions by its name for each request, and the problems met on the way."""

    recorded: dict[str, tuple[str, int]] = field(default_factory=dict)
    problems: set[str] = field(default_factory=set)


class Processes:
    """The processes, a programme with three teams, and clients that decide through all of them."""

    def __init__(self, embedded: EmbeddedPostgres, database: str, urls: list[str], key: str) -> None:
        self.embedded = embedded
        self.database = database
        self.urls = urls
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._numbers = itertools.count()

    def submit(self, url: str, decision: str, body: dict[str, Any], name: str) -> httpx.Response:
        headers = {**self._headers, "Idempotency-Key": name}
        # Longer than the service itself lets anybody wait.
        return httpx.post(f"{url}{PATH}/{decision}", json=body, headers=headers, trust_env=False, timeout=30)

    def register(self, url: str, name: str) -> httpx.Response:
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        return self.submit(
            url,
            "register-evidence",
            {"stage": "heat", "team": "ant", "kind": "report", "sha256": sha256, "title": name},
            name,
        )

    def decide_until(self, stopping: threading.Event) -> Told:
        """Register one document after another, each until it is recorded, through any of the processes."""
        told = Told()
        while not stopping.is_set():
            name = f"evidence-{next(self._numbers)}"
            while name not in told.recorded:
                answer = self.register(random.choice(self.urls), name)
                if answer.status_code == 503:
                    told.problems.add(answer.json()["type"].rpartition("/")[2])
                    time.sleep(int(answer.headers["retry-after"]) / 10)
                    continue
                assert answer.status_code == 201, answer.text
                told.recorded[name] = (answer.json()["decision_id"], answer.json()["events"][0]["position"])
        return told

    @contextlib.contextmanager
    def deciding(self) -> Iterator[list[Told]]:
        """Clients that decide meanwhile; what they were told once they have stopped."""
        stopping, told = threading.Event(), list[Told]()
        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(self.decide_until, stopping) for _ in range(CLIENTS)]
            try:
                yield told
            finally:
                stopping.set()
            told += [each.result() for each in clients]

    def until_recorded(self, count: int) -> None:
        """Return once so many more events are recorded."""
        wanted = self.head() + count
        for _ in range(600):
            if self.head() >= wanted:
                return
            time.sleep(0.05)
        pytest.fail("nothing goes on")

    def head(self) -> int:
        with psycopg.connect(self.database) as connection:
            (position,) = connection.execute("SELECT position FROM ledger.head").fetchone() or (0,)
        return int(position)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    home = tmp_path_factory.mktemp("outages")
    home.chmod(0o755)
    with ExitStack() as stack:
        embedded = EmbeddedPostgres(home / "postgres", home / "postgres.log")
        stack.callback(embedded.stop)
        database = embedded.start()
        migrate(database)
        settings = read_settings({"SILLOK_HOME": str(home), "DATABASE_URL": database})
        with open_administering(settings) as administering:
            key = administering.keys.issue("agency", "owner", operator="tests")
        ports = [free_port() for _ in range(PROCESSES)]
        for port in ports:
            stack.callback(end, api_process(home, database, port), (signal.SIGTERM, 10))
        running = Processes(embedded, database, [f"http://127.0.0.1:{port}" for port in ports], key)
        for url in running.urls:
            until_ready(url)
        charter = {"charter": charters.document()}
        assert running.submit(running.urls[0], "publish-charter", charter, "charter").status_code == 201
        team = {"team": "ant", "name": charters.names("ant")}
        assert running.submit(running.urls[1], "enrol-team", team, "team").status_code == 201
        yield running


def require_whole(processes: Processes, told: list[Told]) -> None:
    """Fail unless the ledger has no gap, holds once what was told to be recorded, and nothing else of the clients."""
    ledger = PostgresLedger(processes.database, pool_size=1)
    events = list(ledger.read())
    ledger.close()
    assert [each.position for each in events] == list(range(1, len(events) + 1))
    named = {name: at for each in told for name, (_decision, at) in each.recorded.items()}
    stored = {
        msgspec.json.decode(each.data)["title"]: each.position
        for each in events
        if each.type == EvidenceRegistered.TYPE and msgspec.json.decode(each.data)["title"] in named
    }
    assert stored == named
    documents = [msgspec.json.decode(each.data)["sha256"] for each in events if each.type == EvidenceRegistered.TYPE]
    assert len(documents) == len(set(documents)), "recorded twice"


@pytest.mark.timeout(240)
def test_a_server_that_is_killed_and_restarted_under_load_loses_and_doubles_nothing(processes: Processes) -> None:
    """While it is away there is a 503; what was lost on the way may have been recorded, and a retry tells."""
    with processes.deciding() as told:
        processes.until_recorded(10)
        holder = psycopg.connect(processes.database)
        holder.execute("SELECT FROM ledger.head FOR UPDATE")
        until_waiting(processes.database, 2)  # so that some are lost in mid-append
        assert processes.embedded.process is not None
        processes.embedded.process.kill()
        processes.embedded.process.wait()
        holder.close()
        answer = processes.register(processes.urls[0], "while-it-is-away")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["type"] == "/problems/ledger-unavailable"
        processes.embedded.start()
        processes.until_recorded(10)
        processes.embedded.stop()
        time.sleep(0.5)
        processes.embedded.start()
        processes.until_recorded(10)
    assert {"ledger-unavailable", "outcome-unknown"} <= set().union(*(each.problems for each in told))
    require_whole(processes, told)
    recorded = {name: found for each in told for name, found in each.recorded.items()}
    for name, (decision, position) in random.sample(sorted(recorded.items()), 12):
        for url in processes.urls:
            again = processes.register(url, name)
            assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
            assert again.json()["decision_id"] == decision
            assert again.json()["events"] == [{"position": position, "type": EvidenceRegistered.TYPE}]


@pytest.mark.timeout(120)
def test_who_sits_on_the_head_holds_the_others_up_no_longer_than_bounded(processes: Processes) -> None:
    """They are told that nothing was recorded; once the holder has gone everything goes on, in every process."""
    before = processes.head()
    with psycopg.connect(processes.database) as holder, ThreadPoolExecutor(PROCESSES + 1) as threads:
        holder.execute("SELECT FROM ledger.head FOR UPDATE")
        holding = threads.submit(holder.execute, "SELECT pg_sleep(60)")
        stalled = list(threads.map(lambda url: processes.register(url, f"stalled-{url}"), processes.urls))
        assert not holding.done()
        holder.cancel_safe()
        holding.exception()
    assert {(each.status_code, each.json()["type"]) for each in stalled} == {(503, "/problems/ledger-unavailable")}
    assert {each.json()["detail"] for each in stalled} == {"the ledger is busy"}  # no statement, table or server
    assert processes.head() == before
    for url in processes.urls:
        assert processes.register(url, f"stalled-{url}").status_code == 201
    assert processes.head() == before + PROCESSES
