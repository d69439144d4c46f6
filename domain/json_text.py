"""JSON as it was sent: what its bytes say must not depend on who reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from domain.pointers import place


class RepeatedKey(msgspec.Struct, frozen=True):
    """An object's key that stands twice, and the JSON pointer of its place."""

    key: str
    pointer: str


class _Repeats:
    """Stands in the parsed text for an object with a repeated key."""

    def __init__(self, key: str) -> None:
        self.key = key


def repeated_key(text: str) -> RepeatedKey | None:
    """The first key that stands twice in one object: one reader takes the first value, another the last.

    `text` is JSON. Raises `RecursionError` if it is nested too deeply to say.
    """
    met: list[_Repeats] = []

    def fields(pairs: list[tuple[str, Any]]) -> object:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        seen: set[str] = set()
        for name, _value in pairs:
            if name in seen:
                break
            seen.add(name)
        met.append(_Repeats(name))
        return met[-1]

    # Numbers stay text: nobody asks for their value, and Python refuses to read very long ones.
    whole = json.loads(text, object_pairs_hook=fields, parse_int=str, parse_float=str)
    if not met:
        return None
    # Whatever lies inside an object with a repeated key is hidden by it, so what is found is the outermost.
    pointer, repeats = next(_places(whole, ""))
    return RepeatedKey(repeats.key, place(pointer, repeats.key))


def _places(value: object, pointer: str) -> Iterator[tuple[str, _Repeats]]:
    match value:
        case _Repeats():
            yield pointer, value
        case dict():
            for name, each in value.items():
                yield from _places(each, place(pointer, name))
        case list():
            for i, each in enumerate(value):
                yield from _places(each, place(pointer, i))
        case _:
            pass
