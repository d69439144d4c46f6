"""Ports: what the use cases ask of the outside, with the behaviour that they rely on."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec
from eventsourcing.dcb.api import DCBQuery

from domain.boundary import Boundary, Query
from domain.exported import ExportedEvent


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event before it has a position. `envelope` and `data` are the exact bytes to keep and to commit to."""

    programme: str
    type: str
    version: int
    event_id: UUID
    tags: tuple[str, ...]
    salt: bytes
    envelope: bytes
    data: bytes


class StreamedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event in the ledger as folds take it in, with its position and the time of its commit."""

    position: int
    recorded_at: datetime
    programme: str
    type: str
    version: int
    envelope: bytes
    data: bytes


class RecordedEvent(StreamedEvent, frozen=True, kw_only=True):
    """An event in the ledger, with the entry that proofs rest on."""

    event_id: UUID
    tags: tuple[str, ...]
    salt: bytes
    entry: bytes


class IdempotencyKey(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A client's name for one request. `fingerprint`: 32 bytes over what was asked."""

    client: str
    programme: str
    key: str
    fingerprint: bytes


class AppendRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All events of one decision, to be recorded together or not at all.

    `condition`: refuse if an event that matches it has come since. `decided_at`: refuse if it is more than five seconds
    older than the commit. `idempotency`: record once; `decision_id` is kept with it.
    """

    events: Sequence[NewEvent]
    decision_id: UUID
    condition: Boundary | None = None
    decided_at: datetime | None = None
    idempotency: IdempotencyKey | None = None


class Appended(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an idempotency key or an append stands for. `replayed`: it had been recorded before."""

    decision_id: UUID
    first_position: int
    last_position: int
    replayed: bool


PAGE: Final = 2000
"""Events of a page of `Ledger.stream`; three are in memory at a time."""


class ReadResult(Protocol):
    """Events in order of position; `head` is the ledger's head in the snapshot they were read from."""

    head: int

    def __iter__(self) -> Iterator[RecordedEvent]: ...


class Probed(msgspec.Struct, frozen=True, gc=False):
    """`positions`, in order, of every event that matches a query, and perhaps of another; `head`: of the snapshot."""

    head: int
    positions: Sequence[int]


class IdempotencyKeyReusedError(Exception):
    """The key stands for a request with another fingerprint."""


class StaleDecisionError(Exception):
    """`decided_at` is more than five seconds older than the commit; decide again."""


class LedgerUnavailableError(Exception):
    """The database did not answer. `outcome_unknown`: the request may have been recorded; retry with the same key.

    `told`: what whoever asked is told; `because`: what the driver says. It names servers and tables, so it is for logs.
    """

    def __init__(self, told: str, *, outcome_unknown: bool, because: object = None) -> None:
        super().__init__(told if because is None else f"{told}: {because}")
        self.told = told
        self.outcome_unknown = outcome_unknown


class Ledger(Protocol):
    """The append-only record.

    Positions are dense and in commit order. When `append` returns, its events are durable. Safe to call from many
    threads; concurrent appends of one process share commits.
    """

    def append(self, request: AppendRequest) -> Appended:
        """Record, or return what the idempotency key already stands for.

        Raises `eventsourcing.persistence.IntegrityError` if the condition fails, `IdempotencyKeyReusedError`,
        `StaleDecisionError`, `UnscopedTagError`, `LedgerUnavailableError`. On any error but an unknown outcome nothing
        is recorded.
        """

    def append_each(self, requests: Sequence[AppendRequest]) -> list[Appended | Exception]:
        """As `append`, for each by itself, in few commits: its result, or the error that `append` would raise.

        None depends on what another one records.
        """

    def read(
        self, query: DCBQuery | None = None, *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> ReadResult:
        """Matching events with `after` < position ≤ `upto`, and the head, from one snapshot, all in memory."""

    def probe(self, query: Query) -> Probed:
        """Where events may be that match, from one snapshot taken after the call; what they are is for `at` to tell.

        Every item of the query has types.
        """

    def at(self, positions: Sequence[int]) -> list[RecordedEvent]:
        """The events at positions, in order."""

    def read_programme(
        self, programme: str, *, after: int = 0, upto: int | None = None, limit: int | None = None
    ) -> ReadResult:
        """As `read`, for every event of a programme."""

    def stream(
        self,
        programme: str | None = None,
        *,
        after: int = 0,
        upto: int | None = None,
        page: int = PAGE,
        envelopes: bool = True,
        times: bool = True,
    ) -> Generator[list[StreamedEvent], None, None]:
        """As `read`, for every event, or every one of a programme, page by page in bounded memory.

        Ends at the head as it stood at the first page. `envelopes`: whether events carry theirs, or an empty one;
        `times`: whether they carry the time of their commit, or none.
        Raises `LedgerUnavailableError`, also between pages.
        """

    def exported(
        self, programme: str | None, *, after: int, upto: int, limit: int
    ) -> Generator[list[ExportedEvent], None, None]:
        """As `read`, each event as a line of a bundle, in full if it is of the programme; in pieces, none empty."""

    def head(self) -> int:
        """The last position, 0 for an empty ledger."""

    def position_at(self, time: datetime) -> tuple[int, datetime]:
        """The last position recorded by an instant, that instant included, 0 if none was; and when the head was.

        Times never decrease with positions: where the head is later than the instant, no event of it is to come.
        """

    def find(self, client: str, programme: str, keys: Sequence[str]) -> dict[str, tuple[Appended, bytes]]:
        """What each idempotency key that was used stands for, with its fingerprint."""


class WakeUps(Protocol):
    """Tells the workers that a programme has news. Never blocks, never raises: losing one costs latency only."""

    def wake(self, programme: str) -> None: ...
