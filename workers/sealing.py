"""The sealer: a worker of its own, one process beside the signer, so that no projection holds a seal up."""

from __future__ import annotations

from typing import Final

from celery import Celery

from service.settings import read_settings
from service.storage.wake_ups import COSIGN_TASK, SEAL_TASK, Sender, seal_queue_of, witness_queue_of
from service.worker_bootstrap import Sealing, open_sealing
from workers.options import OPTIONS

SLICE_SECONDS: Final = 2.0

app = Celery("sillok-sealer", broker=read_settings().require_redis())
app.conf.update(**OPTIONS, task_default_queue=seal_queue_of(read_settings().database_url))

_opened: list[tuple[Sealing, Sender]] = []


def parts() -> tuple[Sealing, Sender]:
    """This process's parts, opened when they are first asked for: after any fork."""
    if not _opened:
        settings = read_settings()
        _opened.append((open_sealing(settings), Sender(app, settings.require_redis())))
    return _opened[0]


@app.task(name=SEAL_TASK)  # type: ignore[untyped-decorator]  # celery ships no types
def seal() -> None:
    """Extend the tree to the head, and have it signed."""
    sealing, sender = parts()
    sender.taken(SEAL_TASK)
    if sealing.seal(seconds=SLICE_SECONDS) == "more":
        sender.send(SEAL_TASK)
    if sealing.witnesses:
        # Also where nothing is new: witnesses that were away are asked again.
        sender.send(COSIGN_TASK, queue=witness_queue_of(read_settings().database_url))
