"""Bars of points, as SVG that scales in its width alone: places are per cent, so that patterns keep their shape."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from domain.points import UNDISCLOSED
from domain.standings import PointsValue, Row

Kind = Literal["known", "rest", "range", "unknown"]


class Segment(msgspec.Struct, frozen=True):
    """From where to where on the bar, in per cent of it. `index`: of the assessment, for its colour and pattern."""

    kind: Kind
    start: str
    width: str
    index: int = 0


def total(row: Row) -> list[Segment]:
    """The total of a team: what is certain of each assessment, one on the other; what else is; what is possible."""
    whole = Decimal(row.maximum)
    low, high = _low(row.total), _high(row.total)
    if low is None or high is None:
        return [Segment("unknown", "0", "100")]
    found, reached = [], Decimal(0)
    for index, each in enumerate(row.assessments):
        certain = min(_low(each.points) or Decimal(0), low - reached)
        if certain > 0:
            found.append(Segment("known", _percent(reached, whole), _percent(certain, whole), index))
            reached += certain
    if low > reached:
        found.append(Segment("rest", _percent(reached, whole), _percent(low - reached, whole)))
    if high > low:
        found.append(Segment("range", _percent(low, whole), _percent(high - low, whole)))
    return found


def profile(points: PointsValue, maximum: str, index: int) -> list[Segment]:
    """One criterion of the assessment at `index`: what is certain of it, and what is possible, of its maximum."""
    low, high = _low(points), _high(points)
    if maximum == UNDISCLOSED or (low is None and high is None):
        return [Segment("unknown", "0", "100")]
    whole, certain = Decimal(maximum), low or Decimal(0)
    possible = whole if high is None else high
    found = [Segment("known", "0", _percent(certain, whole), index)] if certain else []
    if possible > certain:
        found.append(Segment("range", _percent(certain, whole), _percent(possible - certain, whole)))
    return found


def _low(points: PointsValue) -> Decimal | None:
    found = points.exact if points.exact is not None else points.low
    return None if found is None else Decimal(found)


def _high(points: PointsValue) -> Decimal | None:
    found = points.exact if points.exact is not None else points.high
    return None if found is None else Decimal(found)


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{100 * part / whole:.3f}".rstrip("0").rstrip(".")
