"""The tally: charter and facts in, bounds and ranks out. One pure, versioned function.

Criterion points are aggregated as fractions of units and rounded once, by the charter's mode; sums are exact. What is
neither computed nor certified stays between the bounds that the facts allow, and ranks follow from bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, Literal

import msgspec

from domain.bounds import ROUNDS, Contradiction, Figures, Sum
from domain.judging import judged_points
from domain.maxima import maxima
from domain.measuring import measured_points
from domain.points import is_known, known_units, published_span, round_units, to_units
from domain.ranking import Rank, ranks_of
from domain.record import Cell, Course, Statement
from domain.rubric import TOTAL, Criterion, Gate, Judged, Measured, Stage
from domain.score_events import GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup

VERSION: Final = 3

Cells = Mapping[tuple[str, str], Cell]
Points = Mapping[tuple[str, str], int]
"""Units by (team, criterion)."""
Outcome = Literal["passed", "failed"]
"""Of a team at a gate."""


class Tally(msgspec.Struct, frozen=True):
    """`figures` by (team, node); `trivial`: the bounds that the rubric alone gives; `computed`: nodes scored here."""

    figures: Figures
    ranks: dict[str, Rank]
    computed: frozenset[tuple[str, str]]


def tally(stage: Stage, course: Course, cells: Cells) -> Tally:
    """Bounds and ranks of the stage's field. Raises `Contradiction` if certified statements cannot all be true."""
    return tally_of(stage, course, computed_points(stage, course, cells))


def tally_of(stage: Stage, course: Course, computed: Points) -> Tally:
    """The same from points that were computed, and from the course's statements."""
    figures = Figures(course.teams, maxima(stage), _sums(stage), stage.decimals)
    for (team, node), points in computed.items():
        figures.narrow(team, node, low=points, high=points)
    for statement in course.statements:
        _state(figures, stage, statement)
    figures.settle()
    groups = [each.figure for each in course.statements if isinstance(each.figure, RankGroup)]
    return Tally(figures, ranks_of(figures, stage.tie_break, groups), frozenset(computed))


def computed_points(
    stage: Stage, course: Course, cells: Cells, factors: Mapping[str, Fraction] | None = None
) -> Points:
    """The points that follow from what was scored, of every criterion. `factors`: by which some are multiplied."""
    return {
        (team, node): points
        for node, criterion in stage.criteria()
        for team, points in criterion_points(
            stage, node, criterion, course, cells, None if factors is None else factors.get(node)
        ).items()
    }


def criterion_points(
    stage: Stage, node: str, criterion: Criterion, course: Course, cells: Cells, factor: Fraction | None = None
) -> dict[str, int]:
    """Units of the teams whose points follow from what was scored: nothing that the charter asks for is missing."""
    return rounded(stage, exact_points(stage, node, criterion, course, cells), factor)


def rounded(stage: Stage, exact: Mapping[str, Fraction], factor: Fraction | None = None) -> dict[str, int]:
    """Units by team, rounded as the stage does, multiplied by a factor before; none where it is not known how."""
    if stage.decimals is None or not is_known(stage.rounding):
        return {}
    return {
        team: round_units(points if factor is None else points * factor, stage.decimals, stage.rounding)
        for team, points in exact.items()
    }


def exact_points(stage: Stage, node: str, criterion: Criterion, course: Course, cells: Cells) -> dict[str, Fraction]:
    """The same before it is rounded."""
    match criterion.scoring:
        case Judged() as judged:
            return judged_points(stage, node, criterion, judged, course, cells)
        case Measured() as measured:
            return measured_points(node, criterion, measured, course, cells)
        case _:
            return {}


def _sums(stage: Stage) -> list[Sum]:
    sums: list[Sum] = [(a.id, tuple(f"{a.id}/{c.id}" for c in a.criteria)) for a in stage.assessments]
    sums.append((TOTAL, tuple(a.id for a in stage.assessments)))
    return sums


def _state(figures: Figures, stage: Stage, statement: Statement) -> None:
    match statement.figure:
        case PointsOf(node=node, team=team, value=value):
            figures.narrow(team, node, low=to_units(value), high=to_units(value))
        case HighestOf(node=node, teams=teams, value=value):
            top = to_units(value)
            for team in figures.teams:
                if team in teams:
                    figures.narrow(team, node, low=top, high=top)
                else:
                    figures.narrow(team, node, high=top, high_open=True)
        case MeanOf(node=node, value=value):
            figures.mean(node, *published_span(value))
        case GateOutcome(gate=gate_id, team=team, outcome=outcome):
            gate = stage.gate(gate_id)
            if gate is not None:
                narrow_by_gate(figures, gate, {team: outcome})
        case RankGroup():
            return


def narrow_by_gate(figures: Figures, gate: Gate, outcomes: Mapping[str, Outcome]) -> bool:
    """Keep points on the side of the gate that they are on; whether that excluded anything.

    Of a gate whose minimum is undisclosed it is known that whoever failed it has less than whoever passed it.
    """
    minimum = known_units(gate.minimum)
    low = high = minimum
    if minimum is None:
        low = max((figures[team, gate.node].low for team in outcomes if outcomes[team] == "failed"), default=None)
        high = min((figures[team, gate.node].high for team in outcomes if outcomes[team] == "passed"), default=None)
    narrowed = [
        figures.narrow(team, gate.node, low=low, low_open=minimum is None and low is not None)
        if outcome == "passed"
        else figures.narrow(team, gate.node, high=high, high_open=high is not None)
        for team, outcome in outcomes.items()
    ]
    return any(narrowed)


def certified_outcomes(gate_id: str, statements: Iterable[Statement]) -> dict[str, Outcome]:
    """What is certified of each team at a gate. Raises `Contradiction` where that is both."""
    said: dict[str, Outcome] = {}
    for figure in (each.figure for each in statements):
        if not isinstance(figure, GateOutcome) or figure.gate != gate_id:
            continue
        if said.setdefault(figure.team, figure.outcome) != figure.outcome:
            raise Contradiction(figure.team, gate_id)
    return said


def require_gates_agree(stage: Stage, course: Course, found: Tally) -> None:
    """Raise `Contradiction` where what is certified at gates of undisclosed minimum cannot be true of the points."""
    said = [(gate, certified_outcomes(gate.id, course.statements)) for gate in stage.gates]
    for _ in range(ROUNDS):
        if not any(narrow_by_gate(found.figures, gate, outcomes) for gate, outcomes in said):
            return
        found.figures.settle()


def gate_outcome(stage: Stage, gate_id: str, team: str, found: Tally, course: Course) -> Outcome | None:
    """Whether a team reaches a gate: as certified, else as its bounds tell; `None` if open."""
    for statement in course.statements:
        figure = statement.figure
        if isinstance(figure, GateOutcome) and (figure.gate, figure.team) == (gate_id, team):
            return figure.outcome
    gate = stage.gate(gate_id)
    minimum = known_units(gate.minimum) if gate is not None else None
    if gate is None or minimum is None:
        return None
    bounds = found.figures[team, gate.node]
    if bounds.low >= minimum:
        return "passed"
    if bounds.high < minimum or (bounds.high == minimum and bounds.high_open):
        return "failed"
    return None
