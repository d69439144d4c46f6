"""What is known of a figure: bounds, tightened until the facts say no more.

Every figure of the rubric (team × node) starts between 0 and its maximum; sums, certified statements and the grid of
allowed points narrow it. The field as a whole is one more row, the sum of the teams at every node: means are said of
it, and its nodes add up as each team's do. Narrowing only ever removes values that contradict the facts, so the true
value always stays inside. All figures are units (`domain.points`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from domain.points import grid_step

ROUNDS: Final = 200
"""Narrowing stops here at the latest; bounds are sound after any number of rounds."""


FIELD: Final = "the field"
"""All teams together, as if they were one more; no team's id has a space."""


class Contradiction(Exception):  # noqa: N818 — names the fact, and is caught by those who propose a statement
    """No value of a figure satisfies all facts."""

    def __init__(self, team: str, node: str) -> None:
        super().__init__(f"the facts leave no possible points for {team} at {node}")
        self.team = team
        self.node = node


class Bounds(msgspec.Struct, frozen=True):
    """low ≤ value ≤ high; `…_open` excludes the bound itself."""

    low: int
    high: int
    low_open: bool = False
    high_open: bool = False

    @property
    def exact(self) -> int | None:
        return self.low if self.low == self.high else None

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def within(self, low: int, low_open: bool, high: int, high_open: bool) -> Bounds:
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

    def on_grid(self, step: int) -> Bounds:
        """The largest closed interval between multiples of `step` inside."""
        low = -(-self.low // step) * step
        high = self.high // step * step
        if self.low_open and low == self.low:
            low += step
        if self.high_open and high == self.high:
            high -= step
        return Bounds(low, high)


Sum = tuple[str, tuple[str, ...]]
"""A node and the parts that it is the sum of."""
Place = tuple[str, str]
"""A team, or the field, and a node."""


class Figures:
    """The bounds of every figure, and of the field's sum at every node.

    `sums`: how nodes add up. `decimals`: the grid of points, if known.
    """

    def __init__(self, teams: list[str], maxima: dict[str, int], sums: Sequence[Sum], decimals: int | None) -> None:
        self.teams = teams
        self.maxima = maxima
        self._sums = sums
        self._step = None if decimals is None else grid_step(decimals)
        widest = {node: Bounds(0, high) for node, high in maxima.items()}
        self._bounds = {team: dict(widest) for team in teams}
        self._bounds[FIELD] = {node: Bounds(0, high * len(teams)) for node, high in maxima.items()}
        self._means = False
        self._changed = set(teams)

    def __getitem__(self, key: Place) -> Bounds:
        team, node = key
        return self._bounds[team][node]

    def narrow(
        self,
        team: str,
        node: str,
        *,
        low: int | None = None,
        high: int | None = None,
        low_open: bool = False,
        high_open: bool = False,
    ) -> bool:
        """Exclude what lies outside; whether anything did. Raises `Contradiction` if nothing is left."""
        before = self._bounds[team][node]
        after = before.within(
            before.low if low is None else low, low_open, before.high if high is None else high, high_open
        )
        if after == before:
            return False
        if self._step is not None:
            after = after.on_grid(self._step)
        if after.empty:
            raise Contradiction(team, node)
        self._bounds[team][node] = after
        self._changed.add(team)
        return True

    def mean(self, node: str, low: int, high: int) -> None:
        """The mean of all teams at `node` lies between `low` and `high`, and their sum on the grid."""
        self._means = True
        self.narrow(FIELD, node, low=low * len(self.teams), high=high * len(self.teams))

    def settle(self) -> None:
        """Narrow by sums and means until nothing changes. Raises `Contradiction`."""
        for _ in range(ROUNDS):
            changed, self._changed = self._changed, set()
            for team in (*self.teams, FIELD):
                if team in changed:
                    for whole, parts in self._sums:
                        self._narrow_sum((team, whole), [(team, part) for part in parts])
            if self._means:  # else the field only says again what its teams do
                for node in self.maxima:
                    self._narrow_sum((FIELD, node), [(team, node) for team in self.teams])
            if not self._changed:
                return

    def _narrow_sum(self, whole: Place, parts: Sequence[Place]) -> None:
        reach = self.reach(parts)
        self.narrow(*whole, low=reach.low, low_open=reach.low_open, high=reach.high, high_open=reach.high_open)
        self._narrow_parts(parts, self[whole])

    def reach(self, places: Sequence[Place]) -> Bounds:
        """Between what the sum of figures lies."""
        each = [self._bounds[team][node] for team, node in places]
        return Bounds(
            sum(bounds.low for bounds in each),
            sum(bounds.high for bounds in each),
            any(bounds.low_open for bounds in each),
            any(bounds.high_open for bounds in each),
        )

    def _narrow_parts(self, places: Sequence[Place], total: Bounds) -> None:
        """Each part is at most the total less what the others have at least, and the other way round."""
        each = [self._bounds[team][node] for team, node in places]
        lows, highs = sum(bounds.low for bounds in each), sum(bounds.high for bounds in each)
        open_lows = sum(bounds.low_open for bounds in each)
        open_highs = sum(bounds.high_open for bounds in each)
        for (team, node), own in zip(places, each, strict=True):
            if own.low < own.high:  # an exact part leaves room to nobody but the others
                self.narrow(
                    team,
                    node,
                    low=total.low - (highs - own.high),
                    low_open=total.low_open or open_highs > own.high_open,
                    high=total.high - (lows - own.low),
                    high_open=total.high_open or open_lows > own.low_open,
                )
