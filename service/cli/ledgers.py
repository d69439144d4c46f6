"""A ledger to be gone through from its first event on: in a bundle, offline, or in the database here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, takewhile
from pathlib import Path
from typing import Protocol

import click
import msgspec

from domain.charter import CharterPublished
from domain.checkpoint import Checkpoint
from domain.deadlines import moment
from domain.merkle import Frontier, leaf_hash
from service.application.ports import StreamedEvent
from service.application.projecting import AdvanceProjection
from service.application.proving import Prove
from service.cli.failures import NotAsAskedError
from service.cli.opened import settings_here
from service.storage.ledger import PostgresLedger
from service.storage.sealing import PostgresSeals
from service.storage.views import PostgresViewStore
from service.verify.bundle import EVENTS, BrokenError, Bundle, Line, lines_of
from service.verify.faults import Fault


class Going(Protocol):
    """A ledger that is open."""

    def size(self) -> int:
        """Its last position."""

    def programmes(self) -> list[str]:
        """Whose events are there in full."""

    def events(self, programme: str, upto: int, *, envelopes: bool = True) -> Iterator[StreamedEvent]:
        """The events of a programme up to a position, in order. Raises `BrokenError` where one is missing.

        `envelopes`: as in `Ledger.stream`.
        """

    def sealed(self, size: int) -> Checkpoint | None:
        """The checkpoint of a size, if the log signed one."""

    def position_at(self, time: datetime) -> int:
        """The last position that was recorded by then."""


class Where(msgspec.Struct, frozen=True):
    """Where a ledger is: a bundle's folder, a file of its events, or a database."""

    bundle: Path | None = None
    database: str | None = None

    @contextmanager
    def opened(self) -> Iterator[Going]:
        """The ledger; to be opened in each process by itself. Raises `BundleError`, `LedgerUnavailableError`."""
        if self.bundle is not None:
            yield _InBundle(self.bundle)
            return
        assert self.database is not None
        found = _InDatabase(self.database)
        try:
            yield found
        finally:
            found.close()


bundle_option = click.option(
    "--bundle",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="A bundle's folder, or a file of its events (.ndjson, also .gz and .xz), instead of the database.",
)


def where_of(bundle: Path | None) -> Where:
    """The bundle or, without one, the service's own database."""
    return Where(database=settings_here().require_database()) if bundle is None else Where(bundle=bundle)


def wanted_of(programmes: Sequence[str], named: str | None) -> list[str]:
    """The programme that was named, or each. Raises `NotAsAskedError`."""
    if named is not None and named not in programmes:
        raise NotAsAskedError(f"{named[:80]!r} is no programme of this ledger.")
    return [named] if named is not None else list(programmes)


class _InBundle:
    def __init__(self, place: Path) -> None:
        self._manifest = Bundle(place).manifest if place.is_dir() else None
        self._file = place / EVENTS if place.is_dir() else place

    def size(self) -> int:
        return sum(1 for _line in lines_of(self._file)) if self._manifest is None else self._manifest.size

    def programmes(self) -> list[str]:
        if self._manifest is not None:
            return [self._manifest.programme]
        first = (line for line in lines_of(self._file) if line.type == CharterPublished.TYPE and not line.withheld)
        return [line.programme for line in first]

    def events(self, programme: str, upto: int, *, envelopes: bool = True) -> Iterator[StreamedEvent]:
        for number, line in enumerate(takewhile(lambda line: line.position <= upto, lines_of(self._file)), start=1):
            if line.position != number:
                raise BrokenError(number, f"position {line.position} stands here")
            if line.programme == programme:
                yield _streamed(line)

    def sealed(self, size: int) -> Checkpoint | None:
        """As the entries of the bundle have it: whether the log signed that is for `sillok verify` to say."""
        if self._manifest is None or size > self._manifest.size:
            return None
        edge = Frontier()
        for line in takewhile(lambda line: line.position <= size, lines_of(self._file)):
            for _node in edge.add(leaf_hash(line.entry)):
                pass
        return Checkpoint(origin=self._manifest.log, size=size, root=edge.root)

    def position_at(self, time: datetime) -> int:
        return sum(1 for _line in takewhile(lambda line: moment(line.recorded_at) <= time, lines_of(self._file)))


def _streamed(line: Line) -> StreamedEvent:
    if line.envelope is None or line.data is None:
        error = BrokenError(line.position, "")
        error.fault = Fault("removed", line.position, "what the event says is left out")
        raise error
    return StreamedEvent(
        position=line.position,
        recorded_at=moment(line.recorded_at),
        programme=line.programme,
        type=line.type,
        version=line.version,
        envelope=line.envelope.encode(),
        data=line.data.encode(),
    )


class _InDatabase:
    def __init__(self, url: str) -> None:
        self._url = url
        self._ledger = PostgresLedger(url, pool_size=2)
        self._seals = PostgresSeals(url, pool_size=1)

    def size(self) -> int:
        return self._ledger.head()

    def programmes(self) -> list[str]:
        store = PostgresViewStore(self._url, pool_size=1)
        try:
            return AdvanceProjection(self._ledger, store).programmes()
        finally:
            store.close()

    def events(self, programme: str, upto: int, *, envelopes: bool = True) -> Iterator[StreamedEvent]:
        return chain.from_iterable(self._ledger.stream(programme, upto=upto, envelopes=envelopes))

    def sealed(self, size: int) -> Checkpoint | None:
        return Prove(self._seals).signed(size)

    def position_at(self, time: datetime) -> int:
        return self._ledger.position_at(time)[0]

    def close(self) -> None:
        self._ledger.close()
        self._seals.close()
