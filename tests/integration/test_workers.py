"""Real Celery over real Redis: wake-ups are lost and late, workers are killed, and the views come out right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
from celery import Celery
from litestar.testing import TestClient
from redis import Redis

from service.api.application import create_application
from service.application.projecting import VIEWS
from service.application.view_ports import Standing
from service.bootstrap import open_service
from service.cli.demonstration import ensure_keys
from service.embedded import EmbeddedRedis
from service.settings import Settings
from service.storage.builds import PostgresBuilds
from service.storage.wake_ups import ADVANCE_TASK, REBUILD_TASK, queue_of
from service.supervisor import BEAT, CELERY, WORKER
from tests.integration.conftest import Running, as_url
from tests.integration.invariants import folded, stored
from tests.playing import REHEARSAL, lines_of


@dataclass
class Workers:
    """Celery as the service runs it, and its broker."""

    environment: dict[str, str]
    log: Path
    redis: EmbeddedRedis
    children: list[subprocess.Popen[bytes]]

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", *CELERY, *arguments],
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.children.append(child)
        return child

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start(*WORKER)

    def keep(self, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """The worker, or another in its place: Celery's may end when its broker goes, and `sillok up` does the same."""
        return worker if worker.poll() is None else self.worker()

    def beat(self) -> subprocess.Popen[bytes]:
        return self.start(*BEAT, "--schedule", str(self.log.parent / "beat"))


@pytest.fixture
def workers(database: str, tmp_path: Path) -> Iterator[Workers]:
    redis = EmbeddedRedis(tmp_path / "redis", tmp_path / "redis.log")
    url = redis.start()
    environment = {**os.environ, "DATABASE_URL": as_url(database), "REDIS_URL": url, "SILLOK_HOME": str(tmp_path)}
    found = Workers(environment, tmp_path / "celery.log", redis, [])
    yield found
    for child in found.children:
        _kill(child)
    redis.stop()


def _kill(child: subprocess.Popen[bytes]) -> None:
    """The process and all that it forked, at once."""
    try:
        family = [psutil.Process(child.pid), *psutil.Process(child.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    child.wait()


@pytest.fixture
def serving(database: str, tmp_path: Path, workers: Workers) -> Iterator[Running]:
    """The API beside the workers, waking them through Redis."""
    settings = Settings(
        home=tmp_path,
        host="127.0.0.1",
        port=8000,
        database_url=database,
        redis_url=workers.environment["REDIS_URL"],
    )
    keys = ensure_keys(settings, lines_of(REHEARSAL))
    service = open_service(settings)
    with TestClient(create_application(service.parts), raise_server_exceptions=False) as client:
        yield Running(service, keys, client, database, settings)
    service.close()


def _eventually(check: Callable[[], bool], seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s; celery said:\n{log.read_text()[-3000:]}")
        time.sleep(0.05)


def _caught_up(serving: Running) -> bool:
    head = serving.head()
    return all(serving.service.store.standing(view, REHEARSAL) == Standing(head, None, False) for view in VIEWS)


def _require_exact(serving: Running) -> None:
    for view in VIEWS:
        rows, position = stored(serving, view, REHEARSAL)
        assert position == serving.head()
        assert rows == folded(serving, view, REHEARSAL, position)


@pytest.mark.timeout(180)
def test_a_killed_worker_loses_and_doubles_nothing(serving: Running, workers: Workers) -> None:
    """Workers are killed without warning again and again, in the midst of batches, while decisions come in."""
    lines = lines_of(REHEARSAL)
    workers.beat()
    worker = workers.worker()
    for start in range(0, len(lines), 120):
        serving.play(REHEARSAL, lines[: start + 120])
        forked = psutil.Process(worker.pid).children()
        if forked and start % 240 == 0:
            os.kill(forked[0].pid, signal.SIGKILL)
        else:
            _kill(worker)
            worker = workers.worker()
    _eventually(lambda: _caught_up(serving), 60, workers.log)
    _require_exact(serving)


@pytest.mark.timeout(120)
def test_the_schedule_alone_is_enough_and_a_wake_up_alone_too(serving: Running, workers: Workers) -> None:
    """Redis comes back empty: what was woken for is lost, and the schedule finds it."""
    lines = lines_of(REHEARSAL)
    worker = workers.worker()
    serving.play(REHEARSAL, lines[:20])
    _eventually(lambda: _caught_up(serving), 30, workers.log)  # no beat runs: wake-ups did this
    workers.redis.stop()
    serving.play(REHEARSAL, lines[:60])
    workers.redis.start()
    workers.beat()

    def caught_up() -> bool:
        nonlocal worker
        worker = workers.keep(worker)
        return _caught_up(serving)

    _eventually(caught_up, 60, workers.log)
    _require_exact(serving)


@pytest.mark.timeout(180)
def test_views_are_rebuilt_while_decisions_come_in_and_workers_are_killed(serving: Running, workers: Workers) -> None:
    """The schedule brings every build to its end, whoever was killed in its midst; each is found equal."""
    lines = lines_of(REHEARSAL)
    builds = PostgresBuilds(serving.service.store)
    workers.beat()
    worker = workers.worker()
    serving.play(REHEARSAL, lines[:200])
    asked = [builds.request(view, REHEARSAL, "swap") for view in VIEWS]
    for start in range(200, 500, 100):
        serving.play(REHEARSAL, lines[: start + 100])
        _kill(worker)
        worker = workers.worker()

    def certified() -> bool:
        found = [builds.certificate(build or 0) for build in asked]
        return all(each is not None and each.equal and each.swapped for each in found)

    _eventually(certified, 60, workers.log)
    _eventually(lambda: _caught_up(serving), 60, workers.log)
    _require_exact(serving)


@pytest.mark.timeout(120)
def test_wake_ups_may_come_twice_in_any_order_for_nothing_and_for_nobody(serving: Running, workers: Workers) -> None:
    """And a worker that is told nonsense goes on."""
    app = Celery("elsewhere", broker=workers.environment["REDIS_URL"], set_as_current=False)
    app.conf.task_default_queue = queue_of(serving.database)
    workers.worker()
    for start in range(0, 60, 20):
        serving.play(REHEARSAL, lines_of(REHEARSAL)[: start + 20])
        for programme in (REHEARSAL, "none", REHEARSAL, "../../x", REHEARSAL):
            app.send_task(ADVANCE_TASK, args=(programme,))
            app.send_task(REBUILD_TASK, args=(VIEWS[0].name, programme))
        app.send_task(REBUILD_TASK, args=("no-view", REHEARSAL))
        app.send_task("sillok.look")
        app.send_task(ADVANCE_TASK, args=(1, 2, 3))
    _eventually(lambda: _caught_up(serving), 30, workers.log)
    _require_exact(serving)
    assert {each.partition for each in PostgresBuilds(serving.service.store).every()} == {REHEARSAL}
    app.close()


@pytest.mark.timeout(120)
def test_news_that_pile_up_are_one_task(serving: Running, workers: Workers) -> None:
    """However many decisions come while no worker runs, what waits is one task a programme."""
    lines = lines_of(REHEARSAL)
    serving.play(REHEARSAL, lines[:60])
    client = Redis.from_url(workers.environment["REDIS_URL"].replace("redis+socket://", "unix://"))
    waiting = client.llen(queue_of(serving.database))
    client.close()
    assert isinstance(waiting, int)
    assert 1 <= waiting <= 5  # one in five seconds at most
    workers.worker()
    _eventually(lambda: _caught_up(serving), 30, workers.log)


@pytest.mark.timeout(120)
def test_a_worker_that_starts_tries_again_what_halted(serving: Running, workers: Workers) -> None:
    """Another release may fold what this one could not."""
    serving.play(REHEARSAL, lines_of(REHEARSAL)[:20])
    with psycopg.connect(serving.database) as connection:
        connection.execute(
            "INSERT INTO views.build (view, version, partition, state, stale) VALUES (%s, %s, %s, 'live', 'of old')",
            (VIEWS[0].name, VIEWS[0].version, REHEARSAL),
        )
    workers.beat()
    workers.worker()
    _eventually(lambda: _caught_up(serving), 30, workers.log)
    _require_exact(serving)


def test_redis_being_gone_never_stops_a_decision(serving: Running, workers: Workers) -> None:
    workers.redis.stop()
    lines = lines_of(REHEARSAL)
    started = time.monotonic()
    serving.play(REHEARSAL, lines[:10])
    assert serving.head() == 10
    assert serving.client.get("/health/ready").status_code == 200
    assert time.monotonic() - started < 20  # nobody waits for a broker that is not there
