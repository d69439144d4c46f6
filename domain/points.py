"""Points: decimal strings outside, exact fractions inside; what is undisclosed stays undisclosed."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

UNDISCLOSED: Final = "undisclosed"

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?")


class DecimalFormatError(ValueError):
    """Not a plain non-negative decimal such as `12.5`; or more decimals than allowed."""


def parse_decimal(text: str, *, decimals: int | None = None) -> Fraction:
    """A plain non-negative decimal: no sign, space, exponent or leading zero; at most `decimals` after the point.

    Raises `DecimalFormatError`, which says which rule was broken.
    """
    if _DECIMAL.fullmatch(text) is None:
        raise DecimalFormatError(f"{text[:40]!r} is not a plain decimal such as 12.5")
    found = len(text.partition(".")[2])
    if decimals is not None and found > decimals:
        raise DecimalFormatError(f"{text!r} has {found} decimals; at most {decimals} are allowed")
    return Fraction(text)


def is_known(text: str) -> bool:
    return text != UNDISCLOSED


def known(text: str) -> Fraction | None:
    """The value of a checked decimal, `None` if undisclosed."""
    return None if text == UNDISCLOSED else Fraction(text)


def round_to(value: Fraction, decimals: int, mode: str) -> Fraction:
    """Round a non-negative value; `mode`: half-up, half-even, down or up."""
    scaled = value * 10**decimals
    if mode == "half-even":
        units = round(scaled)
    else:
        units = math.floor(scaled)
        rest = scaled - units
        if (mode == "half-up" and rest >= Fraction(1, 2)) or (mode == "up" and rest > 0):
            units += 1
    return Fraction(units, 10**decimals)


def format_exact(value: Fraction, *, decimals: int | None = None) -> str:
    """`value` without rounding, with `decimals` places if given and enough, else at least one: `90.2`, `25.0`."""
    places = 1 if decimals is None else decimals
    while (value * 10**places).denominator != 1:
        places += 1
        if places > 40:
            raise DecimalFormatError(f"{value} has no finite decimal form")
    return _plain(int(value * 10**places), places)


def format_bound(value: Fraction, *, upward: bool) -> str:
    """A bound with at most six decimals, rounded outwards so that it still holds."""
    scaled = value * 10**6
    units = math.ceil(scaled) if upward else math.floor(scaled)
    return format_exact(Fraction(units, 10**6))


def _plain(units: int, places: int) -> str:
    return f"{Decimal(units).scaleb(-places):f}"
