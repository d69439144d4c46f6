"""Ports of notices: where what consortiums were told is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from domain.charter_document import ServedBy
from domain.noticing import Notice


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as it was sent. `number`: counts on in a programme, in order. `content`: its bytes, `sha256`: theirs.

    `opened_at`: when its recipient first asked for it. `held`: why it is not on record as served, if that was refused.
    """

    number: int
    content: bytes
    sha256: bytes
    delivered_at: datetime
    opened_at: datetime | None
    held: str | None = None

    @property
    def notice(self) -> Notice:
        return msgspec.json.decode(self.content, type=Notice)


class NoticeTurn(Protocol):
    """One worker's turn at a programme. `position`: up to which its events were looked at.

    All is kept when the turn ends, or nothing if it ends in an error.
    """

    position: int
    halted: str | None

    def send(self, notices: Sequence[Notice], service: Mapping[str, ServedBy]) -> None:
        """Those of (position, recipient, template) that were sent before stay as they were. `service`: by template, of
        what is to be served on record by which evidence."""
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

    def sent(
        self, programme: str, recipient: str | None, *, notice: str | None = None, after: int, limit: int
    ) -> Sequence[Sent]:
        """Notices to a recipient, or to all, of that id if one is given, with a number after that, in order."""
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


class Unserved(msgspec.Struct, frozen=True, kw_only=True):
    """A notice of which there is evidence that it was served, and that is not on record. `at`: when, `by` what."""

    number: int
    notice: str
    position: int
    recipient: str
    template: str
    sha256: bytes
    by: ServedBy
    at: datetime


class ServiceStore(Protocol):
    """What is to be served on record. Every method raises `LedgerUnavailableError` if the database does not answer."""

    def unserved(self, programme: str, now: datetime, *, limit: int) -> Sequence[Unserved]:
        """In the order of the notices; what was refused only once it is tried again."""
        ...

    def to_serve(self, now: datetime) -> Sequence[str]:
        """Programmes of which there is any."""
        ...

    def settle(self, number: int, *, held: str | None, again_at: datetime) -> None:
        """A notice is on record, or is tried again, and why it was held."""
        ...


class RegisteredConsortiums(Protocol):
    """Whom notices can reach, besides teams."""

    def __call__(self) -> Sequence[str]:
        """Consortiums that somebody can act for here. Raises `LedgerUnavailableError`."""
        ...
