"""Work that is done in a process of its own, while this one does other work."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar("T")


def may_work_beside() -> bool:
    """Whether there is a second processor, and a system that lets a process go on as two."""
    return (os.cpu_count() or 1) > 1 and "fork" in multiprocessing.get_all_start_methods()


def beside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin the work; what is given waits for what it comes to. What fails there is done here, and fails here."""
    processes = multiprocessing.get_context("fork")
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=_tell, args=(theirs, work), daemon=True)
    process.start()
    theirs.close()

    def ended() -> T:
        try:
            found: T = ours.recv()
        except EOFError:
            return work()
        finally:
            ours.close()
            process.join()
        return found

    return ended


def _tell(told: Connection[Any, Any], work: Callable[[], object]) -> None:
    try:
        told.send(work())
    except Exception:  # noqa: BLE001 — whoever asked does it again, and says it
        told.close()
