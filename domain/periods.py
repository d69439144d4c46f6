"""Amounts over time: spans of days, cut and compared. Days are ISO dates as text: their order is that of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from domain.deadlines import is_date
from domain.refusal import InvalidCommandError


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """So many units (null: a right, uncounted) from the day `starts` until before the day `ends`."""

    starts: str
    ends: str
    quantity: str | None


S = TypeVar("S", bound=Span)


def before(spans: Iterable[S], day: str) -> tuple[S, ...]:
    """What of the spans lies before a day."""
    return tuple(
        each if each.ends <= day else msgspec.structs.replace(each, ends=day) for each in spans if each.starts < day
    )


def since(spans: Iterable[S], day: str) -> tuple[S, ...]:
    """What of the spans lies on a day or after it."""
    return tuple(
        each if each.starts >= day else msgspec.structs.replace(each, starts=day) for each in spans if each.ends > day
    )


def on(spans: Iterable[S], day: str) -> S | None:
    """The span, of several that do not overlap, that a day lies in."""
    return next((each for each in spans if each.starts <= day < each.ends), None)


def joined(spans: Sequence[S]) -> tuple[S, ...]:
    """Spans in order, those that meet and do not differ made one."""
    found: list[S] = []
    for each in spans:
        last = found[-1] if found else each
        if last.ends == each.starts and msgspec.structs.replace(each, starts=last.starts, ends=last.ends) == last:
            found[-1] = msgspec.structs.replace(last, ends=each.ends)
        else:
            found.append(each)
    return tuple(found)


def peak(spans: Iterable[Span]) -> int:
    """The most units taken on one day."""
    return max((taken for _day, _held, taken in _levels((), tuple(spans))), default=0)


class Shortfall(NamedTuple):
    """On `day`, `taken` units are taken of the `held` ones."""

    day: str
    held: int
    taken: int


def shortfall(holds: Sequence[Span], takes: Sequence[Span]) -> Shortfall | None:
    """The first day on which more is taken than held, if there is one. Any number may take what is held as a right."""
    return next((level for level in _levels(holds, takes) if level.taken > level.held), None)


def _levels(holds: Sequence[Span], takes: Sequence[Span]) -> Iterator[Shortfall]:
    """What is held and taken from each day on which either changes, in order."""
    held, taken = defaultdict[str, int](int), defaultdict[str, int](int)
    for spans, changes, uncounted in ((holds, held, len(takes)), (takes, taken, 1)):
        for each in spans:
            units = uncounted if each.quantity is None else int(each.quantity)
            changes[each.starts] += units
            changes[each.ends] -= units
    holding = taking = 0
    for day in sorted({*held, *taken}):
        holding += held[day]
        taking += taken[day]
        yield Shortfall(day, holding, taking)


def require_date(field: str, text: str) -> None:
    """Raise `InvalidCommandError` unless `text` is a day such as 2026-01-31."""
    if not is_date(text):
        raise InvalidCommandError(
            f"{field}: {text[:40]!r} is no date such as 2026-01-31", rule="Periods are dates.", pointer=f"/{field}"
        )


def require_period(starts: str, ends: str) -> None:
    """Raise `InvalidCommandError` unless both are days and the end comes after the start."""
    require_date("starts", starts)
    require_date("ends", ends)
    if starts >= ends:
        raise InvalidCommandError(
            "ends: must come after starts", rule="A period ends after it starts.", pointer="/ends"
        )
