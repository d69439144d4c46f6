"""Which certified statements suffice: a part of them from which a conclusion still follows.

By deletion: whatever can be left out is left out. Of what remains each is needed, beside the others that remain; there
may be other such parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from domain.record import Statement
from domain.score_events import GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup

TRIES: Final = 600
"""The conclusion is drawn again so often at most."""

_LEFT_OUT_FIRST: Final = (GateOutcome, RankGroup, MeanOf, HighestOf, PointsOf)
"""Where one of two would do, the one that says less of a single team is left out."""


class Sufficient(msgspec.Struct, frozen=True):
    """`minimal`: each is needed; else it was not tried of each."""

    statements: tuple[Statement, ...]
    minimal: bool


def sufficient(
    statements: Sequence[Statement], holds: Callable[[list[Statement]], bool], *, tries: int = TRIES
) -> Sufficient:
    """Statements from which a conclusion follows that follows from all. `holds`: whether it does from some of them."""
    kept = sorted(statements, key=lambda each: (_LEFT_OUT_FIRST.index(type(each.figure)), -each.position))
    size = max(len(kept) // 2, 1)
    while tries:
        start = 0
        while start < len(kept) and tries:
            tries -= 1
            without = [*kept[:start], *kept[start + size :]]
            if holds(without):
                kept = without
            else:
                start += size
        if start >= len(kept) and size == 1:
            return Sufficient(_in_order(kept), minimal=True)
        size = max(size // 2, 1)
    return Sufficient(_in_order(kept), minimal=False)


def _in_order(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda each: each.position))
