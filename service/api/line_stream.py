"""A request's body as lines, read as they come and no faster than they are taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from litestar.types import Receive

from service.api.decisions import BODY_LIMIT
from service.application.lines import LineTooLongError

LINE_LIMIT: Final = BODY_LIMIT + 4096
"""Bytes of one line: of its body, and of what stands around that."""
WAITING_LINES: Final = 512
WAITING_BYTES: Final = 4 * 1024 * 1024
"""As many lines, or bytes of lines, are read ahead."""

Text = bytes | LineTooLongError
Numbered = tuple[int, Text]
"""A line that is not blank, and its number, from 1."""


class _GoneError(Exception):
    """The client is."""


class Lines:
    """Cuts pieces into lines. Of one that is too long nothing is kept. `number`: of lines that were cut."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._too_long = False
        self.number = 0

    def take(self, piece: bytes) -> list[Numbered]:
        """The lines that a piece completes."""
        *whole, rest = piece.split(b"\n")
        found = []
        for each in whole:
            self._add(each)
            found += self.end()
        self._add(rest)
        return found

    def end(self) -> list[Numbered]:
        """What is left, as a line."""
        self.number += 1
        text: Text = LineTooLongError() if self._too_long else bytes(self._rest)
        self._rest.clear()
        self._too_long = False
        return [(self.number, text)] if isinstance(text, LineTooLongError) or text.strip() else []

    def _add(self, part: bytes) -> None:
        self._too_long = self._too_long or len(self._rest) + len(part) > LINE_LIMIT
        if self._too_long:
            self._rest.clear()
        else:
            self._rest += part


class Incoming:
    """The lines of a body, of which so many are read ahead while others are worked on.

    `require_known`: raises if who sends them may send no more. `gone`: the client is, once it ended. `refused`: why no
    more of the body was waited for, or taken, if that is so.
    """

    def __init__(self, receive: Receive, require_known: Callable[[], Awaitable[None]]) -> None:
        self.gone = False
        self.refused: Exception | None = None
        self._receive = receive
        self._require_known = require_known
        self._stopped = False
        self._lines = Lines()
        self._waiting: deque[Numbered] = deque()
        self._ended = False
        self._changed = asyncio.Condition()

    async def read(self) -> None:
        """Read until the end, as fast as lines are taken."""
        self.gone = True  # unless it comes to an end
        try:
            await self._read()
            self.gone = False
        except _GoneError:
            pass
        except Exception as error:  # noqa: BLE001 — whatever ends the body is told in the answer
            self.gone, self.refused = False, error
        finally:
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def _read(self) -> None:
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise _GoneError
            more = message.get("more_body", False)
            found = self._lines.take(message["body"])
            if not more:
                found += self._lines.end()
            async with self._changed:
                self._waiting.extend(found)
                self._changed.notify_all()
                await self._changed.wait_for(self._has_room)

    async def take(self, most: int, *, wait: bool = True) -> list[Numbered]:
        """The next lines, as soon as there are any; none at the end, or if none are there or waited for."""
        async with self._changed:
            if wait:
                await self._changed.wait_for(lambda: self._waiting or self._ended)
            if not self._stopped:
                await self._look_again()
            if self._stopped or (self._ended and self.gone):
                return []
            taken = [self._waiting.popleft() for _n in range(min(most, len(self._waiting)))]
            self._changed.notify_all()
        return taken

    async def _look_again(self) -> None:
        """Lines that wait are not taken once who sent them may send no more."""
        try:
            await self._require_known()
        except Exception as error:  # noqa: BLE001 — as in `read`
            self.refused, self._stopped = error, True

    @property
    def next_number(self) -> int:
        """Of the line that would come next."""
        return self._waiting[0][0] if self._waiting else self._lines.number + 1

    def _has_room(self) -> bool:
        return len(self._waiting) < WAITING_LINES and sum(map(_size, self._waiting)) < WAITING_BYTES


def _size(numbered: Numbered) -> int:
    return len(numbered[1]) if isinstance(numbered[1], bytes) else 0
