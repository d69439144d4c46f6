"""The Celery application: settings, schedule, and what each worker process opens after it was forked."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from service.bootstrap import Projecting, open_projecting
from service.settings import read_settings
from service.storage.wake_ups import ADVANCE_TASK, TRANSPORT_OPTIONS

ADVANCE_ALL_TASK = "sillok.advance-all"
BEAT_SECONDS = 1.0
"""The guarantee: so often every programme is looked at, whether or not a wake-up came."""

app = Celery("sillok", broker=read_settings().require_redis())
app.conf.update(
    broker_transport_options=TRANSPORT_OPTIONS,
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_time_limit=300,
    task_soft_time_limit=240,
    worker_soft_shutdown_timeout=5,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    timezone="UTC",
    beat_schedule={
        # `expires`: a stopped worker does not find an hour of beats waiting.
        "advance-all": {"task": ADVANCE_ALL_TASK, "schedule": BEAT_SECONDS, "options": {"expires": 5}}
    },
)

_opened: list[Projecting] = []


@worker_process_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def open_after_fork(**_: Any) -> None:
    """Pools and threads do not survive a fork: each worker process opens its own."""
    _opened.append(open_projecting(read_settings()))


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]  # celery ships no types
def close_before_exit(**_: Any) -> None:
    """Let go of connections."""
    while _opened:
        _opened.pop().close()


def projecting() -> Projecting:
    """This process's parts."""
    if not _opened:
        _opened.append(open_projecting(read_settings()))
    return _opened[0]


@app.task(name=ADVANCE_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def advance(programme: str) -> None:
    """Bring every view of a programme up to the head."""
    projecting().advance.catch_up(programme)


@app.task(name=ADVANCE_ALL_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def advance_all() -> None:
    """Bring every view of every programme up to the head."""
    for programme in projecting().advance.programmes():
        projecting().advance.catch_up(programme)
