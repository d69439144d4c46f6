"""Decimals and rounding."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.points import DecimalFormatError, format_bound, format_exact, parse_decimal, round_to

MODES = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("12.5", Fraction(25, 2)), ("0.10", Fraction(1, 10))])
def test_plain_decimals_are_read(text: str, value: Fraction) -> None:
    assert parse_decimal(text) == value


@pytest.mark.parametrize("text", ["", "-1", "+1", "01", "1.", ".1", "1e2", "NaN", "1_0", " 1", "1 ", "１", "1" * 13])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(DecimalFormatError):
        parse_decimal(text)


def test_decimals_are_counted_as_written() -> None:
    with pytest.raises(DecimalFormatError, match="2 decimals; at most 1"):
        parse_decimal("1.50", decimals=1)


@given(st.fractions(min_value=0, max_value=1000), st.integers(0, 4), st.sampled_from(sorted(MODES)))
def test_rounding_is_that_of_the_decimal_library(value: Fraction, decimals: int, mode: str) -> None:
    """Compared where the value has a finite decimal form."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(exact) != value:
        return
    expected = exact.quantize(Decimal(1).scaleb(-decimals), rounding=MODES[mode])
    assert round_to(value, decimals, mode) == Fraction(expected)


@given(st.fractions(min_value=0, max_value=1000))
def test_a_bound_is_rounded_outwards(value: Fraction) -> None:
    assert Fraction(format_bound(value, upward=False)) <= value <= Fraction(format_bound(value, upward=True))


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (Fraction(25), None, "25.0"),
        (Fraction(902, 10), None, "90.2"),
        (Fraction(5), 0, "5"),
        (Fraction(1, 8), 1, "0.125"),
    ],
)
def test_exact_values_are_written_in_full(value: Fraction, decimals: int | None, text: str) -> None:
    assert format_exact(value, decimals=decimals) == text
