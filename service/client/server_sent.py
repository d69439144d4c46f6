"""Server-sent events, as the HTML standard has them, as far as the ledger's stream uses them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from service.client.answers import Event


class Seen(NamedTuple):
    """`last`: the position up to which everything was seen. `event`: one at it, or none of those asked for."""

    last: int
    event: Event | None


class Parser:
    """Takes lines, as they come, and gives what they complete. `retry`: seconds to wait before coming back."""

    def __init__(self) -> None:
        self.retry = 1.0
        self._last: int | None = None
        self._data: list[str] = []

    def take(self, line: str) -> Seen | None:
        """A line without its end; what a blank one completes."""
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id" and value.isdecimal():
                self._last = int(value)
            elif name == "data":
                self._data.append(value)
            elif name == "retry" and value.isdecimal():
                self.retry = int(value) / 1000
            return None
        data, self._data = self._data, []
        if self._last is None:
            return None
        return Seen(self._last, msgspec.json.decode("\n".join(data), type=Event) if data else None)
