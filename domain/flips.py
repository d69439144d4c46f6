"""The smallest single change of a score, a measurement or a weight after which something else follows for a team.

A team's points on a criterion only grow, or only shrink, with each single score on it, unless evaluators are normalised
or teams are compared with the best of the field. What follows for a team only gets better with its own points, and
only worse with another's. So the points at which it changes are found by halving, and the smallest change of a score
that reaches them is exact. Where scores are normalised or compared each possible change is tried, the smallest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from domain.alterations import weighed
from domain.maxima import maxima, reach
from domain.points import format_units, grid_step, is_known, known_units, to_units
from domain.ranking import Rank
from domain.record import Cell, Course, Metric, sheet_key
from domain.rubric import TOTAL, Criterion, Judged, Measured, Stage
from domain.tally import Cells, Points, criterion_points, exact_points, rounded, tally_of
from domain.what_if import Prospect, prospects_of

Place = tuple[str, str]

TRIED: Final = 20_000
"""So many changes of normalised or compared scores are tried, one by one; then the criterion is left out."""


class ScoreChange(msgspec.Struct, tag_field="kind", tag="score", frozen=True, kw_only=True):
    """One score given otherwise, on an `item` or on the whole criterion. `change`: without its sign."""

    team: str
    criterion: str
    evaluator: str
    item: str | None
    points: str
    instead: str
    change: str


class MeasurementChange(msgspec.Struct, tag_field="kind", tag="measurement", frozen=True, kw_only=True):
    """One metric measured otherwise."""

    team: str
    criterion: str
    benchmark: str
    value: str
    instead: str
    change: str


class WeightChange(msgspec.Struct, tag_field="kind", tag="weight", frozen=True, kw_only=True):
    """One criterion's maximum set otherwise, between 0 and the total."""

    criterion: str
    maximum: str
    instead: str
    change: str


Change = ScoreChange | MeasurementChange | WeightChange


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """What follows for a team now, and the smallest single change of each kind after which something else does.

    A kind of which no single change does it is left out: a score beyond its maximum is none.
    """

    team: str
    now: Prospect
    smallest: tuple[Change, ...]


class Flips(msgspec.Struct, frozen=True, kw_only=True):
    """One flip a team. `undeterminable`: criteria whose changes nobody can follow: points that are certified, or not
    known, or too many possible changes of normalised scores."""

    flips: tuple[Flip, ...]
    undeterminable: tuple[str, ...]


Changes = dict[str, tuple[int, Change]]
"""By team: the smallest change found (units), and what it is."""


class Lever(msgspec.Struct, frozen=True, kw_only=True):
    """Something that one change is made of: units from `low` to `high` in steps, now at `value`."""

    value: int
    low: int
    high: int
    step: int
    cell: Callable[[int], Cell]
    said: Callable[[int], Change]


class Follows(NamedTuple):
    """What follows for each team, and its rank."""

    prospects: dict[str, Prospect]
    ranks: dict[str, Rank]


class Follow:
    """What follows from points; each order of the teams is looked at once."""

    def __init__(self, stage: Stage, course: Course, points: Points) -> None:
        self.stage = stage
        self._course = course
        self.points = dict(points)
        nodes = [node for node, _criterion in stage.criteria()]
        self.exact = not course.statements and all((t, node) in points for t in course.teams for node in nodes)
        self._parts = {a.id: [f"{a.id}/{c.id}" for c in a.criteria] for a in stage.assessments}
        self._parts[TOTAL] = nodes
        self._chain = (TOTAL, *stage.tie_break)
        self._gates = [(gate.node, known_units(gate.minimum)) for gate in stage.gates]
        self._seen: dict[object, Follows] = {}
        self.ranks: dict[str, Rank]
        self.now, self.ranks = self.of({})

    def of(self, changed: Points, factors: Mapping[str, Fraction] | None = None) -> Follows:
        """With other points at some places; `factors`: with maxima of criteria multiplied."""
        points = {**self.points, **changed}
        key = self._order(points) if self.exact else tuple(sorted(changed.items()))
        if key not in self._seen:
            rules = weighed(self.stage, factors or {})
            found = tally_of(rules, self._course, points)
            self._seen[key] = Follows(prospects_of(rules, self._course, found), found.ranks)
        return self._seen[key]

    def _order(self, points: Points) -> object:
        """All that matters of points that are all known: who is before whom, and who passes which gate."""

        def at(team: str, node: str) -> int:
            return sum(points[team, part] for part in self._parts.get(node, [node]))

        teams = self._course.teams
        keys = {team: tuple(at(team, node) for node in self._chain) for team in teams}
        order = sorted(set(keys.values()))
        passed = tuple(minimum is None or at(team, node) >= minimum for node, minimum in self._gates for team in teams)
        return tuple(order.index(keys[team]) for team in teams), passed


def flips(follow: Follow, course: Course, cells: Cells) -> Flips:
    """Of every team of the field."""
    stage = follow.stage
    scores: Changes = {}
    measurements: Changes = {}
    undeterminable = []
    for node, criterion in stage.criteria():
        found = scores if isinstance(criterion.scoring, Judged) else measurements
        if any((team, node) not in follow.points for team in course.teams):
            undeterminable.append(node)
        elif _compared(criterion):
            if not _by_trying(follow, node, criterion, course, cells, found):
                undeterminable.append(node)
        else:
            for team in course.teams:
                _by_halving(follow, node, criterion, team, course, cells, found)
    weights = _weights(follow, course, cells) if follow.exact else {}
    return Flips(
        flips=tuple(
            Flip(
                team=team,
                now=follow.now[team],
                smallest=tuple(kind[team][1] for kind in (scores, measurements, weights) if team in kind),
            )
            for team in course.teams
        ),
        undeterminable=tuple(undeterminable),
    )


def _compared(criterion: Criterion) -> bool:
    """Whether a score of one team changes the points of others."""
    match criterion.scoring:
        case Judged(normalise=how):
            return how != "none"
        case Measured(conversion=how):
            return how == "relative-to-best"
        case _:
            return False


def _by_halving(
    follow: Follow, node: str, criterion: Criterion, team: str, course: Course, cells: Cells, found: Changes
) -> None:
    """Every score of `team` on a criterion, on which no other team's points depend."""
    place = (team, node)
    alone = replace(course, teams=[team])
    levers = list(levers_of(follow.stage, node, criterion, team, course, cells))

    def points(lever: Lever, value: int) -> int:
        return moved_points(follow.stage, node, criterion, alone, {place: lever.cell(value)})[place]

    for end in (maxima(follow.stage)[node], 0):
        for of, target in _first_changes(follow, place, end).items():
            for lever in levers:
                most = None if of not in found else -(-found[of][0] // lever.step) - 1  # only what is smaller
                value = _reaching(lever, partial(points, lever), follow.points[place], target, most)
                if value is not None:
                    found[of] = (abs(value - lever.value), lever.said(value))


def _reaching(lever: Lever, points: Callable[[int], int], here: int, target: int, most: int | None) -> int | None:
    """The value nearest to the lever's own at which points reach the target, within `most` steps of it."""
    upward = target > here
    limit = lever.high if upward == (points(lever.high) >= points(lever.low)) else lever.low
    sign = lever.step if limit > lever.value else -lever.step
    room = abs(limit - lever.value) // lever.step
    room = room if most is None else min(room, most)

    def reached(steps: int) -> bool:
        got = points(lever.value + steps * sign)
        return got >= target if upward else got <= target

    return lever.value + _least(reached, room) * sign if room > 0 and reached(room) else None


def _first_changes(follow: Follow, place: Place, end: int) -> dict[str, int]:
    """By team: the points at `place`, towards `end`, from which on something else follows for it."""
    here = follow.points[place]
    step = grid_step(follow.stage.decimals or 0)
    sign = step if end > here else -step
    most = abs(end - here) // step

    def differs(team: str, steps: int) -> bool:
        return follow.of({place: here + steps * sign}).prospects[team].follows != follow.now[team].follows

    return {team: here + _least(partial(differs, team), most) * sign for team in follow.now if differs(team, most)}


def _least(holds: Callable[[int], bool], most: int) -> int:
    """The least whole number from 1 to `most` for which it holds; it holds for `most`, and for all above the least."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _by_trying(follow: Follow, node: str, criterion: Criterion, course: Course, cells: Cells, found: Changes) -> bool:
    """Every possible change of a score on a criterion on which all points depend; false if they are too many."""
    levers = [
        (team, lever)
        for team in course.teams
        for lever in levers_of(follow.stage, node, criterion, team, course, cells)
    ]
    if sum((lever.high - lever.low) // lever.step for _team, lever in levers) > TRIED:
        return False
    changes = sorted(
        (abs(value - lever.value), index, value)
        for index, (_team, lever) in enumerate(levers)
        for value in range(lever.value % lever.step + lever.low, lever.high + 1, lever.step)
        if value != lever.value
    )
    here = {(team, node): cells.get((team, node), Cell()) for team in course.teams}
    for change, index, value in changes:
        if _none_smaller(found, follow, change):
            break
        team, lever = levers[index]
        points = moved_points(follow.stage, node, criterion, course, {**here, (team, node): lever.cell(value)})
        _note(found, follow, follow.of(points), change, partial(lever.said, value))
    return True


def moved_points(stage: Stage, node: str, criterion: Criterion, course: Course, cells: Cells) -> dict[Place, int]:
    """Points on one criterion, of the teams of the course."""
    return at_node(node, criterion_points(stage, node, criterion, course, cells))


def at_node(node: str, points: Mapping[str, int]) -> dict[Place, int]:
    """Points by team as points by place."""
    return {(team, node): each for team, each in points.items()}


def _note(found: Changes, follow: Follow, then: Follows, change: int, said: Callable[[], Change]) -> None:
    """Keep a change for every team for which something else follows, and no smaller one was found."""
    for team, prospect in then.prospects.items():
        if prospect.follows != follow.now[team].follows and (team not in found or change < found[team][0]):
            found[team] = (change, said())


def _none_smaller(found: Changes, follow: Follow, change: int) -> bool:
    """Whether for every team so small a change was found that this one, and larger ones, need not be looked at."""
    return all(team in found and found[team][0] <= change for team in follow.now)


def levers_of(
    stage: Stage, node: str, criterion: Criterion, team: str, course: Course, cells: Cells
) -> Iterator[Lever]:
    """Every score of a team on a criterion that counts, and every metric."""
    cell = cells.get((team, node), Cell())
    match criterion.scoring:
        case Judged() as judged:
            counted = course.evaluators(judged.panel, team, node)
            for evaluator in counted:
                for item in (None, *(each.id for each in criterion.items)):
                    key = sheet_key(evaluator, item)
                    if key in cell.sheets:
                        yield _of_sheet(stage, node, team, evaluator, item, cell)
        case Measured() as measured:
            for benchmark in measured.benchmarks:
                if benchmark.id in cell.metrics:
                    yield _of_metric(stage, node, measured, team, benchmark.id, cells)
        case _:
            return


def _of_sheet(stage: Stage, node: str, team: str, evaluator: str, item: str | None, cell: Cell) -> Lever:
    key = sheet_key(evaluator, item)
    now, decimals = to_units(cell.sheets[key]), stage.decimals or 0
    most = reach(stage, node if item is None else f"{node}/{item}") or Fraction(0)

    def text(units: int) -> str:
        return format_units(units, decimals=decimals)

    return Lever(
        value=now,
        low=0,
        high=int(most * to_units("1")),
        step=grid_step(decimals),
        cell=lambda value: Cell(sheets={**cell.sheets, key: text(value)}, metrics=cell.metrics),
        said=lambda value: ScoreChange(
            team=team,
            criterion=node,
            evaluator=evaluator,
            item=item,
            points=text(now),
            instead=text(value),
            change=text(abs(value - now)),
        ),
    )


def _of_metric(stage: Stage, node: str, measured: Measured, team: str, benchmark: str, cells: Cells) -> Lever:
    """Up to where more makes no difference; compared with the best of the field, to twice of that.

    Steps: the last decimal of the metric as it was recorded, or of the stage's points where those have more.
    """
    cell = cells[team, node]
    metric = cell.metrics[benchmark]
    now = to_units(metric.value)
    decimals = max(len(metric.value.partition(".")[2]), stage.decimals or 0)
    ends = [now, 0]
    if measured.conversion == "mean-of-percentages":
        ends.append(to_units("100"))
    elif metric.target is not None:
        ends.append(to_units(metric.target.value))
    elif measured.conversion == "relative-to-best":
        field = [
            each.metrics[benchmark] for (_t, at), each in cells.items() if at == node and benchmark in each.metrics
        ]
        ends.append(2 * max(to_units(each.value) for each in field))
    else:
        found = next(each for each in measured.benchmarks if each.id == benchmark)
        ends += [to_units(end) for end in measured.span(found) if end is not None and is_known(end)]
    step = grid_step(decimals)

    def text(units: int) -> str:
        return format_units(units, decimals=decimals)

    return Lever(
        value=now,
        low=0,
        high=now + -(-(max(ends) - now) // step) * step,
        step=step,
        cell=lambda value: Cell(
            sheets=cell.sheets, metrics={**cell.metrics, benchmark: Metric(text(value), metric.target)}
        ),
        said=lambda value: MeasurementChange(
            team=team,
            criterion=node,
            benchmark=benchmark,
            value=text(now),
            instead=text(value),
            change=text(abs(value - now)),
        ),
    )


def _weights(follow: Follow, course: Course, cells: Cells) -> Changes:
    """Every other maximum of a criterion, in the precision of the stage, the smallest change first."""
    stage = follow.stage
    decimals = stage.decimals or 0
    step = grid_step(decimals)
    found: Changes = {}
    most = known_units(stage.maximum) or 0
    for node, criterion in stage.criteria():
        own = known_units(criterion.maximum)
        if not own:
            continue
        exact = exact_points(stage, node, criterion, course, cells)
        for change in range(step, most + 1, step):
            if _none_smaller(found, follow, change):
                break
            for weight in (own - change, own + change):
                if not 0 <= weight <= most:
                    continue
                factor = Fraction(weight, own)
                then = follow.of(at_node(node, rounded(stage, exact, factor)), {node: factor})
                _note(found, follow, then, change, partial(_weighed_otherwise, node, own, weight, decimals))
    return found


def _weighed_otherwise(node: str, own: int, weight: int, decimals: int) -> WeightChange:
    return WeightChange(
        criterion=node,
        maximum=format_units(own, decimals=decimals),
        instead=format_units(weight, decimals=decimals),
        change=format_units(abs(weight - own), decimals=decimals),
    )
