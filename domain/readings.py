"""What a recorded decision depends on, read again: as others have read it, or by its own boundary alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from domain.boundary import Boundary, QueryItem
from domain.decision import Fact
from domain.history import History


class NotReproducedError(Exception):
    """What is recorded is not what the decision comes to. `position`: of what is wrong."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(why)
        self.position = position


class Facts(Protocol):
    """The facts of one decision, folded."""

    def folded(self, *facts: Fact) -> list[Any]:
        """What to decide on in the place of each, which are not folded yet."""


class SharedReading:
    """Facts as other decisions have read them, up to a decision. `needed`: what they select; `last`: what they took in.

    Where the boundary is `needed`, and `last` stands before it was read, they are what reading it comes to.
    """

    def __init__(self, history: History, before: int) -> None:
        self._history = history
        self._before = before
        self.needed: tuple[QueryItem, ...] = ()
        self.last = 0

    def folded(self, *facts: Fact) -> list[Any]:
        """See `Facts`. Raises `UnreadableEventError`."""
        known = [self._history.known(each, self._before) for each in facts]
        self.needed = tuple(dict.fromkeys([item for each in known for item in each.selects]))
        self.last = max([self.last, *[each.last for each in known]])
        return [each.fact for each in known]


class OwnReading:
    """Facts that are folded for one decision, from the events that its boundary names and no other."""

    def __init__(self, history: History, boundary: Boundary, before: int) -> None:
        self._history = history
        self._boundary = boundary
        self._before = before

    def folded(self, *facts: Fact) -> list[Any]:
        """See `Facts`. Raises `NotReproducedError`, `UnreadableEventError`."""
        self._require_covered([item for each in facts for item in each.selects])
        self._history.within(self._boundary.query, facts, self._boundary.after)
        return list(facts)

    def _require_covered(self, needed: Sequence[QueryItem]) -> None:
        """Raise unless the boundary names every event that the decider depends on."""
        named = self._boundary.query
        missing = set(needed).difference(named.items)
        for position in self._history.matching(missing, upto=self._before):
            if not self._history.names(named, position):
                type_ = self._history.type_at(position)
                raise NotReproducedError(
                    self._before + 1, f"its boundary lacks the {type_} at position {position}, on which it depends"
                )

    def require_unchanged(self) -> None:
        """Raise if anything that the boundary names came between its reading and the decision."""
        after, items = self._boundary.after, self._boundary.query.items or (QueryItem(),)
        if not 0 <= after <= self._before:
            raise NotReproducedError(
                self._before + 1, f"its boundary was read at position {after}, which is not before it"
            )
        for position in self._history.matching(items, after=after, upto=self._before):
            type_ = self._history.type_at(position)
            raise NotReproducedError(
                self._before + 1, f"it was decided as of position {after}, and missed the {type_} at {position}"
            )
