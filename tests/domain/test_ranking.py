"""Ranks from bounds: as narrow as brute force says, and never narrower than the truth."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.bounds import Bounds, Contradiction, Figures
from domain.ranking import computed_ranks, ranks_of
from domain.score_events import RankGroup

TEAMS = ["ant", "bee", "cow"]
CHAIN = ("total", "paper")
STEP = 4
"""Bounds are multiples of it, so that two values lie strictly between two of them."""


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    low, high = sorted((draw(st.integers(0, 2)), draw(st.integers(0, 2))))
    opens = (draw(st.booleans()), draw(st.booleans())) if low < high else (False, False)
    return Bounds(low * STEP, high * STEP, *opens)


Boxes = dict[tuple[str, str], Bounds]
boxes = st.fixed_dictionaries({(team, node): bounds() for team in TEAMS for node in CHAIN})


def figures_of(found: Boxes) -> Figures:
    """Nodes that have nothing to do with each other."""
    figures = Figures(TEAMS, dict.fromkeys(CHAIN, 2 * STEP), [], None)
    for (team, node), each in found.items():
        figures.narrow(team, node, low=each.low, high=each.high, low_open=each.low_open, high_open=each.high_open)
    return figures


def ends(found: Bounds) -> set[int]:
    """The least and the greatest value: what a best and a worst rank are made of."""
    return {found.low + found.low_open, found.high - found.high_open}


@settings(max_examples=300)
@given(boxes)
def test_ranks_are_those_that_some_completion_gives(found: Boxes) -> None:
    ranks = computed_ranks(figures_of(found), CHAIN)
    seen: dict[str, set[int]] = {team: set() for team in TEAMS}
    for values in itertools.product(*(ends(each) for each in found.values())):
        truth = dict(zip(found, values, strict=True))
        keys = {team: tuple(truth[team, node] for node in CHAIN) for team in TEAMS}
        for team in TEAMS:
            seen[team].add(1 + sum(keys[other] > keys[team] for other in TEAMS))
    assert ranks == {team: (min(seen[team]), max(seen[team])) for team in TEAMS}


def test_who_may_tie_at_the_total_may_win_by_the_chain() -> None:
    """Bee has 3 to 5 in all and ant 5: with 5 each it is the paper that decides, and bee's is better."""
    found = dict.fromkeys(itertools.product(TEAMS, CHAIN), Bounds(0, 0))
    found["ant", "total"], found["bee", "total"] = Bounds(5, 5), Bounds(3, 5)
    found["ant", "paper"], found["bee", "paper"] = Bounds(1, 1), Bounds(2, 2)
    assert computed_ranks(figures_of(found), CHAIN)["ant"] == (1, 2)
    found["bee", "paper"] = Bounds(1, 1)
    assert computed_ranks(figures_of(found), CHAIN)["ant"] == (1, 1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_equal_teams_share_a_rank_and_the_next_is_skipped(points: list[tuple[int, int]]) -> None:
    teams = [f"team-{n}" for n in range(len(points))]
    figures = Figures(teams, dict.fromkeys(CHAIN, 3), [], None)
    for team, values in zip(teams, points, strict=True):
        for node, value in zip(CHAIN, values, strict=True):
            figures.narrow(team, node, low=value, high=value)
    ranks = computed_ranks(figures, CHAIN)
    for team, own in zip(teams, points, strict=True):
        rank = 1 + sum(other > own for other in points)
        assert ranks[team] == (rank, rank)


def test_one_two_two_four() -> None:
    figures = Figures(["a", "b", "c", "d"], {"total": 9}, [], None)
    for team, value in zip("abcd", (9, 5, 5, 1), strict=True):
        figures.narrow(team, "total", low=value, high=value)
    assert [rank.best for rank in ranks_of(figures, (), []).values()] == [1, 2, 2, 4]


def test_ranks_as_certified_narrow_and_may_not_contradict() -> None:
    figures = Figures(TEAMS, {"total": 9}, [], None)
    figures.narrow("ant", "total", low=5)
    figures.narrow("bee", "total", high=4)
    first = RankGroup(teams=("cow",), best="1", worst="1")
    ranks = ranks_of(figures, (), [first])
    assert [(rank.best, rank.worst, rank.basis) for rank in ranks.values()] == [
        (2, 2, "mixed"),
        (2, 3, "computed"),
        (1, 1, "certified"),
    ]
    with pytest.raises(Contradiction):
        ranks_of(figures, (), [RankGroup(teams=("bee",), best="1", worst="1")])
