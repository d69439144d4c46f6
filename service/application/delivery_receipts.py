"""Receipts of what is delivered: asked for again and again, of one position by ten thousand endpoints, made once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from service.application.proving import NotSealedError

KEPT: Final = 1000
"""So many are kept; those that were asked for last."""
LOOK_SECONDS: Final = 0.02
"""So long nobody looks again for a seal that was not there."""


class Receipts:
    """Of positions, by `receipt`, which raises `NotSealedError`. Safe to call from many threads.

    A receipt stays one: that its log went on since changes nothing in it.
    """

    def __init__(self, receipt: Callable[[int], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._receipt = receipt
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, str] = OrderedDict()
        self._unsealed = (0, -LOOK_SECONDS)  # a position that was not sealed, and when

    def __call__(self, position: int) -> str | None:
        """The receipt, or none while the position is not sealed. Raises `LedgerUnavailableError`."""
        with self._lock:
            if (found := self._kept.get(position)) is not None:
                self._kept.move_to_end(position)
                return found
            first, at = self._unsealed
            if position >= first and self._clock() - at < LOOK_SECONDS:
                return None
        try:
            found = self._receipt(position)
        except NotSealedError:
            with self._lock:
                self._unsealed = (position, self._clock())
            return None
        with self._lock:
            self._kept[position] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found
