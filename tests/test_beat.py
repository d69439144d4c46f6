"""The settings of Celery that the projections' guarantees rest on."""

from __future__ import annotations

import importlib

import pytest
from celery import Celery


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Celery:
    """The application of workers and beat; nothing is connected to."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    found = importlib.import_module("workers.app").app
    assert isinstance(found, Celery)
    return found


def test_the_schedule_looks_at_every_programme_every_second_or_two(app: Celery) -> None:
    """The guarantee of DESIGN 6: whatever wake-up was lost, no view stays behind for longer."""
    (entry,) = app.conf.beat_schedule.values()
    assert entry["task"] == "sillok.look"
    assert entry["task"] in app.tasks
    assert 0 < entry["schedule"] <= 2


def test_beats_that_nobody_took_expire(app: Celery) -> None:
    """A worker that was stopped for an hour does not find an hour of beats; a busy one still finds the last."""
    (entry,) = app.conf.beat_schedule.values()
    assert entry["schedule"] < entry["options"]["expires"] <= 10 * entry["schedule"]


def test_a_task_is_given_back_if_its_worker_dies_and_is_not_given_out_twice_while_it_lives(app: Celery) -> None:
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.broker_transport_options["visibility_timeout"] > 2 * app.conf.task_time_limit
    assert app.conf.task_soft_time_limit is None  # raised in the midst of a fold, it would halt the view
    assert app.conf.task_ignore_result
    assert (app.conf.task_serializer, app.conf.accept_content) == ("json", ["json"])
