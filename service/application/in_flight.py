"""Requests of this process that are being worked on, by their idempotency keys."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

Name = tuple[str, str, str]
"""Client, programme and idempotency key."""


class RequestInFlightError(Exception):
    """The same idempotency key is being worked on in this process."""


class InFlight:
    """Safe to call from many threads."""

    def __init__(self) -> None:
        self._names: set[Name] = set()
        # A claim that was dropped ends when it is collected: that may be while this very thread makes another.
        self._lock = threading.RLock()

    @contextmanager
    def alone(self, name: Name) -> Iterator[None]:
        """Nobody else works on the name meanwhile. Raises `RequestInFlightError` if somebody does."""
        with self.claimed([name]) as free:
            if not free:
                raise RequestInFlightError(name[2])
            yield

    @contextmanager
    def claimed(self, names: Iterable[Name]) -> Iterator[set[Name]]:
        """Those of the names that nobody else works on, and that are this caller's own meanwhile."""
        with self._lock:
            free = set(names) - self._names
            self._names |= free
        try:
            yield free
        finally:
            with self._lock:
                self._names -= free
