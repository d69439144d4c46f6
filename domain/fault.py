"""A fault of a charter, and the checks that every topic of a charter makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import msgspec

from domain.points import DecimalFormatError, is_known, parse_decimal
from domain.soundness import as_far_as_sound, numbered, sound


class Fault(msgspec.Struct, frozen=True):
    """One contradiction: where (JSON pointer) and which rule."""

    pointer: str
    detail: str


def repeats(pointer: str, part: msgspec.Struct) -> Iterator[Fault]:
    """Whatever stands more than once in a list of a part of a charter, or of the parts in it."""
    for field in part.__struct_fields__:
        place, found = f"{pointer}/{field}", getattr(part, field)
        if isinstance(found, msgspec.Struct):
            yield from repeats(place, found)
        elif isinstance(found, tuple):
            yield from repeated(place, found)
            for i, each in numbered(found):
                if isinstance(each, msgspec.Struct):
                    yield from repeats(f"{place}/{i}", each)


def repeated(pointer: str, parts: Iterable[object]) -> Iterator[Fault]:
    """Names, or ids of parts, that stand more than once; parts without an id may be alike."""
    names = [each if isinstance(each, str) else getattr(each, "id", None) for each in sound(parts)]
    times = Counter(name for name in sound(names) if name is not None)
    for name in sorted(name for name in times if times[name] > 1):
        yield Fault(pointer, f"{name!r} stands more than once")


def ids(parts: Iterable[Any]) -> Iterator[str]:
    for each in parts:
        yield each.id


@as_far_as_sound
def unknown(pointer: str, names: Iterable[str], known_names: Iterable[str], what: str) -> Iterator[Fault]:
    """While one of those that are known is unsound any name may be meant for it."""
    allowed = set(known_names)
    for name in sound(names):
        if name not in allowed:
            yield Fault(pointer, f"{name!r} is no {what}")


@as_far_as_sound
def points_faults(pointer: str, text: str) -> Iterator[Fault]:
    if is_known(text):
        try:
            parse_decimal(text)
        except DecimalFormatError as error:
            yield Fault(pointer, str(error))


def value(text: str) -> Fraction | None:
    """What a decimal says; `None` if it is undisclosed or no decimal, which is said where it stands."""
    try:
        return parse_decimal(text) if is_known(text) else None
    except DecimalFormatError:
        return None
