"""The facts of many decisions: what several of them depend on is read and folded once."""

from __future__ import annotations

import functools
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
        self._items: dict[QueryItem, QueryItem] = {}
        self._selects: dict[Fact, list[QueryItem]] = {}
        self._places: dict[Fact, list[Place]] = {}
        self._types: dict[Fact, frozenset[str]] = {}
        self._at: dict[str, dict[str, list[Fact]]] = {}
        self._unread: list[Fact] = []
        self._taken: list[tuple[str, Collection[str], int, Event]] = []
        self._met: set[Fact] = set()

    def shared(self, fact: Fact) -> Any:
        """The fact to take in the place of this one, which is not folded yet unless it is that; folded once `read`."""
        if fact in self._selects:
            return fact
        known = self._facts.setdefault(told(fact) or id(fact), fact)
        if known is fact:
            # Equal items are one object, and told apart by that: to compare them takes longer.
            selects = self._selects[fact] = [self._items.setdefault(item, item) for item in fact.selects]
            places = self._places[fact] = _asked_at(selects)
            self._types[fact] = _types_of(tuple([item.types for item in selects]))
            for type_, tag in places:
                self._at.setdefault(type_, {}).setdefault(tag, []).append(fact)
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
            self._fold(each.type, each.tags, each.position, each.event, new)
        for taken in self._taken:
            self._met.update(self._fold(*taken, new))
        return head

    def take(self, type_: str, tags: Collection[str], position: int, event: Event) -> None:
        """Let every fact that selects it take an event into account."""
        self._taken.append((type_, tags, position, event))
        self._met.update(self._fold(type_, tags, position, event, self._selects))

    def changed(self, facts: Iterable[Fact]) -> bool:
        """Whether an event was taken that stands at a place of one of the facts."""
        return not self._met.isdisjoint(facts)

    def query(self, facts: Iterable[Fact]) -> Query:
        """The boundary of facts, as `domain.decision.boundary`."""
        items = {id(item): item for fact in facts for item in self._selects[fact]}
        return Query(items=tuple(items.values()))

    def places(self, fact: Fact) -> list[Place]:
        """Where events stand that the fact selects, and perhaps others."""
        return self._places[fact]

    def types(self, fact: Fact) -> frozenset[str]:
        """Of those events, an empty one for any."""
        return self._types[fact]

    def _fold(
        self, type_: str, tags: Collection[str], position: int, event: Event, facts: Collection[Fact]
    ) -> Iterable[Fact]:
        """Let those of the facts that select it take an event into account: which stand where it does."""
        met = dict.fromkeys(fact for fact in self._standing(type_, tags) if fact in facts)
        for fact in met:
            if any(item.matches(type_, tags) for item in self._selects[fact]):
                fact.apply(position, event)
        return met

    def _standing(self, type_: str, tags: Iterable[str]) -> Iterator[Fact]:
        for by_tag in (self._at.get(type_), self._at.get("")):
            if by_tag is not None:
                for tag in (*tags, ""):
                    if (facts := by_tag.get(tag)) is not None:
                        yield from facts


def stands_at(type_: str, tags: Iterable[str]) -> list[Place]:
    """Every place at which an event is found."""
    places = [(type_, ""), ("", "")]
    for tag in tags:
        places += (type_, tag), ("", tag)
    return places


@functools.lru_cache(maxsize=1024)
def _types_of(selected: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    """Facts of one kind have them in common."""
    return frozenset(type_ for types in selected for type_ in types or ("",))


def _asked_at(items: Iterable[QueryItem]) -> list[Place]:
    return [(type_, item.tags[0] if item.tags else "") for item in items for type_ in item.types or ("",)]
