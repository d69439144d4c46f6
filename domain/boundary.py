"""Tags and the dynamic consistency boundary: which events a decision depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

IDENTIFIER = r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?"
"""Identifiers of programmes, stages, teams, agencies …: lower case, digits, dots and hyphens, 1–64 long."""

_TAG = re.compile(rf"(?P<kind>[a-z][a-z-]*):(?P<programme>{IDENTIFIER})(?:/{IDENTIFIER})*")


def whole(pattern: str, description: str, *, max_length: int | None = None) -> msgspec.Meta:
    """Text that matches from end to end; a `$` alone would let a line break follow. `description`: in words."""
    return msgspec.Meta(pattern=rf"^(?:{pattern})$(?!\n)", max_length=max_length, description=description)


class UnscopedTagError(ValueError):
    """A tag that does not name its own programme: `kind:<programme>` or `kind:<programme>/<id>…`."""


def tag(kind: str, programme: str, *parts: str) -> str:
    """`kind:<programme>/<part>/<part>…`; without parts the tag stands for the programme itself."""
    return f"{kind}:{programme}/{'/'.join(parts)}" if parts else f"{kind}:{programme}"


def require_scoped(tags: Iterable[str], programme: str) -> None:
    """Raise `UnscopedTagError` unless every tag is scoped to `programme`."""
    for each in tags:
        if programme_of(each) != programme:
            raise UnscopedTagError(f"tag {each!r} is not scoped to programme {programme!r}")


def programme_of(tag: str) -> str | None:
    """The programme that a tag is scoped to; `None` if it is none."""
    found = _TAG.fullmatch(tag)
    return None if found is None else found["programme"]


class QueryItem(msgspec.Struct, frozen=True, gc=False):
    """Events of one of `types` (any type if empty) that carry all of `tags`."""

    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def matches(self, type_: str, tags: Iterable[str]) -> bool:
        return (not self.types or type_ in self.types) and set(self.tags).issubset(tags)


class Query(msgspec.Struct, frozen=True, gc=False):
    """Events that match at least one item; an empty query matches every event."""

    items: tuple[QueryItem, ...] = ()

    def matches(self, type_: str, tags: Iterable[str]) -> bool:
        return not self.items or any(item.matches(type_, tags) for item in self.items)


class Boundary(msgspec.Struct, frozen=True, gc=False):
    """What a decision read: the query, and the position `after` at which it was read."""

    query: Query
    after: int
