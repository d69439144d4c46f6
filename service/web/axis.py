"""An axis of time that stays legible where most happens in a moment and the rest takes months."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from domain.deadlines import Zone, local, moment
from domain.sentences import Words

BREAK: Final = 6.0
"""Width of a stretch that is cut out, in per cent."""
MOST_BREAKS: Final = 4
TICKS: Final = 6
"""Not more of them are sought."""
APART: Final = 22.0
"""So far ticks are apart at least, in per cent: their labels fit side by side on a narrow phone."""

SECOND: Final = 1_000_000
"""In microseconds, as all instants here."""
DAY: Final = 86_400 * SECOND
_STEPS: Final = [
    *(SECOND * each for each in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)),
    *(DAY * each for each in (1, 2, 7, 14)),
]
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ABBREVIATED: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Tick(NamedTuple):
    """`at`: per cent of the width."""

    at: float
    says: Words


class Axis:
    """Places of whole numbers on a width of 100 per cent, in proportion to their distances.

    A distance that is greater than all others together is cut out, again and again, and `breaks` say where: without
    that, an hour in which everything was decided is a hairline beside the month that followed; `alone` are the values
    between two of them. `running`: room is left at the end for what is not over yet.
    """

    def __init__(self, values: Iterable[int], *, running: bool) -> None:
        self.values = sorted(set(values))
        gaps = {number: after - before for number, (before, after) in enumerate(pairwise(self.values))}
        cut: set[int] = set()
        while len(cut) < MOST_BREAKS and len(gaps) > 1 and 2 * max(gaps.values()) > sum(gaps.values()):
            widest = max(gaps, key=gaps.__getitem__)
            cut.add(widest)
            del gaps[widest]
        self.shown = sum(gaps.values())
        room = 100 - BREAK * (len(cut) + running)
        self.places = [0.0]
        for number in range(len(self.values) - 1):
            width = BREAK if number in cut else room * gaps[number] / self.shown
            self.places.append(self.places[-1] + width)
        self.breaks = [self.places[number] + BREAK / 2 for number in sorted(cut)]
        self.alone = [each for number, each in enumerate(self.values) if {number - 1, number} <= cut]
        self._cut = cut

    def at(self, value: int) -> float:
        """Per cent of the width; of a value between the first and the last."""
        number = min(bisect_right(self.values, value) - 1, len(self.values) - 2)
        if number < 0:
            return 0.0
        before, after = self.values[number : number + 2]
        return self.places[number] + (self.places[number + 1] - self.places[number]) * (value - before) / (
            after - before
        )

    def hides(self, value: int) -> bool:
        """Whether the value lies within what is cut out."""
        return value not in self.values and bisect_right(self.values, value) - 1 in self._cut


def microseconds(at: str) -> int:
    """Since 1970, of an RFC 3339 instant."""
    return (moment(at) - _EPOCH) // timedelta(microseconds=1)


def ticks_of_time(axis: Axis, zone: Zone) -> list[Tick]:
    """Round times and days on the clock of the zone, and whatever stands alone behind a break."""
    step = next((each for each in _STEPS if each * TICKS >= axis.shown), None)
    rounded = list(_round(axis.values, step, zone)) if step else list(_firsts(axis, zone))
    chosen = _apart(axis, [*(axis.values[0], axis.values[-1]), *axis.alone, *rounded])
    found: list[Tick] = []
    told = None
    for value in chosen:
        here = _local(value, zone)
        as_time = step is not None and step < DAY and told in (None, here.date())
        found.append(Tick(axis.at(value), _time(here, step or 0) if as_time else _day(here)))
        told = here.date()
    return found


def ticks_of_order(axis: Axis, said: Callable[[int], str]) -> list[Tick]:
    """Of things in their order, of which no time is known."""
    last = axis.values[-1]
    step = max(1, -(-last // TICKS))
    chosen = _apart(axis, [axis.values[0], last, *range(0, last, step)])
    return [Tick(axis.at(value), Words(said(value), said(value))) for value in chosen]


def _apart(axis: Axis, wanted: Sequence[int]) -> list[int]:
    """Those for which there is room, the first ones first; in order."""
    chosen: list[int] = []
    for value in wanted:
        if not axis.hides(value) and all(abs(axis.at(value) - axis.at(other)) >= APART for other in chosen):
            chosen.append(value)
    return sorted(chosen)


def _round(values: Sequence[int], step: int, zone: Zone) -> Iterator[int]:
    ahead = _ahead(values[0], zone)
    value = -(-(values[0] + ahead) // step) * step - ahead
    for _each in range(1_000):
        if value > values[-1]:
            return
        yield value
        value += step


def _firsts(axis: Axis, zone: Zone) -> Iterator[int]:
    """First days of months."""
    months = next((each for each in _MONTHS if each * TICKS * 30 * DAY >= axis.shown), _MONTHS[-1])
    first, last = _local(axis.values[0], zone), _local(axis.values[-1], zone)
    for number in range(12 * first.year, 12 * last.year + 12):
        at = datetime(number // 12, number % 12 + 1, 1, tzinfo=first.tzinfo)
        if number % months == 0 and first <= at <= last:
            yield (at - _EPOCH) // timedelta(microseconds=1)


def _local(value: int, zone: Zone) -> datetime:
    return local(_EPOCH + timedelta(microseconds=value), zone)


def _ahead(value: int, zone: Zone) -> int:
    """How far the clock of the zone is ahead of UTC."""
    return (_local(value, zone).utcoffset() or timedelta()) // timedelta(microseconds=1)


def _time(at: datetime, step: int) -> Words:
    text = f"{at:%H:%M:%S}" if step < 60 * SECOND else f"{at:%H:%M}"
    return Words(text, text)


def _day(at: datetime) -> Words:
    return Words(f"{at.day} {_ABBREVIATED[at.month - 1]} {at.year}", f"{at.year}. {at.month}. {at.day}.")
