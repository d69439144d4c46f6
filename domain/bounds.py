"""What is known of a figure: bounds, tightened until the facts say no more.

Every figure of the rubric (team × node) starts between 0 and its maximum; sums, certified statements and the grid of
allowed points narrow it. Narrowing only ever removes values that contradict the facts, so the true value always
stays inside.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Final

import msgspec

_ROUNDS: Final = 200
"""Narrowing stops here at the latest; bounds are sound after any number of rounds."""


class Contradiction(Exception):  # noqa: N818 — names the fact, and is caught by those who propose a statement
    """No value of a figure satisfies all facts."""

    def __init__(self, team: str, node: str) -> None:
        super().__init__(f"the facts leave no possible points for {team} at {node}")
        self.team = team
        self.node = node


class Bounds(msgspec.Struct, frozen=True):
    """low ≤ value ≤ high; `…_open` excludes the bound itself."""

    low: Fraction
    high: Fraction
    low_open: bool = False
    high_open: bool = False

    @property
    def exact(self) -> Fraction | None:
        return self.low if self.low == self.high else None

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def surely_above(self, other: Bounds) -> bool:
        return self.low > other.high or (self.low == other.high and (self.low_open or other.high_open))

    def surely_not_above(self, other: Bounds) -> bool:
        return self.high <= other.low

    def within(self, low: Fraction, low_open: bool, high: Fraction, high_open: bool) -> Bounds:
        """The intersection with another interval."""
        if low > self.low:
            new_low, new_low_open = low, low_open
        else:
            new_low, new_low_open = self.low, self.low_open or (low == self.low and low_open)
        if high < self.high:
            new_high, new_high_open = high, high_open
        else:
            new_high, new_high_open = self.high, self.high_open or (high == self.high and high_open)
        return Bounds(new_low, new_high, new_low_open, new_high_open)

    def on_grid(self, decimals: int) -> Bounds:
        """The smallest closed interval of multiples of 10^-decimals inside."""
        unit = Fraction(1, 10**decimals)
        low, high = math.ceil(self.low / unit), math.floor(self.high / unit)
        if self.low_open and low * unit == self.low:
            low += 1
        if self.high_open and high * unit == self.high:
            high -= 1
        return Bounds(low * unit, high * unit)


Sum = tuple[str, tuple[str, ...]]
"""A node and the parts that it is the sum of."""


class Figures:
    """The bounds of every figure. `sums`: how nodes add up. `decimals`: the grid of points, if known."""

    def __init__(self, teams: list[str], maxima: dict[str, Fraction], sums: list[Sum], decimals: int | None) -> None:
        self.teams = teams
        self.maxima = maxima
        self._sums = sums
        self._decimals = decimals
        self._bounds = {(team, node): Bounds(Fraction(0), high) for team in teams for node, high in maxima.items()}
        self._means: list[tuple[str, Fraction, Fraction]] = []
        self._changed = False

    def __getitem__(self, key: tuple[str, str]) -> Bounds:
        return self._bounds[key]

    def narrow(
        self,
        team: str,
        node: str,
        *,
        low: Fraction | None = None,
        high: Fraction | None = None,
        low_open: bool = False,
        high_open: bool = False,
    ) -> None:
        """Exclude what lies outside. Raises `Contradiction` if nothing is left."""
        before = self._bounds[team, node]
        after = before.within(
            before.low if low is None else low, low_open, before.high if high is None else high, high_open
        )
        if self._decimals is not None:
            after = after.on_grid(self._decimals)
        if after.empty:
            raise Contradiction(team, node)
        if after != before:
            self._bounds[team, node] = after
            self._changed = True

    def mean(self, node: str, low: Fraction, high: Fraction) -> None:
        """The mean of all teams at `node` lies between `low` and `high`."""
        self._means.append((node, low * len(self.teams), high * len(self.teams)))

    def settle(self) -> None:
        """Narrow by sums and means until nothing changes."""
        for _ in range(_ROUNDS):
            self._changed = False
            for team in self.teams:
                for whole, parts in self._sums:
                    self._narrow_sum([(team, part) for part in parts], (team, whole))
            for node, low, high in self._means:
                self._narrow_parts([(team, node) for team in self.teams], low, False, high, False)
            if not self._changed:
                return

    def _narrow_sum(self, parts: list[tuple[str, str]], whole: tuple[str, str]) -> None:
        bounds = [self._bounds[part] for part in parts]
        self.narrow(
            *whole,
            low=sum((b.low for b in bounds), Fraction(0)),
            low_open=any(b.low_open for b in bounds),
            high=sum((b.high for b in bounds), Fraction(0)),
            high_open=any(b.high_open for b in bounds),
        )
        total = self._bounds[whole]
        self._narrow_parts(parts, total.low, total.low_open, total.high, total.high_open)

    def _narrow_parts(
        self, parts: list[tuple[str, str]], low: Fraction, low_open: bool, high: Fraction, high_open: bool
    ) -> None:
        """Each part is at most the whole less what the others have at least, and the other way round."""
        for part in parts:
            others = [self._bounds[other] for other in parts if other != part]
            self.narrow(
                *part,
                low=low - sum((b.high for b in others), Fraction(0)),
                low_open=low_open or any(b.high_open for b in others),
                high=high - sum((b.low for b in others), Fraction(0)),
                high_open=high_open or any(b.low_open for b in others),
            )
