"""A server that cannot be used is asked by one at a time, so that those who wait for it hold nobody else up."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

STANDSTILL: Final = timedelta(minutes=1)
"""So long nobody asks a server that could not be used."""


class Standstill:
    """Of one server, in one process. `trying`: so long whoever asks it again is waited for. Safe for many threads."""

    def __init__(self, trying: timedelta) -> None:
        self._trying = trying
        self._lock = threading.Lock()
        self._until: datetime | None = None
        self._why = ""

    def left(self, now: datetime) -> tuple[timedelta, str] | None:
        """How long it lasts, and why; none for whoever is to ask the server now.

        A clock that was turned back lengthens nothing.
        """
        with self._lock:
            if self._until is None:
                return None
            left = self._until - now
            if timedelta(0) < left <= STANDSTILL:
                return left, self._why
            self._until = now + self._trying
            return None

    def began(self, now: datetime, why: str) -> None:
        """The server could not be used."""
        with self._lock:
            self._until, self._why = now + STANDSTILL, why

    def ended(self) -> None:
        """The server could be used."""
        with self._lock:
            self._until = None
