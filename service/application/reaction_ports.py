"""Ports of reactions: up to where a programme was looked at, and when to look again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import msgspec


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What would follow by now from an event, and does not. `because`: what refuses it."""

    reaction: str
    follows: int
    subject: str
    because: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far a programme was looked at. `due_at`: when something is due that no event brings about."""

    position: int = 0
    due_at: datetime | None = None
    held: tuple[Held, ...] = ()


class ReactionTurn(Protocol):
    """One worker's turn at a programme. `standing` is kept when the turn ends, unless it ends in an error."""

    standing: Standing


class ReactionStore(Protocol):
    """Every method raises `LedgerUnavailableError` if the database does not answer."""

    def turn(self, programme: str) -> AbstractContextManager[ReactionTurn | None]:
        """The turn at a programme; `None` while another worker has it."""
        ...

    def behind(self, programmes: Sequence[str], head: int, now: datetime) -> Sequence[str]:
        """Those that were not looked at up to the head, or in which something is due by `now`."""
        ...

    def standing(self, programme: str) -> Standing:
        """How far it was looked at."""
        ...
