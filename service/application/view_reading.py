"""Rows of views for readers: as they stand, once they stand far enough, or folded as of an earlier position."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from domain.views import MemoryRows, Rows, View
from service.application.ports import Ledger
from service.application.projecting import VIEWS, fold_stretch
from service.application.reading_refusals import (
    NotYetProjectedError,
    UnknownPositionError,
    poison_told,
    require_reached,
)
from service.application.view_ports import Standing, ViewStore

WAIT_SECONDS: Final = 5.0
"""How long a reader who asks for `min_position` waits for the view."""


class ReadViews:
    """`pause` sleeps; a test may give its own."""

    def __init__(self, ledger: Ledger, store: ViewStore, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._ledger = ledger
        self._store = store
        self._pause = pause

    @contextmanager
    def rows(
        self, view: View, programme: str, as_of_position: int | None, min_position: int
    ) -> Iterator[tuple[Rows, int]]:
        """The view's rows from one snapshot, as it stands or as of an earlier position, and which that is.

        Raises `NotYetProjectedError`, `UnknownPositionError`.
        """
        if as_of_position is None:
            self._wait(view, programme, min_position)
            with self._store.snapshot(view, programme) as found:
                if found is None:
                    raise NotYetProjectedError(0, None)
                yield found
            return
        require_reached(as_of_position, self._ledger.head())
        with self._store.as_of(view, programme, as_of_position) as kept:
            rows, reached = kept or (MemoryRows(), 0)
            with poison_told():
                fold_stretch(self._ledger, view, programme, rows, after=reached, upto=as_of_position)
            yield rows, as_of_position

    def scan(
        self, view: View, programme: str, *, prefix: str, after: str, limit: int | None, min_position: int
    ) -> tuple[Sequence[tuple[str, bytes]], int]:
        """Rows with a prefix after a key, at most so many, and the view's position. Raises `NotYetProjectedError`."""
        self._wait(view, programme, min_position)
        return self._store.scan(view, programme, prefix, after=after, limit=limit)

    def until_projected(self, programme: str, position: int) -> bool:
        """Wait until every view has reached a position, for so long as `min_position` does; whether they have."""
        try:
            for view in VIEWS:
                self._wait(view, programme, position)
        except NotYetProjectedError:
            return False
        return True

    def _wait(self, view: View, programme: str, min_position: int) -> None:
        waited = 0.0
        while min_position:
            standing = self._store.standing(view, programme) or Standing(0, None, False)
            if standing.position >= min_position:
                return
            if not waited and min_position > (head := self._ledger.head()):
                detail = f"min_position: {min_position} is not reached: the ledger ends at {head}"
                raise UnknownPositionError(detail, rule="Positions run from 1 to the head.")
            if standing.stale or standing.paused or waited >= WAIT_SECONDS:
                paused = "an operator paused it" if standing.paused else None
                raise NotYetProjectedError(standing.position, standing.stale or paused)
            self._pause(0.02)
            waited += 0.02
