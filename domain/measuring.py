"""Measured criteria: from raw metrics to points, not yet rounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from domain.points import is_known, known, known_units
from domain.record import Cell, Course, Metric
from domain.rubric import Benchmark, Criterion, Measured


def measured_points(
    node: str, criterion: Criterion, measured: Measured, course: Course, cells: Mapping[tuple[str, str], Cell]
) -> dict[str, Fraction]:
    """Units of each team whose metrics are complete; nobody's where the charter does not say how they count."""
    maximum = known_units(criterion.maximum)
    if maximum is None or not is_known(measured.conversion):
        return {}
    found: dict[str, dict[str, Metric]] = {}
    for team in course.teams:
        metrics = metrics_of(measured, cells.get((team, node)), closed=bool(course.closed))
        if metrics is not None:
            found[team] = metrics
    if measured.conversion == "relative-to-best" and len(found) < len(course.teams):
        return {}  # the best of the field is not known yet
    best = best_of(found.values())
    points = {}
    for team, metrics in found.items():
        shares = [share for _benchmark, share in shares_of(measured, metrics, best)]
        known_shares = [share for share in shares if share is not None]
        if len(known_shares) == len(shares):
            points[team] = maximum * sum(known_shares, Fraction(0)) / len(shares)
    return points


def best_of(field: Iterable[Mapping[str, Metric]]) -> dict[str, Fraction]:
    """The best value of the field on each benchmark."""
    best: dict[str, Fraction] = {}
    for metrics in field:
        for benchmark, metric in metrics.items():
            best[benchmark] = max(best.get(benchmark, Fraction(0)), Fraction(metric.value))
    return best


def shares_of(
    measured: Measured, metrics: Mapping[str, Metric], best: Mapping[str, Fraction]
) -> Iterator[tuple[Benchmark, Fraction | None]]:
    """What each benchmark that counts gives, between 0 and 1; `None` if what it is compared with is not known."""
    for each in measured.benchmarks:
        if each.id in metrics:
            yield each, _share(measured, each, metrics[each.id], best)
        elif measured.missing == "zero":
            yield each, Fraction(0)


def metrics_of(measured: Measured, cell: Cell | None, *, closed: bool) -> dict[str, Metric] | None:
    """The metrics that count; `None` while something is missing. `closed`: no further metric will come."""
    recorded = {} if cell is None else cell.metrics
    found = {each.id: recorded[each.id] for each in measured.benchmarks if each.id in recorded}
    if len(found) == len(measured.benchmarks):
        return found
    if not closed or measured.missing == "required" or (measured.missing == "left-out" and not found):
        return None
    return found


def _share(measured: Measured, benchmark: Benchmark, metric: Metric, best: Mapping[str, Fraction]) -> Fraction | None:
    """Between 0 and 1; `None` if what the metric is compared with is not known."""
    value = Fraction(metric.value)
    match measured.conversion:
        case "mean-of-percentages":
            share = value / 100
        case "capped-ratios":
            if metric.target is None:
                return None
            share = value / Fraction(metric.target.value)
        case "linear":
            floor, ceiling = (None if end is None else known(end) for end in measured.span(benchmark))
            if floor is None or ceiling is None:
                return None
            share = (value - floor) / (ceiling - floor)
        case _:
            top = best[benchmark.id]
            share = value / top if top else Fraction(0)
    return min(max(share, Fraction(0)), Fraction(1))
