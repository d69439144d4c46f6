"""A fault of a charter, and the checks that every topic of a charter makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec

from domain.points import DecimalFormatError, is_known, parse_decimal


class Fault(msgspec.Struct, frozen=True):
    """One contradiction: where (JSON pointer) and which rule."""

    pointer: str
    detail: str


def repeated(pointer: str, ids: list[str]) -> Iterator[Fault]:
    for each in sorted({one for one in ids if ids.count(one) > 1}):
        yield Fault(pointer, f"{each!r} stands more than once")


def unknown(pointer: str, names: Iterable[str], known_names: Iterable[str], what: str) -> Iterator[Fault]:
    allowed = set(known_names)
    for name in names:
        if name not in allowed:
            yield Fault(pointer, f"{name!r} is no {what}")


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
