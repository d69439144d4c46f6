"""Sensitivity: how much an outcome owes to single evaluators, scores and weights."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import msgspec

from domain.alterations import WithoutEvaluator, altered_by
from domain.flips import Flip, Follow, at_node, flips, levers_of, moved_points
from domain.points import known_units
from domain.ranking import Rank
from domain.record import Course
from domain.rubric import Stage
from domain.standings import RankValue
from domain.tally import Cells, Points, computed_points, exact_points, rounded
from domain.what_if import altered_points

MOVED_BY: Final = Fraction(1, 50)
"""How far single scores and weights are moved to see whether ranks stay: by this part of their range."""


class WithoutOne(msgspec.Struct, frozen=True, kw_only=True):
    """Without one evaluator's sheets: the ranks that would be others, and the teams for which else would follow."""

    evaluator: str
    panel: str
    ranks: dict[str, RankValue]
    flips: tuple[str, ...]


class Stability(msgspec.Struct, frozen=True, kw_only=True):
    """Of so many small single changes, how many leave the team at its rank."""

    team: str
    rank: RankValue
    changes: int
    kept: int


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """`flips`: the smallest changes after which something else follows. `evaluators`: leaving one out, each in turn.
    `stability`: under changes of every score, metric and weight, up and down by `moved_by` (percent of its range).
    `undeterminable`: criteria of which nothing of this can be said, because points are certified or not known, or
    because evaluators are normalised and there are too many possible scores."""

    flips: tuple[Flip, ...]
    evaluators: tuple[WithoutOne, ...]
    stability: tuple[Stability, ...]
    moved_by: str
    undeterminable: tuple[str, ...]


def sensitivity(stage: Stage, course: Course, cells: Cells) -> Sensitivity:
    """Of a stage as its facts are. Raises `Contradiction` if certified statements cannot all be true."""
    follow = Follow(stage, course, computed_points(stage, course, cells))
    found = flips(follow, course, cells)
    moved = [follow.of(points, factors).ranks for points, factors in _moved(follow, course, cells)]
    return Sensitivity(
        flips=found.flips,
        evaluators=tuple(_without_each(follow, course, cells)),
        stability=tuple(
            Stability(
                team=team,
                rank=_value(follow.ranks[team]),
                changes=len(moved),
                kept=sum(_span(ranks[team]) == _span(follow.ranks[team]) for ranks in moved),
            )
            for team in course.teams
        ),
        moved_by=f"{float(100 * MOVED_BY):g}",
        undeterminable=found.undeterminable,
    )


def _without_each(follow: Follow, course: Course, cells: Cells) -> Iterator[WithoutOne]:
    for panel, members in course.panels.items():
        for evaluator in members:
            altered = altered_by(follow.stage, course, cells, [WithoutEvaluator(evaluator=evaluator)])
            then = follow.of(altered_points(altered))
            yield WithoutOne(
                evaluator=evaluator,
                panel=panel,
                ranks={
                    team: _value(rank) for team, rank in then.ranks.items() if _span(rank) != _span(follow.ranks[team])
                },
                flips=tuple(team for team in course.teams if then.prospects[team].follows != follow.now[team].follows),
            )


def _moved(follow: Follow, course: Course, cells: Cells) -> Iterator[tuple[Points, dict[str, Fraction]]]:
    """Points after each small change, and by what maxima are multiplied then."""
    stage = follow.stage
    for node, criterion in stage.criteria():
        if any((team, node) not in follow.points for team in course.teams):
            continue
        here = {(team, node): cells[team, node] for team in course.teams if (team, node) in cells}
        for team in course.teams:
            for lever in levers_of(stage, node, criterion, team, course, cells):
                by = max(int((lever.high - lever.low) * MOVED_BY) // lever.step, 1) * lever.step
                for value in (lever.value - by, lever.value + by):
                    cell = lever.cell(min(max(value, lever.low), lever.high))
                    yield moved_points(stage, node, criterion, course, {**here, (team, node): cell}), {}
        own = known_units(criterion.maximum)
        if own and follow.exact:
            exact = exact_points(stage, node, criterion, course, cells)
            for factor in (1 - MOVED_BY, 1 + MOVED_BY):
                yield at_node(node, rounded(stage, exact, factor)), {node: factor}


def _span(rank: Rank) -> tuple[int, int]:
    return rank.best, rank.worst


def _value(rank: Rank) -> RankValue:
    return RankValue(rank.best, rank.worst, rank.basis)
