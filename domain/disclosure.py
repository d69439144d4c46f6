"""Who may read what, and when: the embargo before the results of a stage are published."""

from __future__ import annotations

from typing import Literal

from domain.charter_document import Charter
from domain.event import EVENTS, Disclosed, Event

Reader = Literal["public", "consortium", "agency", "auditor"]

_STRICTNESS: dict[Disclosed, int] = {"at-once": 0, "with-results": 1, "agencies": 2}


def disclosed(charter: Charter, type_: str) -> Disclosed:
    """When the public may read events of a type: as the charter has it, never earlier than the type itself allows."""
    allowed = EVENTS[type_].PUBLIC
    for each in charter.disclosure:
        if type_ in each.events and _STRICTNESS[each.public] > _STRICTNESS[allowed]:
            return each.public
    return allowed


def readable(disclosure: Disclosed, stage: str | None, published: frozenset[str], reader: Reader) -> bool:
    """Whether `reader` may read the data of an event of `stage`; `published`: stages whose results are public."""
    if reader in ("agency", "auditor") or disclosure == "at-once":
        return True
    return disclosure == "with-results" and stage in published


def stage_of_event(event: Event) -> str | None:
    """The stage that an event belongs to, if any."""
    return getattr(event, "stage", None)
