"""The measurements behind the points of a measured criterion."""

from __future__ import annotations

from fractions import Fraction

from domain.explained import Explained
from domain.explaining_sheets import rounded
from domain.measuring import best_of, metrics_of, shares_of
from domain.points import SCALE, format_units, round_units
from domain.reasons import Reason, reason, say
from domain.record import Measurement
from domain.rubric import Criterion, Measured
from domain.score_events import MeasurementCorrected, MeasurementRecorded
from domain.sentences import Words

SHOWN = 4


def measured_reasons(
    of: Explained, node: str, criterion: Criterion, measured: Measured, *, computed: bool
) -> list[Reason]:
    """Every measurement that the reader may see; the computation where they may see all."""
    closed = bool(of.course.closed)
    metrics = metrics_of(measured, of.cells.get((of.team, node)), closed=closed)
    given: dict[str, list[tuple[int, Measurement]]] = {}
    for position, event in of.events(MeasurementRecorded, MeasurementCorrected):
        if isinstance(event, Measurement) and (event.team, event.criterion) == (of.team, node):
            given.setdefault(event.benchmark, []).append((position, event))
    cell = of.cells.get((of.team, node))
    if cell is None:
        return []
    field = [metrics_of(measured, of.cells.get((team, node)), closed=closed) or {} for team in of.course.teams]
    best = best_of(field)
    counted = shares_of(measured, metrics, best) if metrics is not None and computed else ()
    shares = {benchmark.id: share for benchmark, share in counted}
    found = [
        _measurement(of, measured, given[each.id], shares.get(each.id), best.get(each.id))
        for each in measured.benchmarks
        if each.id in given
    ]
    if len(given) < len(cell.metrics):
        return [
            *found,
            reason(
                "withheld",
                say(
                    "Single measurements are read by the agencies and auditors of the programme.",
                    "개별 측정값은 사업의 기관과 감사인이 볼 수 있다.",
                ),
                positions=of.seen(of.course.closed),
            ),
        ]
    absent = [each for each in measured.benchmarks if each.id in shares and each.id not in given]
    zeros = [
        reason(
            "measurement",
            say("{benchmark}: not measured; counts as 0.", "{benchmark}: 측정값이 없어 0으로 한다.", benchmark=each.id),
            value="0",
        )
        for each in absent
    ]
    if not computed:
        return [*found, *zeros]
    return [rounded(of, node, criterion), *found, *zeros]


def _measurement(
    of: Explained,
    measured: Measured,
    events: list[tuple[int, Measurement]],
    share: Fraction | None,
    best: Fraction | None,
) -> Reason:
    position, live = events[-1]
    compared = Words("", "")
    if live.target is not None:
        compared = say(
            " (compared with {model}: {value})",
            "(비교 대상 {model}: {value})",
            model=live.target.model,
            value=live.target.value,
        )
    elif measured.conversion == "relative-to-best" and best is not None:
        compared = say(" (best of all teams: {value})", "(전체 팀의 최고값: {value})", value=_text(best))
    elif measured.conversion == "linear":
        benchmark = next(each for each in measured.benchmarks if each.id == live.benchmark)
        floor, ceiling = measured.span(benchmark)
        compared = say(
            " (floor {floor}, ceiling {ceiling})",
            "(하한 {floor}, 상한 {ceiling})",
            floor=floor or "",
            ceiling=ceiling or "",
        )
    en, ko = "{benchmark}: {value}{compared}.", "{benchmark}: {value}{compared}."
    if share is not None:
        en, ko = "{benchmark}: {value}{compared}, a share of {share}.", "{benchmark}: {value}{compared}, 비율 {share}."
    what = say(
        en,
        ko,
        benchmark=live.benchmark,
        value=live.value,
        compared=compared,
        share="" if share is None else _text(share),
    )
    history = [of.recounted("corrected", each) for each, _event in reversed(events)] if len(events) > 1 else []
    return reason("measurement", what, value=live.value, positions=(position,), children=history)


def _text(value: Fraction) -> str:
    """To four decimals at most."""
    units = round_units(value * SCALE, SHOWN, "half-even")
    return format_units(units, decimals=0)
