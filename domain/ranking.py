"""Ranks, 1, 2, 2, 4: from bounds, never written down; where bounds overlap a rank is a range.

Teams are compared by a chain of nodes, the total first; a later node counts where the earlier ones are equal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec

from domain.bounds import Bounds, Contradiction, Figures
from domain.rubric import TOTAL
from domain.score_events import RankGroup

RankBasis = Literal["computed", "certified", "mixed", "undetermined"]
Span = tuple[int, int]
"""Best and worst rank."""


class Rank(msgspec.Struct, frozen=True):
    """The ranks that a team may hold, 1, 2, 2, 4 wise, and what narrows them."""

    best: int
    worst: int
    basis: RankBasis


def ranks_of(figures: Figures, tie_break: Sequence[str], groups: Iterable[RankGroup]) -> dict[str, Rank]:
    """Each team's rank. `groups`: ranks as certified. Raises `Contradiction` if figures and groups disagree."""
    size = len(figures.teams)
    computed = computed_ranks(figures, (TOTAL, *tie_break))
    certified = certified_ranks(figures.teams, groups)
    ranks = {}
    for team in figures.teams:
        best = max(computed[team][0], certified[team][0])
        worst = min(computed[team][1], certified[team][1])
        if best > worst:
            raise Contradiction(team, TOTAL)
        ranks[team] = Rank(best, worst, _basis((best, worst), computed[team], certified[team], size))
    return ranks


def computed_ranks(figures: Figures, chain: Sequence[str]) -> dict[str, Span]:
    """Best: behind those who are surely above. Worst: behind all who may be above. In n log n steps a node."""
    teams = figures.teams
    surely = _above(figures, teams, teams, chain, least=_low, most=_high)
    possibly = _above(figures, teams, teams, chain, least=_high, most=_low)
    # Nobody is above oneself, but whose figures are open was compared with itself as if it were another.
    open_teams = {team for team in teams if any(figures[team, node].exact is None for node in chain)}
    return {team: (1 + surely[team], 1 + possibly[team] - (team in open_teams)) for team in teams}


def surely_above(figures: Figures, chain: Sequence[str], other: str, team: str) -> bool:
    """Whether `other` has more than `team` whatever the open figures are."""
    return bool(_above(figures, [other], [team], chain, least=_low, most=_high)[team])


def possibly_above(figures: Figures, chain: Sequence[str], other: str, team: str) -> bool:
    """Whether `other` may have more than `team`."""
    return bool(_above(figures, [other], [team], chain, least=_high, most=_low)[team])


Key = Callable[[Bounds], int]


def _low(bounds: Bounds) -> int:
    """The lower bound, so that open ones sort after closed ones and are equal to no upper bound."""
    return 4 * bounds.low + bounds.low_open


def _high(bounds: Bounds) -> int:
    """The upper bound, so that open ones sort before closed ones and are equal to no lower bound."""
    return 4 * bounds.high - bounds.high_open


def _above(
    figures: Figures, others: Sequence[str], teams: Sequence[str], chain: Sequence[str], *, least: Key, most: Key
) -> dict[str, int]:
    """How many of `others` have more than each of `teams`, by `least` of the one against `most` of the other.

    With lower against upper bounds they surely have more; the other way round they may have. Where both are equal the
    two may be equal here, and the rest of the chain decides.
    """
    if not (chain and others and teams):
        return dict.fromkeys(teams, 0)
    node, *rest = chain
    keys = {other: least(figures[other, node]) for other in others}
    ordered = sorted(keys.values())
    equals: dict[int, tuple[list[str], list[str]]] = {key: ([], []) for key in ordered}
    found = {}
    for team in teams:
        key = most(figures[team, node])
        found[team] = len(ordered) - bisect_right(ordered, key)
        if key in equals:
            equals[key][1].append(team)
    if rest:
        for other, key in keys.items():
            equals[key][0].append(other)
        for level_others, level_teams in equals.values():
            for team, more in _above(figures, level_others, level_teams, rest, least=least, most=most).items():
                found[team] += more
    return found


def certified_ranks(teams: Sequence[str], groups: Iterable[RankGroup]) -> dict[str, Span]:
    """Ranks as certified. A group that fills its ranks keeps everybody else out of them, also from sharing one."""
    ranks = dict.fromkeys(teams, (1, len(teams)))
    for group in groups:
        best, worst = int(group.best), int(group.worst)
        for team in teams:
            low, high = ranks[team]
            if team in group.teams:
                low, high = max(low, best), min(high, worst)
            elif len(group.teams) == worst - best + 1:
                if low >= best:
                    low = max(low, worst + 1)
                if high <= worst:
                    high = min(high, best - 1)
            ranks[team] = (low, high)
    return ranks


def _basis(final: Span, computed: Span, certified: Span, size: int) -> RankBasis:
    if final == (1, size) and size > 1:
        return "undetermined"
    if final == computed:
        return "computed"
    return "certified" if final == certified else "mixed"
