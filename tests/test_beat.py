"""The settings of Celery that the projections' guarantees rest on."""

from __future__ import annotations

import importlib

import pytest
from celery import Celery


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Celery:
    """The application of workers and beat; nothing is connected to."""
    return application(monkeypatch, "workers.app")


@pytest.fixture
def sealer(monkeypatch: pytest.MonkeyPatch) -> Celery:
    """That of the sealer."""
    return application(monkeypatch, "workers.sealing")


@pytest.fixture
def witnesses(monkeypatch: pytest.MonkeyPatch) -> Celery:
    """That of the worker that asks witnesses."""
    return application(monkeypatch, "workers.witnesses")


def application(monkeypatch: pytest.MonkeyPatch, module: str) -> Celery:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    found = importlib.import_module(module).app
    assert isinstance(found, Celery)
    return found


def test_the_schedule_looks_at_every_programme_every_second_or_two(app: Celery) -> None:
    """The guarantee of DESIGN 6: whatever wake-up was lost, no view stays behind for longer."""
    look = app.conf.beat_schedule["look"]
    assert look["task"] == "sillok.look"
    assert look["task"] in app.tasks
    assert 0 < look["schedule"] <= 2


def test_the_schedule_has_erasures_carried_out_every_second(app: Celery) -> None:
    erase = app.conf.beat_schedule["erase"]
    assert erase["task"] in app.tasks
    assert 0 < erase["schedule"] <= 1


def test_the_schedule_has_the_tree_looked_at_every_second_by_the_sealer(app: Celery, sealer: Celery) -> None:
    seal = app.conf.beat_schedule["seal"]
    assert seal["task"] in sealer.tasks
    assert seal["options"]["queue"] == sealer.conf.task_default_queue != app.conf.task_default_queue
    assert 0 < seal["schedule"] <= 1


def test_witnesses_are_asked_on_a_queue_of_their_own(app: Celery, sealer: Celery, witnesses: Celery) -> None:
    """However slow they are, no projection and no seal waits."""
    assert len({each.conf.task_default_queue for each in (app, sealer, witnesses)}) == 3
    assert "sillok.cosign" in witnesses.tasks


def test_beats_that_nobody_took_expire(app: Celery) -> None:
    """A worker that was stopped for an hour does not find an hour of beats; a busy one still finds the last."""
    for entry in app.conf.beat_schedule.values():
        assert entry["schedule"] < entry["options"]["expires"] <= 10 * entry["schedule"]


def test_a_task_is_given_back_if_its_worker_dies_and_is_not_given_out_twice_while_it_lives(
    app: Celery, sealer: Celery, witnesses: Celery
) -> None:
    for each in (app, sealer, witnesses):
        assert each.conf.task_acks_late
        assert each.conf.task_reject_on_worker_lost
        assert each.conf.worker_prefetch_multiplier == 1
        assert each.conf.broker_transport_options["visibility_timeout"] > 2 * each.conf.task_time_limit
        assert each.conf.task_soft_time_limit is None  # raised in the midst of a fold, it would halt the view
        assert each.conf.task_ignore_result
        assert (each.conf.task_serializer, each.conf.accept_content) == ("json", ["json"])
