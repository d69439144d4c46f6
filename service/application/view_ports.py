"""Ports to what projections keep: a view is kept in builds, each with rows and the position that they stand at."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from domain.views import Rows, View

BuildState = Literal["live", "building", "kept"]
"""`live` is read; `building` is folded anew beside it; `kept` was live before."""

Purpose = Literal["verify", "swap", "replace"]
"""Of a build beside the live one: to compare and drop it, to go live if it is equal, to go live in any case."""

Away = Literal["busy", "paused"]
"""Why there is no turn: another worker has it (or there is no such build), or an operator paused the view."""

EVERY_PARTITION = "*"


class Standing(msgspec.Struct, frozen=True):
    """Up to which position a build is folded, why it halted there, if it did, and whether it is paused."""

    position: int
    stale: str | None
    paused: bool


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What came of folding a view anew: digests of the live build and of the new one, both at `position`.

    `differing`: keys of rows that are not the same, the first of them only. `swapped`: the new one went live.
    """

    purpose: Purpose
    position: int
    live_digest: str
    digest: str
    differing: tuple[str, ...]
    swapped: bool

    @property
    def equal(self) -> bool:
        return self.live_digest == self.digest


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """A build as operators see it. `seconds_behind`: the age of the first event of the partition not yet folded.

    `events`, `batches`, `halts`: how many this build took, and how often it halted.
    """

    view: str
    version: int
    partition: str
    build: int
    state: BuildState
    purpose: Purpose | None
    position: int
    positions_behind: int
    seconds_behind: float
    stale: str | None
    paused: bool
    batches: int
    events: int
    halts: int
    updated_at: datetime


class Turn(Protocol):
    """A worker's turn at one build; all that it changes becomes visible together when the turn ends, or not at all.

    Setting `position` moves the build, setting `stale` halts it there. `folded`: how many events were folded.
    """

    build: int
    rows: Rows
    position: int
    stale: str | None
    purpose: Purpose | None
    folded: int

    def begin(self, epoch: int) -> None:
        """What is put from here on comes of events of this epoch: to be called before the first of each is folded."""

    def digest(self) -> str:
        """SHA-256 (hex) of the rows as folded so far, and of what they were: each key, the epoch in which it came to a
        value, and the value, in order.
        """

    def lock_live(self) -> int:
        """Hold the live build's turn as well, from here on; its position."""

    def differing(self, limit: int) -> list[str]:
        """Keys of rows that are not the same here and in the live build, or were not, at most `limit`."""

    def go_live(self) -> None:
        """Take the live build's place; it is kept in the place of the one kept before. Ask for `lock_live` first."""

    def discard(self) -> None:
        """Drop this build and its rows."""

    def certify(self, certificate: Certificate) -> None:
        """Record what came of it."""


class ViewStore(Protocol):
    """Where projections keep rows and position, changed in one transaction."""

    def turn(self, view: View, partition: str, state: BuildState = "live") -> AbstractContextManager[Turn | Away]:
        """Take a build for one transaction, the live one being made if there is none yet."""

    def standing(self, view: View, partition: str, state: BuildState = "live") -> Standing | None:
        """Where a build stands; `None` if there is none."""

    def snapshot(self, view: View, partition: str) -> AbstractContextManager[tuple[Rows, int] | None]:
        """The live build's rows, all of one snapshot, and its position; `None` if nothing was folded yet.

        What is put into them stays with whoever asked, also of `as_of`.
        """

    def scan(
        self, view: View, partition: str, prefix: str, *, after: str = "", limit: int | None = None
    ) -> tuple[Sequence[tuple[str, bytes]], int]:
        """Rows by key prefix, in byte order, after the key `after`, and the view's position, from one snapshot."""

    def as_of(self, view: View, partition: str, position: int) -> AbstractContextManager[tuple[Rows, int] | None]:
        """Rows as they were less than an epoch before `position`, and exactly when; `None` if that was not kept."""


class Builds(Protocol):
    """What operators and the workers' schedule ask of all builds."""

    def every(self) -> Sequence[Build]:
        """Every build, by view, version, partition and state."""

    def behind(self, views: Sequence[View], partitions: Sequence[str], head: int) -> Sequence[str]:
        """Partitions in which the live build of a view is short of `head`, and neither halted nor paused."""

    def unfinished(self) -> Sequence[tuple[str, int, str]]:
        """View, version and partition of every build that is being folded beside a live one and did not halt."""

    def request(self, view: View, partition: str, purpose: Purpose) -> int | None:
        """Have a build folded beside the live one; its number, or `None` if one is under way already."""

    def digest(self, view: View, partition: str) -> tuple[str, int]:
        """As `Turn.digest`, of the live build, and its position, from one snapshot."""

    def certificate(self, build: int) -> Certificate | None:
        """What came of a build that was folded beside a live one; `None` while it is under way."""

    def withdraw(self, view: View, partition: str) -> bool:
        """Drop the build that is being folded beside the live one; whether there was one."""

    def retry(self, views: Sequence[View]) -> int:
        """End the halts of these views, in these versions; how many there were. A fold that fails halts again."""

    def prune(self, views: Sequence[View]) -> int:
        """Drop every build that is kept, and those of other versions than these views have; how many there were."""

    def pause(self, view: str, partition: str) -> None:
        """Advance no build of the view any more, of one partition or of `EVERY_PARTITION`, until `resume`."""

    def resume(self, view: str, partition: str) -> int:
        """End pauses and halts of the view, of one partition or of `EVERY_PARTITION`; how many there were."""
