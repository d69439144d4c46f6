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

_LEFT_OUT_FIRST: Final = (GateOutcome, RankGroup, MeanOf, HighestOf, PointsOf)
"""Where one of two would do, the one that says less of a single team is left out."""


class Sufficient(msgspec.Struct, frozen=True):
    """`minimal`: each is needed; else it was not tried of each."""

    statements: tuple[Statement, ...]
    minimal: bool


def sufficient(
    statements: Sequence[Statement], team: str, holds: Callable[[list[Statement]], bool], *, tries: int
) -> Sufficient:
    """Statements from which a conclusion about a team follows that follows from all.

    `holds`: whether it does from some of them; asked `tries` times at most.
    """
    others = [each for each in statements if _of_others(each, team)]
    kept = [*_in_doubt(others), *_in_doubt([each for each in statements if not _of_others(each, team)])]
    size = len(others) or len(kept)
    while tries > 0:
        start = 0
        while start < len(kept) and tries > 0:
            tries -= 1
            without = [*kept[:start], *kept[start + size :]]
            if holds(without):
                kept = without
            else:
                start += size
        if start >= len(kept) and size == 1:
            return Sufficient(_in_order(kept), minimal=True)
        size = max(min(size, len(kept)) // 2, 1)
    return Sufficient(_in_order(kept), minimal=not kept)


def _of_others(statement: Statement, team: str) -> bool:
    """Whether it says something of another team alone."""
    figure = statement.figure
    return isinstance(figure, PointsOf | GateOutcome) and figure.team != team


def _in_doubt(statements: Sequence[Statement]) -> list[Statement]:
    """What is left out first, first."""
    return sorted(statements, key=lambda each: (_LEFT_OUT_FIRST.index(type(each.figure)), -each.position))


def _in_order(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda each: each.position))
