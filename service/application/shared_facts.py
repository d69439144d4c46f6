"""The facts of many decisions: what several of them depend on is read and folded once."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Any

from domain.boundary import Query, QueryItem
from domain.decision import Fact
from domain.event import Event
from domain.told import told
from service.application.kept_events import KeptEvents

Place = tuple[str, str]
"""A type and a tag, each empty for any: by which events, and what asks for them, find each other."""


class SharedFacts:
    """Facts of one kind about one thing are the same fact. For one thread at a time."""

    def __init__(self, events: KeptEvents) -> None:
        self._events = events
        self._facts: dict[Hashable, Fact] = {}
        self._selects: dict[Fact, tuple[QueryItem, ...]] = {}
        self._places: dict[Fact, frozenset[Place]] = {}
        self._at: dict[Place, list[Fact]] = {}
        self._unread: list[Fact] = []
        self._taken: list[tuple[str, Collection[str], int, Event]] = []

    def shared(self, fact: Fact) -> Any:
        """The fact to take in the place of this one, which is not folded yet unless it is that; folded once `read`."""
        if fact in self._selects:
            return fact
        known = self._facts.setdefault(told(fact) or id(fact), fact)
        if known is fact:
            selects = self._selects[fact] = fact.selects
            places = self._places[fact] = frozenset(place for item in selects for place in _asked_at(item))
            for place in places:
                self._at.setdefault(place, []).append(fact)
            self._unread.append(fact)
        return known

    def read(self) -> int:
        """Fold what is not folded yet, from one snapshot, and what was taken since; the head in that snapshot.

        Raises `LedgerUnavailableError`.
        """
        new = set(self._unread)
        head, events = self._events.candidates(self.query(self._unread))
        self._unread.clear()
        for each in events:
            self._take(each.type, each.tags, each.position, each.event, new)
        for taken in self._taken:
            self._take(*taken, new)
        return head

    def take(self, type_: str, tags: Collection[str], position: int, event: Event) -> None:
        """Let every fact that selects it take an event into account."""
        self._taken.append((type_, tags, position, event))
        self._take(type_, tags, position, event, self._selects)

    def query(self, facts: Iterable[Fact]) -> Query:
        """The boundary of facts, as `domain.decision.boundary`."""
        return Query(items=tuple(dict.fromkeys(item for fact in facts for item in self._selects[fact])))

    def places(self, facts: Iterable[Fact]) -> frozenset[Place]:
        """Where events stand that match the boundary of facts, and perhaps others."""
        return frozenset().union(*(self._places[fact] for fact in facts))

    def _take(self, type_: str, tags: Collection[str], position: int, event: Event, facts: Collection[Fact]) -> None:
        carried = frozenset(tags)
        met = dict.fromkeys(fact for place in stands_at(type_, carried) for fact in self._at.get(place, ()))
        for fact in met:
            if fact in facts and any(item.matches(type_, carried) for item in self._selects[fact]):
                fact.apply(position, event)


def stands_at(type_: str, tags: Iterable[str]) -> Iterator[Place]:
    """Every place at which an event is found."""
    for tag in (*tags, ""):
        yield type_, tag
        yield "", tag


def _asked_at(item: QueryItem) -> Iterator[Place]:
    for type_ in item.types or ("",):
        yield type_, item.tags[0] if item.tags else ""
