"""What is measured side by side, one file a system.

`appends`: opens the system and gives a function of clients and seconds, the appends a second. `batches`: a function of
a request's events and a number of requests, the events a second. `reads`: a function of nothing, the events a second,
once so many are there. Each may raise `NotMeasuredError`, when opened or when called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from ops.bench.rounds import NotMeasuredError
from ops.bench.setting import Server, Setting

Rate = Callable[[int, float], float]
BatchRate = Callable[[int, int], float]
Opens = Callable[[Setting, Server], AbstractContextManager[Rate]]
OpensBatches = Callable[[Setting, Server], AbstractContextManager[BatchRate]]


@contextmanager
def or_reason(opened: AbstractContextManager[Callable[..., float]]) -> Iterator[Callable[..., float]]:
    """What was opened; or, where it cannot be had, a function that says why."""
    try:
        yielded = opened.__enter__()
    except NotMeasuredError as reason:
        said = str(reason)

        def refuse(*_arguments: object) -> float:
            raise NotMeasuredError(said)

        yield refuse
        return
    try:
        yield yielded
    except BaseException as error:
        if not opened.__exit__(type(error), error, error.__traceback__):
            raise
    else:
        opened.__exit__(None, None, None)
