"""Views: pure folds from events to rows, one a projection. Rows are text keys and bytes, so that two folds of the same
events can be compared byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from domain.deadlines import instant
from domain.envelope import Provenance, decode_provenance
from domain.event import Event


class Rows(Protocol):
    """A view's rows of one partition: text key → bytes. Written rows are seen by later reads of the same session.

    Any of the three may raise `RowsLostError`.
    """

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...

    def scan(self, prefix: str) -> Sequence[tuple[str, bytes]]:
        """Rows whose key starts with `prefix`, in byte order of the key."""
        ...


class MemoryRows:
    """Rows in memory: for folds that nobody keeps, such as a view as of an earlier position."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self.rows.get(key)

    def put(self, key: str, value: bytes) -> None:
        self.rows[key] = value

    def scan(self, prefix: str) -> Sequence[tuple[str, bytes]]:
        return sorted(item for item in self.rows.items() if item[0].startswith(prefix))


class Occurrence(msgspec.Struct, frozen=True, gc=False):
    """An event of the partition, decoded; time and envelope only once asked for, as few views do."""

    position: int
    recorded: datetime
    version: int
    stored_envelope: bytes
    event: Event

    @property
    def recorded_at(self) -> str:
        """RFC 3339, UTC."""
        return instant(self.recorded)

    @property
    def provenance(self) -> Provenance:
        """Raises `msgspec.DecodeError`."""
        return decode_provenance(self.stored_envelope)


class RowsLostError(Exception):
    """The store behind the rows does not answer: no event's fault."""


class PoisonEventError(Exception):
    """An event that a view cannot fold; rows written in the same fold are to be thrown away."""

    def __init__(self, position: int, cause: Exception) -> None:
        super().__init__(f"position {position}: {type(cause).__name__}: {cause}")
        self.position = position


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A projection's name and fold. `version` changes whenever the same events would give other rows.

    Another version is folded beside this one, from the first event on. `envelopes`, `times`: whether the fold looks at
    them, and at when events were recorded.
    `remembers`: what rows were at the end of each epoch is kept, so that the view as of any position is at most an
    epoch of events away.
    """

    name: str
    version: int
    fold: Callable[[Rows, Iterable[Occurrence]], None]
    envelopes: bool = False
    times: bool = True
    remembers: bool = False


EPOCH: Final = 1024
"""Positions in an epoch. No fold into stored rows goes beyond the end of one without storing what it has."""


def epoch_of(position: int) -> int:
    """The epoch of a position: 0 for the first 1,024 of them."""
    return (position - 1) // EPOCH


encode_row = msgspec.json.Encoder(order="deterministic").encode


def one_by_one(occurrences: Iterable[Occurrence], take: Callable[[Occurrence], None]) -> None:
    """Take each occurrence in turn; whatever goes wrong is told with its position."""
    for occurrence in occurrences:
        try:
            take(occurrence)
        except (RowsLostError, MemoryError):
            raise
        except Exception as cause:
            raise PoisonEventError(occurrence.position, cause) from cause


def keyed(rows: Sequence[tuple[str, bytes]], prefix: str) -> Iterator[tuple[str, bytes]]:
    """Rows without the prefix of their key."""
    for key, value in rows:
        yield key.removeprefix(prefix), value
