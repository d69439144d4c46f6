"""Real Celery over real Redis: wake-ups are lost and late, workers are killed, and the views come out right."""

from __future__ import annotations

import os
import signal
import time

import psutil
import psycopg
import pytest
from celery import Celery
from redis import Redis

from service.application.projecting import VIEWS
from service.application.view_ports import Standing
from service.storage.builds import PostgresBuilds
from service.storage.wake_ups import ADVANCE_TASK, REBUILD_TASK, queue_of
from tests.integration.conftest import Running
from tests.integration.invariants import folded, stored
from tests.integration.working import Workers, eventually, kill
from tests.playing import REHEARSAL, lines_of


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
    for start in range(0, 400, 80):
        serving.play(REHEARSAL, lines[: start + 80])
        forked = psutil.Process(worker.pid).children()
        if forked and start % 160 == 0:
            os.kill(forked[0].pid, signal.SIGKILL)
        else:
            kill(worker)
            worker = workers.worker()
    eventually(lambda: _caught_up(serving), 60, workers.log)
    _require_exact(serving)


@pytest.mark.timeout(120)
def test_the_schedule_alone_is_enough_and_a_wake_up_alone_too(serving: Running, workers: Workers) -> None:
    """Redis comes back empty: what was woken for is lost, and the schedule finds it."""
    lines = lines_of(REHEARSAL)
    worker = workers.worker()
    serving.play(REHEARSAL, lines[:20])
    eventually(lambda: _caught_up(serving), 30, workers.log)  # no beat runs: wake-ups did this
    workers.redis.stop()
    serving.play(REHEARSAL, lines[:60])
    workers.redis.start()
    workers.beat()

    def caught_up() -> bool:
        nonlocal worker
        worker = workers.keep(worker)
        return _caught_up(serving)

    eventually(caught_up, 60, workers.log)
    _require_exact(serving)


@pytest.mark.timeout(180)
def test_views_are_rebuilt_while_decisions_come_in_and_workers_are_killed(serving: Running, workers: Workers) -> None:
    """The schedule brings every build to its end, whoever was killed in its midst; each is found equal."""
    lines = lines_of(REHEARSAL)
    builds = PostgresBuilds(serving.service.store)
    workers.beat()
    worker = workers.worker()
    serving.play(REHEARSAL, lines[:150])
    asked = [builds.request(view, REHEARSAL, "swap") for view in VIEWS]
    for start in (150, 250):
        serving.play(REHEARSAL, lines[: start + 100])
        kill(worker)
        worker = workers.worker()

    def certified() -> bool:
        found = [builds.certificate(build or 0) for build in asked]
        return all(each is not None and each.equal and each.swapped for each in found)

    eventually(certified, 60, workers.log)
    eventually(lambda: _caught_up(serving), 60, workers.log)
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
    eventually(lambda: _caught_up(serving), 30, workers.log)
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
    eventually(lambda: _caught_up(serving), 30, workers.log)


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
    eventually(lambda: _caught_up(serving), 30, workers.log)
    _require_exact(serving)


def test_redis_being_gone_never_stops_a_decision(serving: Running, workers: Workers) -> None:
    workers.redis.stop()
    lines = lines_of(REHEARSAL)
    started = time.monotonic()
    serving.play(REHEARSAL, lines[:10])
    assert serving.head() == 10
    assert serving.client.get("/health/ready").status_code == 200
    assert time.monotonic() - started < 20  # nobody waits for a broker that is not there
