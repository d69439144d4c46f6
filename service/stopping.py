"""Being told that the process is to end, before the server waits for its connections."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType


def when_stopping(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop once the process is told to end, beside what else happens then.

    The server ends the application only after its last connection: whoever keeps connections open ends them at this.
    Without effect in another thread than the main one, which no signal reaches.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        _add(number, lambda: loop.call_soon_threadsafe(stop))


def _add(number: signal.Signals, call: Callable[[], object]) -> None:
    before = signal.getsignal(number)

    def handle(signum: int, frame: FrameType | None) -> None:
        call()
        if callable(before):
            before(signum, frame)

    signal.signal(number, handle)
