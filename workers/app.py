"""The Celery application: settings, schedule, and what each worker process opens after it was forked."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import structlog
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown

from service.application.ports import LedgerUnavailableError
from service.application.projecting import VIEWS
from service.application.rebuilding import view_named
from service.settings import read_settings
from service.storage.wake_ups import (
    ADVANCE_TASK,
    DELIVER_TASK,
    ERASE_TASK,
    NOTIFY_TASK,
    REACT_TASK,
    REBUILD_TASK,
    SEAL_TASK,
    Sender,
    delivery_queue_of,
    queue_of,
    seal_queue_of,
)
from service.worker_bootstrap import Noticing, Projecting, Reacting, open_noticing, open_projecting, open_reacting
from workers.options import OPTIONS

LOOK_TASK: Final = "sillok.look"
BEAT_SECONDS: Final = 1.0
"""The guarantee: so often every build is looked at, the tree, and what goes out, whether or not a wake-up came."""
SLICE_SECONDS: Final = 2.0
"""So long a task goes on; what is left is another task's, behind those of other programmes."""

app = Celery("sillok", broker=read_settings().require_redis())
app.conf.update(
    **OPTIONS,
    task_default_queue=queue_of(read_settings().database_url),
    beat_schedule={
        # `expires`: a stopped worker does not find an hour of beats waiting.
        "look": {"task": LOOK_TASK, "schedule": BEAT_SECONDS, "options": {"expires": 5}},
        "erase": {"task": ERASE_TASK, "schedule": BEAT_SECONDS, "options": {"expires": 5}},
        "deliver": {
            "task": DELIVER_TASK,
            "schedule": BEAT_SECONDS,
            "options": {"expires": 5, "queue": delivery_queue_of(read_settings().database_url)},
        },
        "seal": {
            "task": SEAL_TASK,
            "schedule": BEAT_SECONDS,
            "options": {"expires": 5, "queue": seal_queue_of(read_settings().database_url)},
        },
    },
)


class Parts(NamedTuple):
    """What a worker process works with."""

    projecting: Projecting
    noticing: Noticing
    reacting: Reacting
    sender: Sender


_opened: list[Parts] = []


@worker_process_init.connect  # type: ignore[untyped-decorator]  # celery ships no types
def open_after_fork(**_: Any) -> None:
    """Pools and threads do not survive a fork: each worker process opens its own.

    What halted is tried again: this release may be able to fold what another one could not.
    """
    settings = read_settings()
    sender = Sender(app, settings.require_redis())
    found = Parts(open_projecting(settings), open_noticing(settings), open_reacting(settings), sender)
    _opened.append(found)
    try:
        found.projecting.builds.retry(VIEWS)
        found.noticing.notices.retry()
    except LedgerUnavailableError as error:
        structlog.get_logger().warning("what halted is not tried again: the database is away", error=str(error))


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]  # celery ships no types
def close_before_exit(**_: Any) -> None:
    """Let go of connections."""
    while _opened:
        for part in _opened.pop():
            part.close()


def parts() -> Parts:
    """This process's parts."""
    if not _opened:
        open_after_fork()
    return _opened[0]


@app.task(name=ADVANCE_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def advance(programme: str) -> None:
    """Bring every view of a programme towards the head."""
    projecting, sender = parts().projecting, parts().sender
    sender.taken(ADVANCE_TASK, programme)
    if not projecting.advance.catch_up(programme, seconds=SLICE_SECONDS):
        sender.send(ADVANCE_TASK, programme)


@app.task(name=REBUILD_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def rebuild(view: str, programme: str) -> None:
    """Go on with what is being folded beside a live view."""
    projecting, sender = parts().projecting, parts().sender
    sender.taken(REBUILD_TASK, view, programme)
    found = view_named(view)
    if found is not None and projecting.rebuild.run(found, programme, seconds=SLICE_SECONDS) == "folding":
        sender.send(REBUILD_TASK, view, programme)


@app.task(name=ERASE_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def erase() -> None:
    """Take away what is known about persons whose data was decided to be erased."""
    parts().projecting.erase()


@app.task(name=NOTIFY_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def notify(programme: str) -> None:
    """Send the notices that follow from what is new in a programme: into inboxes, and what goes out is queued."""
    sender = parts().sender
    sender.taken(NOTIFY_TASK, programme)
    if parts().noticing.send(programme) in ("more", "busy"):
        sender.send(NOTIFY_TASK, programme)
    sender.send(DELIVER_TASK, queue=delivery_queue_of(read_settings().database_url))


@app.task(name=REACT_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def react(programme: str) -> None:
    """Decide what follows by itself from what is new in a programme, or due, and put on record what was served."""
    reacting, sender = parts().reacting, parts().sender
    sender.taken(REACT_TASK, programme)
    if reacting.serve(programme) == "more" or reacting.react(programme) in ("more", "busy"):
        sender.send(REACT_TASK, programme)


@app.task(name=LOOK_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def look() -> None:
    """Have all advanced that is behind, notices, summaries and reactions too, and unfinished builds gone on with."""
    projecting, noticing, reacting, sender = parts()
    for programme in projecting.behind():
        sender.send(ADVANCE_TASK, programme)
    for programme in noticing.behind(projecting.advance.programmes()):
        sender.send(NOTIFY_TASK, programme)
    if noticing.summarise():
        sender.send(DELIVER_TASK, queue=delivery_queue_of(read_settings().database_url))
    for programme in reacting.behind(projecting.advance.programmes()):
        sender.send(REACT_TASK, programme)
    for view, version, programme in projecting.builds.unfinished():
        if view_named(view, version) is not None:
            sender.send(REBUILD_TASK, view, programme)
