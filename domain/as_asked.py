"""Whether an event says what its command asked for: in every field that both have, the same."""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from domain.decision import Command
from domain.event import Event

FILLED_IN: Final = {("FigureCertified", "source"), ("DeviationRecorded", "approver"), ("ObjectionDecided", "team")}
"""What the decision says where its command does not."""
_OF_THE_CHARTER: Final = {("ResultsPublished", "publishers")}
"""What the charter says, in its order."""


def differing(command: Command, event: Event) -> list[str]:
    """The fields of an event in which it is not what was asked for."""
    said = _said(type(command), type(event))
    if said(command) == said(event):  # in all of them the very same, as almost always
        return []
    return [each for each in shared(type(command), type(event)) if not _same(command, event, each)]


@functools.cache
def _said(command: type[Command], event: type[Event]) -> Callable[[Command | Event], object]:
    fields = shared(command, event)
    return attrgetter(*fields) if fields else lambda _of: None


@functools.cache
def shared(command: type[Command], event: type[Event]) -> tuple[str, ...]:
    """The fields of an event that say what the command says."""
    both = {*command.__struct_fields__} & {*event.__struct_fields__}
    return tuple(sorted(each for each in both if (event.TYPE, each) not in _OF_THE_CHARTER))


def _same(command: Command, event: Event, field: str) -> bool:
    asked, says = getattr(command, field), getattr(event, field)
    if asked is None and (event.TYPE, field) in FILLED_IN:
        return True
    # A whole number stands in a command as a text.
    return bool(asked == says) or (isinstance(says, int) and asked == str(says))
