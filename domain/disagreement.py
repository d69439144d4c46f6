"""How far evaluators are apart, on sheets as they were submitted: before normalisation, aggregation and rounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

import msgspec

from domain.judging import Sheets, whole_sheets
from domain.points import format_units, round_units, square_root, to_units
from domain.record import Cell, Course, sheet_key
from domain.rubric import Criterion, Judged, Stage

DECIMALS: Final = 4
"""Of mean, median and standard deviation, rounded half to even."""
FEWEST: Final = 4
"""With fewer sheets there are no quartiles to speak of, and no outliers."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The sheets that count for a team on a criterion, or on one `item` of it; decimal strings, null without sheets.

    `standard_deviation`: of these sheets as a whole population. `outliers`: evaluators whose points lie more than 1.5
    times the distance of the quartiles below the lower or above the upper one, quartiles being interpolated between
    the sheets in order; among four sheets or more.
    """

    team: str
    criterion: str
    item: str | None
    count: int
    lowest: str | None = None
    highest: str | None = None
    mean: str | None = None
    median: str | None = None
    standard_deviation: str | None = None
    outliers: tuple[str, ...] = ()


def disagreement(
    stage: Stage, course: Course, cells: Mapping[tuple[str, str], Cell], evaluator: str | None = None
) -> list[Spread]:
    """One spread for each team and judged criterion, and for each item of those that have items.

    To an evaluator only where their own sheet is whole: nobody sees what peers gave before their own is in.
    """
    return [
        _spread(stage, team, node, item, sheets)
        for team in course.teams
        for node, criterion in stage.criteria()
        if isinstance(criterion.scoring, Judged)
        for item, sheets in _sheets(
            criterion, criterion.scoring, team, node, cells.get((team, node), Cell()), course, evaluator
        )
    ]


def _sheets(
    criterion: Criterion, judged: Judged, team: str, node: str, cell: Cell, course: Course, seen_by: str | None
) -> Iterator[tuple[str | None, Sheets]]:
    evaluators = course.evaluators(judged.panel, team, node)
    whole = whole_sheets(criterion, judged, cell, evaluators, closed=False)
    if seen_by is not None and seen_by not in whole:
        return
    yield None, whole
    for item in criterion.items:
        keys = {evaluator: sheet_key(evaluator, item.id) for evaluator in evaluators}
        yield item.id, {each: to_units(cell.sheets[key]) for each, key in keys.items() if key in cell.sheets}


def _spread(stage: Stage, team: str, node: str, item: str | None, sheets: Sheets) -> Spread:
    if not sheets:
        return Spread(team=team, criterion=node, item=item, count=0)
    points = sorted(sheets.values())
    count, total = len(points), sum(points)
    variance = Fraction(count * sum(each * each for each in points) - total * total, count * count)
    return Spread(
        team=team,
        criterion=node,
        item=item,
        count=count,
        lowest=format_units(points[0], decimals=stage.decimals),
        highest=format_units(points[-1], decimals=stage.decimals),
        mean=_rounded(Fraction(total, count)),
        median=_rounded(Fraction(points[(count - 1) // 2] + points[count // 2], 2)),
        standard_deviation=_rounded(square_root(variance)),
        outliers=_outliers(sheets, points),
    )


def _rounded(value: Fraction) -> str:
    return format_units(round_units(value, DECIMALS, "half-even"), decimals=DECIMALS)


def _outliers(sheets: Sheets, points: list[int]) -> tuple[str, ...]:
    if len(points) < FEWEST:
        return ()
    lower, upper = _quartile(points, 1), _quartile(points, 3)
    # Everything four times as large, for the quartiles, and again twice, for one and a half.
    below, above = 5 * lower - 3 * upper, 5 * upper - 3 * lower
    return tuple(sorted(each for each, own in sheets.items() if not below <= 8 * own <= above))


def _quartile(points: list[int], which: int) -> int:
    """Four times the value at `which` quarters of the way from the lowest to the highest."""
    place, rest = divmod(which * (len(points) - 1), 4)
    return points[place] * (4 - rest) + (points[place + 1] * rest if rest else 0)
