"""Folding a view anew beside the live one, comparing the two at the same position, and changing their places."""

from __future__ import annotations

import time
from typing import Final, Literal

from domain.views import PoisonEventError, View
from service.application.projecting import VIEWS, AdvanceProjection
from service.application.view_ports import Builds, Certificate, Turn, ViewStore

REBUILD_BATCH: Final = 16_384
DIFFERING: Final = 20
"""How many keys of differing rows a certificate names."""

Step = Literal["folding", "done", "halted", "busy"]
"""`folding`: there is more to do, now. `busy`: others have it, or the view is paused; the schedule comes back to it."""


class NothingKeptError(Exception):
    """No build is kept that the view could go back to."""


class RebuildProjection:
    """The use case. The live build is read and advanced meanwhile; it is held only while the two change places."""

    def __init__(self, advance: AdvanceProjection, store: ViewStore, builds: Builds) -> None:
        self._advance = advance
        self._store = store
        self._builds = builds

    def run(self, view: View, programme: str, *, seconds: float | None = None, batch: int = REBUILD_BATCH) -> Step:
        """Go on with a build that was asked for, for so long or to its end; any worker may, at any time."""
        started = time.monotonic()
        while True:
            live = self._store.standing(view, programme)
            building = self._store.standing(view, programme, "building")
            if building is None:
                return "done"
            upto = 0 if live is None else live.position
            if building.position >= upto:
                return self._finish(view, programme)
            step = self._advance(view, programme, state="building", batch=batch, upto=upto)
            if step.outcome in ("halted", "busy", "paused"):
                return "halted" if step.outcome == "halted" else "busy"
            if seconds is not None and time.monotonic() - started > seconds:
                return "folding"

    def _finish(self, view: View, programme: str) -> Step:
        """Compare at the live build's position, and do what was asked for, in one transaction."""
        live_digest, position = self._builds.digest(view, programme)
        try:
            with self._store.turn(view, programme, "building") as turn:
                if isinstance(turn, str) or turn.purpose is None or turn.position > position:
                    return "busy"
                self._fold_to(view, programme, turn, position)
                digest = turn.digest()
                swaps = turn.purpose == "replace" or (turn.purpose == "swap" and digest == live_digest)
                turn.certify(
                    Certificate(
                        purpose=turn.purpose,
                        position=position,
                        live_digest=live_digest,
                        digest=digest,
                        differing=() if digest == live_digest else tuple(turn.differing(DIFFERING)),
                        swapped=swaps,
                    )
                )
                if swaps:
                    self._go_live(view, programme, turn)
                else:
                    turn.discard()
                return "done"
        except PoisonEventError:
            # Folded again from the last position that was stored: there the build halts.
            return "folding"

    def roll_back(self, view: View, programme: str) -> int:
        """Bring the build that was live before up to the live one and into its place; the position of both.

        Raises `NothingKeptError`, `PoisonEventError`.
        """
        if self._store.standing(view, programme, "kept") is None:
            raise NothingKeptError(f"{view.name} of {programme} has no build from before")
        while self._advance(view, programme, state="kept", batch=REBUILD_BATCH).outcome == "advanced":
            pass
        with self._store.turn(view, programme, "kept") as turn:
            if isinstance(turn, str):
                raise NothingKeptError(f"{view.name} of {programme} is {turn}: try again")
            self._go_live(view, programme, turn)
            return turn.position

    def _go_live(self, view: View, programme: str, turn: Turn) -> None:
        self._fold_to(view, programme, turn, turn.lock_live())
        turn.go_live()

    def _fold_to(self, view: View, programme: str, turn: Turn, position: int) -> None:
        if position > turn.position:
            self._advance.fold(view, programme, turn, batch=None, upto=position)


def view_named(name: str, version: int | None = None) -> View | None:
    """The view of this release by its name, if it has that version."""
    return next((view for view in VIEWS if view.name == name and version in (None, view.version)), None)
