"""Judged criteria: from the sheets of a panel to points, not yet rounded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from domain.points import is_known, known_units, square_root, to_units
from domain.record import Cell, Course, sheet_key
from domain.rubric import Criterion, Judged, Panel, Stage

Sheets = dict[str, int]
"""Points by evaluator."""


def judged_points(
    stage: Stage, node: str, criterion: Criterion, judged: Judged, course: Course, cells: Mapping[tuple[str, str], Cell]
) -> dict[str, Fraction]:
    """Units of each team whose sheets are complete; nobody's where the charter does not say how they count."""
    panel = stage.panel(judged.panel)
    weights = {} if panel is None else weights_of(panel, course)
    if panel is None or not is_known(judged.aggregate) or (judged.aggregate == "weighted-mean" and weights is None):
        return {}
    counted = counted_sheets(panel, node, criterion, judged, course, cells)
    brought = on_common_scale(criterion, judged, counted, course)
    if brought is None:
        return {}
    scale, scaled = brought
    return {team: _aggregate(judged, sheets, weights or {}) / scale for team, sheets in scaled.items()}


def counted_sheets(
    panel: Panel,
    node: str,
    criterion: Criterion,
    judged: Judged,
    course: Course,
    cells: Mapping[tuple[str, str], Cell],
) -> dict[str, Sheets]:
    """The sheets of each team of which nothing is missing."""
    found: dict[str, Sheets] = {}
    for team in course.teams:
        cell = cells.get((team, node), Cell())
        sheets = sheets_of(panel, node, criterion, judged, team, cell, course, closed=bool(course.closed))
        if sheets is not None:
            found[team] = sheets
    return found


def on_common_scale(
    criterion: Criterion, judged: Judged, found: dict[str, Sheets], course: Course
) -> tuple[int, dict[str, Sheets]] | None:
    """Sheets as they are aggregated, in units multiplied by a number; `None` while the common scale is not known."""
    if judged.normalise == "none":
        return 1, found
    maximum = known_units(criterion.maximum)
    if maximum is None or not found or len(found) < len(course.teams):
        return None  # each evaluator's scale is that of all their sheets
    return _normalised(judged, found, maximum)


def sheets_of(
    panel: Panel,
    node: str,
    criterion: Criterion,
    judged: Judged,
    team: str,
    cell: Cell,
    course: Course,
    *,
    closed: bool,
) -> Sheets | None:
    """The sheets that count for a team; `None` while something is missing. `closed`: no further sheet will come."""
    evaluators = course.evaluators(panel.id, team, node)
    found = whole_sheets(criterion, judged, cell, evaluators, closed=closed)
    if len(found) < len(evaluators):
        if not closed or judged.missing == "required":
            return None
        if judged.missing == "zero":
            found = {**dict.fromkeys(evaluators, 0), **found}
    needed = fewest_sheets(judged) if f"{team}/{node}" in course.below_quorum else quorum_of(panel, judged)
    return found if len(found) >= needed else None


def quorum_of(panel: Panel, judged: Judged) -> int:
    """How many sheets the charter asks for."""
    return max(int(panel.quorum) if is_known(panel.quorum) else 1, fewest_sheets(judged))


def fewest_sheets(judged: Judged) -> int:
    """Fewer than these come to no points at all."""
    return 2 * int(judged.trim or 0) + 1


def whole_sheets(criterion: Criterion, judged: Judged, cell: Cell, evaluators: list[str], *, closed: bool) -> Sheets:
    """Each evaluator's points where they are all there, the sum where there are items."""
    sheets = cell.sheets
    if not criterion.items:
        return {evaluator: to_units(sheets[evaluator]) for evaluator in evaluators if evaluator in sheets}
    found = {}
    for evaluator in evaluators:
        lines = [sheets.get(sheet_key(evaluator, item.id)) for item in criterion.items]
        if None not in lines or (closed and judged.missing == "zero"):
            found[evaluator] = sum(to_units(line) for line in lines if line is not None)
    return found


def weights_of(panel: Panel, course: Course) -> dict[str, int] | None:
    """What each evaluator's sheet weighs; `None` if that is not known of all."""
    groups = {group.id: known_units(group.weight) for group in panel.groups}
    weights = {}
    for evaluator in course.panels.get(panel.id, []):
        weight = groups.get(course.groups.get(evaluator, ""))
        if weight is None:
            return None
        weights[evaluator] = weight
    return weights


def _aggregate(judged: Judged, sheets: Sheets, weights: Mapping[str, int]) -> Fraction:
    if judged.aggregate == "weighted-mean":
        total = sum(points * weights[evaluator] for evaluator, points in sheets.items())
        return Fraction(total, sum(weights[evaluator] for evaluator in sheets))
    points = list(sheets.values())
    if judged.aggregate == "median":
        points = sorted(points)[(len(points) - 1) // 2 : len(points) // 2 + 1]
    elif judged.aggregate == "trimmed-mean":
        trim = int(judged.trim or 0)
        points = sorted(points)[trim : len(points) - trim]
    return Fraction(sum(points), len(points))


def _normalised(judged: Judged, found: Mapping[str, Sheets], maximum: int) -> tuple[int, dict[str, Sheets]]:
    """Every sheet on the common scale, clipped, in units multiplied by the number that makes all of them whole."""
    own: dict[str, list[int]] = {}
    for sheets in found.values():
        for evaluator, points in sheets.items():
            own.setdefault(evaluator, []).append(points)
    if judged.normalise == "z-score":
        lines = _z_scores(own)
    else:
        lines = {evaluator: _stretched(points, maximum) for evaluator, points in own.items()}
    scale = math.lcm(*(part.denominator for line in lines.values() for part in line))
    whole = {evaluator: (int(start * scale), int(slope * scale)) for evaluator, (start, slope) in lines.items()}
    ceiling = maximum * scale
    return scale, {
        team: {
            evaluator: min(max(whole[evaluator][0] + whole[evaluator][1] * points, 0), ceiling)
            for evaluator, points in sheets.items()
        }
        for team, sheets in found.items()
    }


Line = tuple[Fraction, Fraction]
"""Start and slope: how an evaluator's points are brought to the common scale."""


def _z_scores(own: Mapping[str, list[int]]) -> dict[str, Line]:
    """To mean and standard deviation (of the population) of all sheets; who makes no difference gives the mean."""
    mean, variance = _moments([points for sheets in own.values() for points in sheets])
    lines = {}
    for evaluator, points in own.items():
        own_mean, own_variance = _moments(points)
        slope = square_root(variance / own_variance) if own_variance else Fraction(0)
        lines[evaluator] = (mean - own_mean * slope, slope)
    return lines


def _moments(points: list[int]) -> tuple[Fraction, Fraction]:
    """Mean, and variance of the population."""
    count, total = len(points), sum(points)
    squares = sum(each * each for each in points)
    return Fraction(total, count), Fraction(count * squares - total * total, count * count)


def _stretched(points: list[int], maximum: int) -> Line:
    """The evaluator's lowest to 0 and highest to the maximum; who makes no difference gives half of it."""
    low, high = min(points), max(points)
    if low == high:
        return Fraction(maximum, 2), Fraction(0)
    slope = Fraction(maximum, high - low)
    return -low * slope, slope
