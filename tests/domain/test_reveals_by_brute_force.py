"""What is said to follow from figures, held against every way in which the points could be."""

from __future__ import annotations

import itertools
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.charter_document import Charter
from domain.reveals import GateCount, Published, Reveal, reveals
from domain.rubric import Stage
from domain.score_events import GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup
from tests.domain import charters

Points = dict[tuple[str, str], int]
"""Of a team at a node; here points are whole, and the gate is 2 of 3 at field."""
LEAVES = {"paper/idea": 2, "field/speed": 3}
NODES = ("total", "paper", "field", *LEAVES)
TEAMS = ["ant", "bee", "cow"]


def small(tie_break: tuple[str, ...]) -> Stage:
    document = charters.document()
    stage = document["stages"][0]
    for assessment, maximum in zip(stage["assessments"], ("2", "3"), strict=True):
        assessment["maximum"] = assessment["criteria"][0]["maximum"] = maximum
    stage["gates"][0]["minimum"] = "2"
    stage |= {"maximum": "5", "tie_break": tie_break}
    return msgspec.convert(document, type=Charter).stages[0]


def completions(teams: list[str]) -> list[Points]:
    """All that the points of the teams could be."""
    found = []
    of_one = list(itertools.product(*(range(high + 1) for high in LEAVES.values())))
    for of_all in itertools.product(of_one, repeat=len(teams)):
        points: Points = {}
        for team, (idea, speed) in zip(teams, of_all, strict=True):
            own = {"total": idea + speed, "paper": idea, "field": speed, "paper/idea": idea, "field/speed": speed}
            points |= {(team, node): value for node, value in own.items()}
        found.append(points)
    return found


EVERY = {size: completions(TEAMS[:size]) for size in (2, 3)}


def rank(team: str, points: Points, teams: list[str], chain: tuple[str, ...]) -> int:
    own = [points[team, node] for node in chain]
    return 1 + sum([points[other, node] for node in chain] > own for other in teams)


def passed(team: str, points: Points) -> bool:
    return points[team, "field"] >= 2


def holds(figure: Published, points: Points, teams: list[str], chain: tuple[str, ...]) -> bool:
    """Whether a figure is true of the points."""
    match figure:
        case PointsOf(node=node, team=team, value=value):
            return points[team, node] == int(value)
        case MeanOf(node=node, value=value):
            mean = Fraction(sum(points[team, node] for team in teams), len(teams))
            return abs(mean - Fraction(value)) <= Fraction(1, 2 * 10 ** len(value.partition(".")[2]))
        case HighestOf(node=node, teams=holders, value=value):
            top = max(points[team, node] for team in teams)
            return top == int(value) and {t for t in teams if points[t, node] == top} == set(holders)
        case RankGroup(teams=group, best=best, worst=worst):
            span = range(int(best), int(worst) + 1)
            inside = {team for team in teams if rank(team, points, teams, chain) in span}
            return inside == set(group) if len(group) == len(span) else inside >= set(group)
        case GateOutcome(team=team, outcome=outcome):
            return passed(team, points) == (outcome == "passed")
        case GateCount(passed=count):
            return sum(passed(team, points) for team in teams) == int(count)


def true_figures(points: Points, teams: list[str], chain: tuple[str, ...]) -> list[Published]:
    """All that could be published of the points."""
    found: list[Published] = [PointsOf(node=node, team=team, value=str(each)) for (team, node), each in points.items()]
    for node in NODES:
        own = {team: points[team, node] for team in teams}
        mean = Fraction(sum(own.values()), len(teams))
        found += [MeanOf(node=node, value=f"{float(mean):.{places}f}") for places in range(3)]
        top = max(own.values())
        holders = tuple(team for team in teams if own[team] == top)
        found.append(HighestOf(node=node, teams=holders, value=str(top)))
    for size in range(1, len(teams) + 1):
        for group in itertools.combinations(teams, size):
            ranks = [rank(team, points, teams, chain) for team in group]
            for best, worst in itertools.product(range(1, min(ranks) + 1), range(max(ranks), len(teams) + 1)):
                if worst - best + 1 >= size:
                    found.append(RankGroup(teams=group, best=str(best), worst=str(worst)))
    outcomes = {team: passed(team, points) for team in teams}
    for team, each in outcomes.items():
        found.append(GateOutcome(gate="slow", team=team, outcome="passed" if each else "failed"))
    found.append(GateCount(gate="slow", passed=str(sum(outcomes.values()))))
    return [figure for figure in found if holds(figure, points, teams, chain)]


def true_of(found: Reveal, points: Points) -> bool:
    if found.what == "gate":
        (team,) = found.teams
        return found.detail == f"{team} {'passed' if passed(team, points) else 'failed'} slow"
    assert found.low is not None
    assert found.high is not None
    total = sum(points[team, found.node] for team in found.teams)
    return Fraction(found.low) <= total <= Fraction(found.high)


@given(st.data())
def test_what_is_said_is_true_of_all_that_the_points_could_be(data: st.DataObject) -> None:
    """No figures that are true are refused, and whatever is said of them holds in every completion."""
    teams = TEAMS[: data.draw(st.sampled_from([2, 3]))]
    tie_break = data.draw(st.sampled_from([(), ("paper",)]))
    chain = ("total", *tie_break)
    real = data.draw(st.sampled_from(EVERY[len(teams)]))
    figures = tuple(data.draw(st.lists(st.sampled_from(true_figures(real, teams, chain)), max_size=6)))
    possible = [each for each in EVERY[len(teams)] if all(holds(f, each, teams, chain) for f in figures)]
    for found in reveals(small(tie_break), teams, figures):
        assert all(true_of(found, points) for points in possible), found


@given(st.data())
def test_of_two_teams_one_unknown_is_said_as_narrowly_as_it_follows(data: st.DataObject) -> None:
    """All criteria are published but one team's one, and means: what that one can be is said, no more and no less."""
    teams = TEAMS[:2]
    real = data.draw(st.sampled_from(EVERY[2]))
    team, node = data.draw(st.sampled_from([(team, leaf) for team in teams for leaf in LEAVES]))
    known = [PointsOf(node=n, team=t, value=str(real[t, n])) for t in teams for n in LEAVES if (t, n) != (team, node)]
    others = [f for f in true_figures(real, teams, ("total", "paper")) if isinstance(f, MeanOf | GateCount)]
    figures = (*known, *data.draw(st.lists(st.sampled_from(others), max_size=3)))
    possible = [each for each in EVERY[2] if all(holds(f, each, teams, ("total", "paper")) for f in figures)]
    values = {points[team, node] for points in possible}
    expected = {(f"{min(values)}.0", f"{max(values)}.0")} - {("0.0", f"{LEAVES[node]}.0")}
    found = reveals(small(("paper",)), teams, figures)
    assert {(each.low, each.high) for each in found if (each.node, each.teams) == (node, (team,))} == expected
