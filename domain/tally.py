"""The tally: charter and facts in, bounds and ranks out. One pure, versioned function.

Criterion points are aggregated as fractions and rounded once, by the charter's mode; sums are exact. What is neither
computed nor certified stays between the bounds that the facts allow, and ranks follow from bounds.
"""

from __future__ import annotations

import statistics
from fractions import Fraction
from typing import Final, Literal

import msgspec

from domain.bounds import Bounds, Contradiction, Figures, Sum
from domain.charter_document import TOTAL, Criterion, Judged, Measured, Stage
from domain.points import is_known, known, round_to
from domain.record import Cell, Course, Statement
from domain.stage_events import GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup

VERSION: Final = 1

RankBasis = Literal["computed", "certified", "mixed", "undetermined"]
Cells = dict[tuple[str, str], Cell]


class Rank(msgspec.Struct, frozen=True):
    """The ranks that a team may hold, 1, 2, 2, 4 wise, and what narrows them."""

    best: int
    worst: int
    basis: RankBasis


class Tally(msgspec.Struct, frozen=True):
    """`figures` by (team, node); `trivial`: the bounds that the rubric alone gives; `computed`: nodes scored here."""

    figures: Figures
    ranks: dict[str, Rank]
    computed: frozenset[tuple[str, str]]


def tally(stage: Stage, course: Course, cells: Cells) -> Tally:
    """Bounds and ranks of the stage's field. Raises `Contradiction` if certified statements cannot all be true."""
    figures = Figures(course.teams, _maxima(stage), _sums(stage), stage.decimals)
    computed = set()
    for team in course.teams:
        for assessment in stage.assessments:
            for criterion in assessment.criteria:
                node = f"{assessment.id}/{criterion.id}"
                points = criterion_points(stage, criterion, cells.get((team, node)), course)
                if points is not None:
                    figures.narrow(team, node, low=points, high=points)
                    computed.add((team, node))
    for statement in course.statements:
        _state(figures, stage, statement)
    figures.settle()
    return Tally(figures, _ranks(stage, figures, course), frozenset(computed))


def criterion_points(stage: Stage, criterion: Criterion, cell: Cell | None, course: Course) -> Fraction | None:
    """The points that follow from what was scored; `None` while anything that the charter asks for is missing."""
    if cell is None or stage.decimals is None:
        return None
    match criterion.scoring:
        case Judged(panel=panel, aggregate=aggregate):
            if not panel_complete(stage, panel, cell, course) or not is_known(aggregate):
                return None
            sheets = [Fraction(points) for points in cell.sheets.values()]
            value = statistics.mean(sheets) if aggregate == "mean" else statistics.median(sheets)
        case Measured() as measured:
            if not metrics_complete(measured, cell):
                return None
            value = Fraction(criterion.maximum) * statistics.mean(_shares(measured, cell))
        case _:
            return None
    return round_to(value, stage.decimals, stage.rounding)


def panel_complete(stage: Stage, panel_id: str, cell: Cell, course: Course) -> bool:
    """Every appointed evaluator has scored, and they are enough for the charter."""
    panel = stage.panel(panel_id)
    appointed = course.panels.get(panel_id, [])
    if panel is None or not appointed:
        return False
    quorum = int(panel.quorum) if is_known(panel.quorum) else 1
    return len(appointed) >= quorum and all(evaluator in cell.sheets for evaluator in appointed)


def metrics_complete(measured: Measured, cell: Cell) -> bool:
    """Every benchmark of the charter was measured."""
    return all(benchmark.id in cell.metrics for benchmark in measured.benchmarks)


def _shares(measured: Measured, cell: Cell) -> list[Fraction]:
    shares = []
    for benchmark in measured.benchmarks:
        metric = cell.metrics[benchmark.id]
        if measured.conversion == "capped-ratios" and metric.target is not None:
            shares.append(min(Fraction(1), Fraction(metric.value) / Fraction(metric.target.value)))
        else:
            shares.append(Fraction(metric.value) / 100)
    return shares


def _maxima(stage: Stage) -> dict[str, Fraction]:
    """Each node's own maximum, or what its siblings leave of the parent's where it is undisclosed."""
    whole = known(stage.maximum)
    total = whole if whole is not None else Fraction(10**9)
    maxima = {TOTAL: total}
    for assessment in stage.assessments:
        own = known(assessment.maximum)
        maxima[assessment.id] = total if own is None else own
        for criterion in assessment.criteria:
            own_points = known(criterion.maximum)
            maxima[f"{assessment.id}/{criterion.id}"] = maxima[assessment.id] if own_points is None else own_points
    return maxima


def _sums(stage: Stage) -> list[Sum]:
    sums: list[Sum] = [(a.id, tuple(f"{a.id}/{c.id}" for c in a.criteria)) for a in stage.assessments]
    sums.append((TOTAL, tuple(a.id for a in stage.assessments)))
    return sums


def _state(figures: Figures, stage: Stage, statement: Statement) -> None:
    match statement.figure:
        case PointsOf(node=node, team=team, value=value):
            figures.narrow(team, node, low=Fraction(value), high=Fraction(value))
        case HighestOf(node=node, teams=teams, value=value):
            top = Fraction(value)
            for team in figures.teams:
                if team in teams:
                    figures.narrow(team, node, low=top, high=top)
                else:
                    figures.narrow(team, node, high=top, high_open=True)
        case MeanOf(node=node, value=value):
            decimals = len(value.partition(".")[2])
            half_unit = Fraction(1, 2 * 10**decimals)
            figures.mean(node, Fraction(value) - half_unit, Fraction(value) + half_unit)
        case GateOutcome(gate=gate_id, team=team, outcome=outcome):
            gate = stage.gate(gate_id)
            minimum = known(gate.minimum) if gate is not None else None
            if gate is None or minimum is None:
                return
            if outcome == "passed":
                figures.narrow(team, gate.node, low=minimum)
            else:
                figures.narrow(team, gate.node, high=minimum, high_open=True)
        case RankGroup():
            return


def gate_outcome(
    stage: Stage, gate_id: str, team: str, found: Tally, course: Course
) -> Literal["passed", "failed"] | None:
    """Whether a team reaches a gate: as certified, else as its bounds tell; `None` if open."""
    for statement in course.statements:
        figure = statement.figure
        if isinstance(figure, GateOutcome) and (figure.gate, figure.team) == (gate_id, team):
            return figure.outcome
    gate = stage.gate(gate_id)
    minimum = known(gate.minimum) if gate is not None else None
    if gate is None or minimum is None:
        return None
    bounds = found.figures[team, gate.node]
    if bounds.low >= minimum:
        return "passed"
    if bounds.high < minimum or (bounds.high == minimum and bounds.high_open):
        return "failed"
    return None


def _ranks(stage: Stage, figures: Figures, course: Course) -> dict[str, Rank]:
    teams = figures.teams
    chain = (TOTAL, *stage.tie_break)
    size = len(teams)
    computed = {
        team: (
            1 + sum(_surely_above(figures, chain, other, team) for other in teams if other != team),
            size - sum(_surely_not_above(figures, chain, other, team) for other in teams if other != team),
        )
        for team in teams
    }
    certified = _certified_ranks(teams, course)
    ranks = {}
    for team in teams:
        best = max(computed[team][0], certified[team][0])
        worst = min(computed[team][1], certified[team][1])
        if best > worst:
            raise Contradiction(team, TOTAL)
        ranks[team] = Rank(best, worst, _basis((best, worst), computed[team], certified[team], size))
    return ranks


def _basis(final: tuple[int, int], computed: tuple[int, int], certified: tuple[int, int], size: int) -> RankBasis:
    if final == (1, size) and size > 1:
        return "undetermined"
    if final == computed:
        return "computed"
    return "certified" if final == certified else "mixed"


def _certified_ranks(teams: list[str], course: Course) -> dict[str, tuple[int, int]]:
    """Ranks as certified. A group that fills its ranks keeps everybody else out of them."""
    ranks = dict.fromkeys(teams, (1, len(teams)))
    for statement in course.statements:
        group = statement.figure
        if not isinstance(group, RankGroup):
            continue
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


def _surely_above(figures: Figures, chain: tuple[str, ...], one: str, other: str) -> bool:
    for node in chain:
        a, b = figures[one, node], figures[other, node]
        if a.surely_above(b):
            return True
        if not _equal(a, b):
            return False
    return False


def _surely_not_above(figures: Figures, chain: tuple[str, ...], one: str, other: str) -> bool:
    for node in chain:
        a, b = figures[one, node], figures[other, node]
        if not _equal(a, b):
            return a.surely_not_above(b)
    return True


def _equal(a: Bounds, b: Bounds) -> bool:
    return a.exact is not None and a.exact == b.exact
