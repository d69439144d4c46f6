"""Asking witnesses: a worker of its own, one process, so that one that is slow holds up no projection and no seal."""

from __future__ import annotations

from celery import Celery

from service.settings import read_settings
from service.storage.wake_ups import COSIGN_TASK, Sender, witness_queue_of
from service.worker_bootstrap import Cosigning, open_cosigning
from workers.options import OPTIONS

app = Celery("sillok-witnesses", broker=read_settings().require_redis())
app.conf.update(**OPTIONS, task_default_queue=witness_queue_of(read_settings().database_url))

_opened: list[tuple[Cosigning, Sender]] = []


def parts() -> tuple[Cosigning, Sender]:
    """This process's parts, opened when they are first asked for: after any fork."""
    if not _opened:
        settings = read_settings()
        _opened.append((open_cosigning(settings), Sender(app, settings.require_redis())))
    return _opened[0]


@app.task(name=COSIGN_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def cosign() -> None:
    """Have witnesses cosign the last checkpoint."""
    cosigning, sender = parts()
    sender.taken(COSIGN_TASK)
    if cosigning.cosign() == "more":
        sender.send(COSIGN_TASK)
