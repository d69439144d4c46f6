"""The events of a programme as they come, found by type and tag; and the facts that they add up to.

A fact that decisions have in common takes each event in once: it is kept, and brought up to where it is asked for.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final

import msgspec

from domain.boundary import Query, QueryItem
from domain.decision import Fact, boundary, folding
from domain.event import Event, decode_data
from domain.told import told

Place = tuple[str, str]
"""A type and a tag, by which events are found."""

KEPT: Final = 8_192
"""Facts that are kept at a time; and for good those that took in many events, which are few."""
MANY: Final = 64


class UnreadableEventError(Exception):
    """An event that facts depend on cannot be taken in."""

    def __init__(self, position: int, cause: Exception) -> None:
        super().__init__(f"the event at position {position} cannot be read: {cause}")


class Known(msgspec.Struct):
    """A fact, and its part of a boundary. `upto`: up to where it took in events, the last of them at `last`."""

    fact: Fact
    selects: tuple[QueryItem, ...]
    places: tuple[Place, ...]
    upto: int = 0
    last: int = 0
    events: int = 0


class History:
    """Events are added by position. What is asked for is asked at positions that only grow."""

    def __init__(self) -> None:
        self._at: dict[Place, list[int]] = {}
        self._last: dict[str, int] = {}
        self._events: dict[int, tuple[str, int, bytes, tuple[str, ...]]] = {}
        self._kept: dict[Hashable, Known] = {}

    def add(self, position: int, type_: str, version: int, data: bytes, tags: Iterable[str]) -> None:
        """The next event; `data` is decoded once a fact needs it."""
        type_ = sys.intern(type_)
        carried = tuple(map(sys.intern, tags))
        for each in carried:
            self._at.setdefault((type_, each), []).append(position)
            self._last[each] = position
        self._events[position] = type_, version, data, carried

    def event(self, position: int) -> Event:
        """The event at a position. Raises `UnreadableEventError`."""
        type_, version, data, _tags = self._events[position]
        try:
            return decode_data(type_, version, data)
        except (LookupError, msgspec.DecodeError) as error:
            raise UnreadableEventError(position, error) from error

    def upto(self, position: int) -> Iterator[tuple[int, Event]]:
        """Every event up to a position, with its own. Raises `UnreadableEventError`."""
        yield from ((each, self.event(each)) for each in takewhile(lambda each: each <= position, self._events))

    def type_at(self, position: int) -> str:
        return self._events[position][0]

    def known(self, fact: Fact, upto: int) -> Known:
        """What to decide on in the place of a fact that is not folded: the same up to a position, left as it is.

        Raises `UnreadableEventError`.
        """
        name = told(fact)
        known = None if name is None else self._kept.get(name)
        if known is None:
            known = self._unfolded(fact)
            if name is not None:
                self._keep(name, known)
        if known.upto < upto:
            found = self._new(known, upto)
            try:
                self._apply(known.fact, found)
            except UnreadableEventError:
                self._kept.pop(name, None)
                raise
            known.upto = upto
            if found:
                known.last, known.events = found[-1], known.events + len(found)
        return known

    def within(self, query: Query, facts: Sequence[Fact], upto: int) -> None:
        """Fold into facts of one's own the events, up to a position, that a query names. Raises `UnreadableEventError`.

        Nothing is kept: this is what `known` comes to where the query has all that the facts depend on.
        """
        take = folding(facts)
        needed = self.matching(boundary(facts).items, upto=upto)
        for position in needed:
            type_, _version, _data, tags = self._events[position]
            if query.matches(type_, tags):
                take(type_, tags, position, self.event(position))

    def matching(self, items: Iterable[QueryItem], *, after: int = 0, upto: int) -> list[int]:
        """Where events are that match one of the items, with `after` < position ≤ `upto`, in order."""
        found: set[int] = set()
        for item in items:
            for place in self._places(item):
                at = self._at.get(place)
                if at is None or at[-1] <= after:
                    continue
                between = at[bisect_right(at, after) : bisect_right(at, upto)]
                if len(item.tags) != 1:
                    between = [each for each in between if item.matches(place[0], self._events[each][3])]
                found.update(between)
        return sorted(found)

    def names(self, query: Query, position: int) -> bool:
        """Whether the event at a position is one that the query names."""
        type_, _version, _data, tags = self._events[position]
        return query.matches(type_, tags)

    def _unfolded(self, fact: Fact) -> Known:
        selects = fact.selects
        alone = all(item.types and len(item.tags) == 1 for item in selects)
        places = tuple(place for item in selects for place in self._places(item)) if alone else ()
        return Known(fact, selects, places)

    def _new(self, known: Known, upto: int) -> Sequence[int]:
        """Where events are that the fact has not taken in yet, in order."""
        if not known.places:
            return self.matching(known.selects, after=known.upto, upto=upto)
        found: list[int] = []
        after, at_place = known.upto, self._at.get
        tag = known.places[0][1]
        if len(known.selects) == 1 and self._last.get(tag, 0) <= after:
            return found
        for place in known.places:
            at = at_place(place)
            if at is not None and at[-1] > after:
                found += at[bisect_right(at, after) : bisect_right(at, upto)]
        return sorted(set(found)) if len(found) > 1 else found

    def _places(self, item: QueryItem) -> Iterator[Place]:
        if item.types and item.tags:
            yield from ((each, item.tags[0]) for each in item.types)
            return
        yield from ((type_, tag) for type_, tag in self._at if item.matches(type_, (*item.tags[1:], tag)))

    def _apply(self, fact: Fact, positions: Sequence[int]) -> None:
        for position in positions:
            event = self.event(position)
            try:
                fact.apply(position, event)
            except (LookupError, ValueError, TypeError, AttributeError) as error:
                raise UnreadableEventError(position, error) from error

    def _keep(self, name: Hashable, known: Known) -> None:
        if len(self._kept) >= KEPT:
            self._kept = {each: found for each, found in self._kept.items() if found.events >= MANY}
        self._kept[name] = known
