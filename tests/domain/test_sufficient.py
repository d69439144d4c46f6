"""Which statements suffice: some of them, from which the conclusion follows, and none of which can be left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.record import Statement
from domain.score_events import GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup
from domain.sufficient import sufficient

FIGURES = (
    PointsOf(node="total", team="ant", value="1"),
    HighestOf(node="total", teams=("ant",), value="1"),
    MeanOf(node="total", value="1"),
    RankGroup(teams=("ant",), best="1", worst="1"),
    GateOutcome(gate="slow", team="ant", outcome="passed"),
)
ALL = [Statement(FIGURES[position % 5], "a letter", position) for position in range(1, 13)]
Ways = list[set[int]]
"""Sets of positions, from each of which the conclusion follows."""


def follows(ways: Ways, some: list[Statement]) -> bool:
    positions = {each.position for each in some}
    return any(way <= positions for way in ways)


@given(st.lists(st.sets(st.integers(1, 12)), min_size=1, max_size=4))
def test_the_conclusion_follows_from_what_is_left_and_from_no_less(ways: Ways) -> None:
    found = sufficient(ALL, "ant", lambda some: follows(ways, some), tries=1000)
    assert found.minimal
    assert follows(ways, list(found.statements))
    for each in found.statements:
        assert not follows(ways, [other for other in found.statements if other != each])
    assert [each.position for each in found.statements] == sorted(each.position for each in found.statements)


@given(st.integers(0, 30), st.sets(st.integers(1, 12)))
def test_cut_short_it_still_follows_and_is_not_said_to_be_the_least(tries: int, way: set[int]) -> None:
    found = sufficient(ALL, "bee", lambda some: follows([way], some), tries=tries)
    positions = {each.position for each in found.statements}
    assert way <= positions
    assert not found.minimal or positions == way


def test_of_two_that_would_do_the_one_about_a_single_team_is_kept() -> None:
    points, highest = ALL[4], ALL[0]
    assert isinstance(points.figure, PointsOf)
    assert isinstance(highest.figure, HighestOf)
    found = sufficient([highest, points], "ant", lambda some: bool(some), tries=100)
    assert found.statements == (points,)


def test_what_is_said_of_other_teams_alone_is_left_out_at_once_where_it_may_be() -> None:
    """However many there are."""
    asked = []

    def holds(some: list[Statement]) -> bool:
        asked.append(len(some))
        return any(each.position == 2 for each in some)

    rivals = [Statement(PointsOf(node="total", team="bee", value="1"), "a letter", n) for n in range(100, 1100)]
    found = sufficient([*ALL, *rivals], "ant", holds, tries=100)
    assert asked[0] == len(ALL)
    assert found.minimal
    assert [each.position for each in found.statements] == [2]
    assert len(asked) < 20
