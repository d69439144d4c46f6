"""Points: decimal strings outside, whole units inside; what is undisclosed stays undisclosed."""

from __future__ import annotations

import functools
import re
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final

UNDISCLOSED: Final = "undisclosed"

PLACES: Final = 13
SCALE: Final = 10**PLACES
"""Units, whole multiples of 10^-13: one decimal more than is read, so that half of any last decimal is whole."""
ROOT_DIGITS: Final = 34
"""Significant digits of a square root, as in IEEE 754 decimal128."""

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?")


class DecimalFormatError(ValueError):
    """Not a plain non-negative decimal such as `12.5`; or more decimals than allowed."""


@functools.lru_cache(maxsize=1 << 12)
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
    return None if text == UNDISCLOSED else _fraction(text)


_fraction: Final = functools.lru_cache(maxsize=1 << 12)(Fraction)
"""Making one takes as long as all else that is asked of a score's points."""


@functools.lru_cache(maxsize=1 << 16)
def to_units(text: str) -> int:
    """The units of a checked decimal: `"9.5"` → 95 × 10^12."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(PLACES, "0"))


def known_units(text: str) -> int | None:
    """The units of a checked decimal, `None` if undisclosed."""
    return None if text == UNDISCLOSED else to_units(text)


def grid_step(decimals: int) -> int:
    """The units between two values of so many decimals."""
    step: int = 10 ** (PLACES - decimals)
    return step


def published_span(text: str) -> tuple[int, int]:
    """Between which units a value lies that was published as `text`: true to half a unit of its last decimal."""
    half = grid_step(len(text.partition(".")[2])) // 2
    return to_units(text) - half, to_units(text) + half


def round_units(value: Fraction, decimals: int, mode: str) -> int:
    """Round non-negative units to `decimals` places; `mode`: half-up, half-even, half-down, down or up."""
    step = grid_step(decimals)
    divisor = value.denominator * step
    steps, rest = divmod(value.numerator, divisor)
    over = (2 * rest > divisor) - (2 * rest < divisor)
    if (
        (mode == "up" and rest)
        or (mode == "half-up" and over >= 0)
        or (mode == "half-down" and over > 0)
        or (mode == "half-even" and (over > 0 or (over == 0 and steps % 2)))
    ):
        steps += 1
    return steps * step


def square_root(value: Fraction) -> Fraction:
    """The root of a non-negative value, to 34 significant digits."""
    with localcontext(prec=3 * ROOT_DIGITS):
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
    with localcontext(prec=ROOT_DIGITS):
        return Fraction(quotient.sqrt())


def format_units(units: int, *, decimals: int | None = None) -> str:
    """Non-negative units without rounding, with `decimals` places if given and enough, else one: `90.2`, `25.0`."""
    places = 1 if decimals is None else decimals
    whole, rest = divmod(units, SCALE)
    digits = f"{rest:0{PLACES}d}".rstrip("0").ljust(places, "0")
    return f"{whole}.{digits}" if digits else str(whole)


def decimal_text(value: Fraction) -> str:
    """A value with at most 13 decimals, exactly: `12.5`, `40`."""
    return format_units(int(value * SCALE), decimals=0)


def format_bound(units: int, *, upward: bool) -> str:
    """A bound with at most six decimals, rounded outwards so that it still holds."""
    return format_units(round_units(Fraction(units), 6, "up" if upward else "down"))
