"""Decimals and rounding."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.points import (
    SCALE,
    DecimalFormatError,
    decimal_text,
    format_bound,
    format_units,
    parse_decimal,
    round_units,
    square_root,
    to_units,
)

MODES = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "half-down": ROUND_HALF_DOWN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("12.5", Fraction(25, 2)), ("0.10", Fraction(1, 10))])
def test_plain_decimals_are_read(text: str, value: Fraction) -> None:
    assert parse_decimal(text) == value


@pytest.mark.parametrize("text", ["", "-1", "+1", "01", "1.", ".1", "1e2", "NaN", "1_0", " 1", "1 ", "１", "1" * 13])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(DecimalFormatError):
        parse_decimal(text)


@pytest.mark.parametrize("text", ["0", "40", "12.5", "1000001", "0.000000000001", "999999999999.5"])
def test_a_decimal_is_said_as_it_was_written(text: str) -> None:
    assert decimal_text(Fraction(text)) == text


def test_decimals_are_counted_as_written() -> None:
    with pytest.raises(DecimalFormatError, match="2 decimals; at most 1"):
        parse_decimal("1.50", decimals=1)


@given(st.integers(0, 10**9), st.integers(1, 8), st.integers(0, 6), st.sampled_from(sorted(MODES)))
def test_rounding_is_that_of_the_decimal_library(number: int, places: int, decimals: int, mode: str) -> None:
    value = Decimal(number).scaleb(-places)
    expected = value.quantize(Decimal(1).scaleb(-decimals), rounding=MODES[mode])
    assert round_units(Fraction(value) * SCALE, decimals, mode) == Fraction(expected) * SCALE


@pytest.mark.parametrize("text", ["0.5", "1.5", "2.5", "0.25", "0.35", "7.45"])
@pytest.mark.parametrize("mode", sorted(MODES))
def test_the_middle_between_two_steps_goes_where_the_mode_says(text: str, mode: str) -> None:
    """Random numbers are seldom exactly there."""
    value, decimals = Decimal(text), len(text.partition(".")[2]) - 1
    expected = value.quantize(Decimal(1).scaleb(-decimals), rounding=MODES[mode])
    assert round_units(Fraction(value) * SCALE, decimals, mode) == Fraction(expected) * SCALE


@pytest.mark.parametrize(
    ("mode", "thirds", "points"), [("half-up", 2, 1), ("half-down", 1, 0), ("up", 1, 1), ("down", 2, 0)]
)
def test_what_no_decimal_can_write_is_rounded_exactly(mode: str, thirds: int, points: int) -> None:
    assert round_units(Fraction(thirds, 3) * SCALE, 0, mode) == points * SCALE


@given(st.integers(0, 10**12 - 1), st.integers(0, 12), st.integers(0, 6))
def test_what_is_read_is_written_again(number: int, places: int, decimals: int) -> None:
    text = f"{Decimal(number).scaleb(-places):f}"
    written = format_units(to_units(text), decimals=decimals)
    assert Fraction(written) == Fraction(text)
    assert len(written.partition(".")[2]) >= decimals


@given(st.integers(0, 1000 * SCALE))
def test_a_bound_is_rounded_outwards(units: int) -> None:
    low, high = to_units(format_bound(units, upward=False)), to_units(format_bound(units, upward=True))
    assert low <= units <= high
    assert high - low <= SCALE // 10**6


@pytest.mark.parametrize(
    ("text", "decimals", "written"),
    [("25", None, "25.0"), ("90.20", None, "90.2"), ("5", 0, "5"), ("0.125", 1, "0.125"), ("7.5", 2, "7.50")],
)
def test_exact_values_are_written_in_full(text: str, decimals: int | None, written: str) -> None:
    assert format_units(to_units(text), decimals=decimals) == written


@given(st.fractions(min_value=0, max_value=10**30))
def test_a_root_has_34_digits(value: Fraction) -> None:
    """The square of what lies half a unit of the last digit below or above is on the other side."""
    root = square_root(value)
    slack = root / 10**33 / 2
    assert (root - slack) ** 2 <= value <= (root + slack) ** 2


def test_a_root_is_the_same_everywhere() -> None:
    assert square_root(Fraction(2)) == Fraction("1.414213562373095048801688724209698")
