"""Ports of notices: where what consortiums were told is kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from domain.noticing import Notice


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as it was sent. `number`: counts on in a programme, in order. `content`: its bytes, `sha256`: theirs.

    `opened_at`: when its recipient first asked for it.
    """

    number: int
    content: bytes
    sha256: bytes
    delivered_at: datetime
    opened_at: datetime | None

    @property
    def notice(self) -> Notice:
        return msgspec.json.decode(self.content, type=Notice)


class NoticeTurn(Protocol):
    """One worker's turn at a programme. `position`: up to which its events were looked at.

    All is kept when the turn ends, or nothing if it ends in an error.
    """

    position: int
    halted: str | None

    def send(self, notices: Sequence[Notice]) -> None:
        """Those of (position, recipient, template) that were sent before stay as they were."""
        ...


class NoticeStore(Protocol):
    """Every method raises `LedgerUnavailableError` if the database does not answer."""

    def turn(self, programme: str) -> AbstractContextManager[NoticeTurn | None]:
        """The turn at a programme; `None` while another worker has it."""
        ...

    def behind(self, programmes: Sequence[str], head: int) -> Sequence[str]:
        """Those that have not halted and were not looked at up to the head."""
        ...

    def retry(self) -> int:
        """Let go on what halted; how many programmes that were."""
        ...

    def sent(self, programme: str, recipient: str | None, *, after: int, limit: int) -> Sequence[Sent]:
        """Notices to a recipient, or to all, with a number after that, in order."""
        ...

    def unopened(self, programme: str, recipient: str | None) -> int:
        """How many of them their recipients have not asked for."""
        ...

    def one(self, programme: str, notice: str, recipient: str | None, *, opening: bool) -> Sent | None:
        """The notice of an id, if it is the recipient's. `opening`: it is the recipient who asks."""
        ...

    def disabled(self, programme: str, recipient: str | None) -> Sequence[str]:
        """The endpoints of a recipient, or of all, to which nothing goes any more."""
        ...

    def halted(self, programme: str) -> str | None:
        """Why no more notices follow, if that is so."""
        ...


class RegisteredConsortiums(Protocol):
    """Whom notices can reach, besides teams."""

    def __call__(self) -> Sequence[str]:
        """Consortiums that somebody can act for here. Raises `LedgerUnavailableError`."""
        ...
