"""What is measured side by side, one file a system.

`appends`: opens the system and gives a function of clients and seconds, the appends a second. `batches`: a function of
a request's events and a number of requests, the events a second. Each may raise `NotMeasuredError`, when opened or when
called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, TypeVar

from ops.bench.rounds import NotMeasuredError
from ops.bench.setting import Server, Setting

Rate = Callable[[int, float], float]
BatchRate = Callable[[int, int], float]
Opens = Callable[[Setting, Server], AbstractContextManager[Rate]]
OpensBatches = Callable[[Setting, Server], AbstractContextManager[BatchRate]]


T = TypeVar("T")


@contextmanager
def or_reason(opened: AbstractContextManager[Callable[..., T]]) -> Iterator[Callable[..., T]]:
    """What was opened; or, where it cannot be had, a function that says why."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(opened)
        except NotMeasuredError as reason:
            found = _refusal(str(reason))
        yield found


def _refusal(reason: str) -> Callable[..., Any]:
    def refuse(*_arguments: object) -> object:
        raise NotMeasuredError(reason)

    return refuse
