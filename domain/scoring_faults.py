"""What is wrong with how the criteria of a stage are scored, and with the panels that score them."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter
from domain.fault import Fault, ids, points_faults, unknown, value
from domain.points import UNDISCLOSED, is_known
from domain.rubric import Benchmark, Criterion, Group, Index, Judged, Measured, Panel, Stage, Unpublished
from domain.soundness import in_each, numbered, sound


def scoring_faults(charter: Charter) -> Iterator[Fault]:
    for i, stage in numbered(charter.stages):
        yield from in_each(
            f"/stages/{i}/panels", stage.panels, stage, _size_faults, _quorum_faults, _crowded_faults, _group_faults
        )
        yield from in_each(f"/stages/{i}/indices", stage.indices, stage, _idle_index_faults)
        for k, assessment in numbered(stage.assessments):
            yield from in_each(
                f"/stages/{i}/assessments/{k}/criteria",
                assessment.criteria,
                stage,
                _index_faults,
                _item_faults,
                _grid_faults,
                _panel_faults,
                _trim_faults,
                _trimmed_faults,
                _weight_faults,
                _normal_faults,
                _benchmark_faults,
                _conversion_faults,
                _span_faults,
            )


def _size_faults(place: str, panel: Panel, _stage: Stage) -> Iterator[Fault]:
    if not int(panel.size):
        yield Fault(f"{place}/size", "at least one evaluator")


def _quorum_faults(place: str, panel: Panel, _stage: Stage) -> Iterator[Fault]:
    if is_known(panel.quorum) and int(panel.quorum) > int(panel.size) > 0:
        yield Fault(f"{place}/quorum", f"1 to the panel's size {panel.size}, or undisclosed")


def _crowded_faults(place: str, panel: Panel, _stage: Stage) -> Iterator[Fault]:
    if len(panel.groups) > int(panel.size) > 0:
        yield Fault(f"{place}/groups", f"at most the panel's size {panel.size}: each evaluator is in one group")


def _group_faults(place: str, panel: Panel, stage: Stage) -> Iterator[Fault]:
    yield from in_each(f"{place}/groups", panel.groups, stage, _group_weight_faults)


def _group_weight_faults(place: str, group: Group, _stage: Stage) -> Iterator[Fault]:
    yield from points_faults(f"{place}/weight", group.weight)
    if value(group.weight) == 0:
        yield Fault(f"{place}/weight", "a weight above 0, or undisclosed")


def _index_faults(place: str, criterion: Criterion, stage: Stage) -> Iterator[Fault]:
    if is_known(criterion.index):
        yield from unknown(f"{place}/index", [criterion.index], ids(stage.indices), "index")


def _idle_index_faults(place: str, index: Index, stage: Stage) -> Iterator[Fault]:
    """What counts to which index may be undisclosed."""
    counting = [criterion.index for assessment in stage.assessments for criterion in assessment.criteria]
    if all(is_known(each) and each != index.id for each in counting):
        yield Fault(place, f"no criterion counts to {index.id}")


def _item_faults(place: str, criterion: Criterion, _stage: Stage) -> Iterator[Fault]:
    if isinstance(criterion.scoring, Measured | Unpublished) and criterion.items:
        yield Fault(f"{place}/items", "only a judged criterion is scored item by item")


def _grid_faults(place: str, criterion: Criterion, stage: Stage) -> Iterator[Fault]:
    match criterion.scoring:
        case Judged(aggregate=way) | Measured(conversion=way):
            if is_known(way) and UNDISCLOSED in sound((stage.precision, stage.rounding)):
                yield Fault(f"{place}/scoring", "points can be computed only with a known precision and rounding")
        case _:
            pass


def _panel_faults(place: str, criterion: Criterion, stage: Stage) -> Iterator[Fault]:
    if isinstance(criterion.scoring, Judged):
        yield from unknown(f"{place}/scoring/panel", [criterion.scoring.panel], ids(stage.panels), "panel")


def _trim_faults(place: str, criterion: Criterion, _stage: Stage) -> Iterator[Fault]:
    judged = criterion.scoring
    if isinstance(judged, Judged) and (judged.trim is not None) != (judged.aggregate == "trimmed-mean"):
        yield Fault(
            f"{place}/scoring/trim", "a trimmed mean says how many sheets it drops at each end, nothing else does"
        )


def _trimmed_faults(place: str, criterion: Criterion, stage: Stage) -> Iterator[Fault]:
    judged = criterion.scoring
    if not isinstance(judged, Judged) or judged.aggregate != "trimmed-mean" or judged.trim is None:
        return
    if (panel := stage.panel(judged.panel)) is not None:
        fewest = int(panel.quorum) if is_known(panel.quorum) else int(panel.size)
        if not 0 < 2 * int(judged.trim) < fewest:
            yield Fault(f"{place}/scoring/trim", f"at least 1, and twice that must leave a sheet of {fewest}")


def _weight_faults(place: str, criterion: Criterion, stage: Stage) -> Iterator[Fault]:
    judged = criterion.scoring
    if isinstance(judged, Judged) and judged.aggregate == "weighted-mean":
        panel = stage.panel(judged.panel)
        if panel is not None and not panel.groups:
            yield Fault(f"{place}/scoring/aggregate", f"{panel.id} has no groups to weigh")


def _normal_faults(place: str, criterion: Criterion, _stage: Stage) -> Iterator[Fault]:
    judged = criterion.scoring
    if isinstance(judged, Judged) and judged.normalise != "none" and not is_known(criterion.maximum):
        yield Fault(f"{place}/maximum", "a normalised criterion needs a known maximum")


def _benchmark_faults(place: str, criterion: Criterion, _stage: Stage) -> Iterator[Fault]:
    if isinstance(criterion.scoring, Measured) and not criterion.scoring.benchmarks:
        yield Fault(f"{place}/scoring/benchmarks", "at least one benchmark")


def _conversion_faults(place: str, criterion: Criterion, _stage: Stage) -> Iterator[Fault]:
    measured = criterion.scoring
    if isinstance(measured, Measured) and is_known(measured.conversion) and not is_known(criterion.maximum):
        yield Fault(f"{place}/maximum", "a measured criterion needs a known maximum")


def _span_faults(place: str, criterion: Criterion, _stage: Stage) -> Iterator[Fault]:
    measured, here = criterion.scoring, f"{place}/scoring"
    if not isinstance(measured, Measured):
        return
    yield from _end_faults(here, measured, measured)
    yield from in_each(f"{here}/benchmarks", measured.benchmarks, measured, _end_faults, _linear_faults)


def _end_faults(place: str, ends: Measured | Benchmark, measured: Measured) -> Iterator[Fault]:
    for name, end in (("floor", ends.floor), ("ceiling", ends.ceiling)):
        if end is not None:
            yield from points_faults(f"{place}/{name}", end)
            if measured.conversion != "linear":
                yield Fault(f"{place}/{name}", f"{measured.conversion} has no {name}")


def _linear_faults(place: str, benchmark: Benchmark, measured: Measured) -> Iterator[Fault]:
    if measured.conversion != "linear":
        return
    floor, ceiling = measured.span(benchmark)
    if floor is None or ceiling is None:
        yield Fault(place, "linear between a floor and a ceiling: one of them is not said")
    elif value(floor) is not None and value(floor) == value(ceiling):
        yield Fault(place, f"floor and ceiling are both {floor}")
