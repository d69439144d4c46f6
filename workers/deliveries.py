"""Sending notices out: a worker of its own, one process of many threads, so that slow receivers hold nothing up."""

from __future__ import annotations

import time
from typing import Any, Final

import structlog
from celery import Celery
from celery.signals import worker_shutdown

from service.application.ports import LedgerUnavailableError
from service.settings import read_settings
from service.storage.wake_ups import DELIVER_TASK, Sender, delivery_queue_of
from service.worker_bootstrap import Delivering, open_delivering
from workers.options import OPTIONS

SLICE_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.01

app = Celery("sillok-deliveries", broker=read_settings().require_redis())
app.conf.update(**OPTIONS, task_default_queue=delivery_queue_of(read_settings().database_url))

_opened: list[tuple[Delivering, Sender]] = []


def parts() -> tuple[Delivering, Sender]:
    """This process's parts, opened when they are first asked for: after any fork."""
    if not _opened:
        settings = read_settings()
        _opened.append((open_delivering(settings), Sender(app, settings.require_redis())))
    return _opened[0]


@worker_shutdown.connect  # type: ignore[untyped-decorator]  # celery ships no types
def keep_before_exit(**_: Any) -> None:
    """Keep what was answered: it would be sent once more."""
    for delivering, _sender in _opened:
        try:
            delivering.deliver.settle()
        except LedgerUnavailableError as error:
            structlog.get_logger().warning("what was answered is sent once more", error=str(error))


@app.task(name=DELIVER_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def deliver() -> None:
    """Send what is due. What is slow goes on in its thread while others are begun, and after the task."""
    delivering, sender = parts()
    sender.taken(DELIVER_TASK)
    end = time.monotonic() + SLICE_SECONDS
    while time.monotonic() < end:
        if not delivering.deliver.start():
            if delivering.deliver.progress() == "current":
                return
            time.sleep(_PAUSE_SECONDS)
    sender.send(DELIVER_TASK)
