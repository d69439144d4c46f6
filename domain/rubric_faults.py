"""What is wrong with the rubric of a stage: its maxima, how criteria are scored, panels, gates and tie-breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from domain.fault import Fault, points_faults, repeats, unknown, value
from domain.points import decimal_text, is_known
from domain.rubric import TOTAL, Criterion, Judged, Measured, Panel, Stage, Unpublished


def rubric_faults(place: str, stage: Stage) -> Iterator[Fault]:
    yield from repeats(place, stage)
    if not stage.assessments:
        yield Fault(f"{place}/assessments", "at least one assessment")
    yield from _sum_faults(place, stage.maximum, [a.maximum for a in stage.assessments], "assessments")
    yield from _implied_faults(place, stage)
    yield from _grid_faults(place, stage)
    panels = {panel.id: panel for panel in stage.panels}
    for i, panel in enumerate(stage.panels):
        if not int(panel.size):
            yield Fault(f"{place}/panels/{i}/size", "at least one evaluator")
        elif is_known(panel.quorum) and int(panel.quorum) > int(panel.size):
            yield Fault(f"{place}/panels/{i}/quorum", f"1 to the panel's size {panel.size}, or undisclosed")
        for k, group in enumerate(panel.groups):
            yield from points_faults(f"{place}/panels/{i}/groups/{k}/weight", group.weight)
            if value(group.weight) == 0:
                yield Fault(f"{place}/panels/{i}/groups/{k}/weight", "a weight above 0, or undisclosed")
    indices = {index.id for index in stage.indices}
    for i, assessment in enumerate(stage.assessments):
        here = f"{place}/assessments/{i}"
        if assessment.id == TOTAL:
            yield Fault(f"{here}/id", f"{TOTAL!r} names the sum of all assessments")
        if not assessment.criteria:
            yield Fault(f"{here}/criteria", "at least one criterion")
        yield from _sum_faults(here, assessment.maximum, [c.maximum for c in assessment.criteria], "criteria")
        for k, criterion in enumerate(assessment.criteria):
            yield from _criterion_faults(f"{here}/criteria/{k}", criterion, stage, panels, indices)
    nodes = stage.nodes()
    yield from unknown(f"{place}/tie_break", stage.tie_break, nodes, "node of the rubric")
    reach = _reach(stage)
    for i, gate in enumerate(stage.gates):
        yield from unknown(f"{place}/gates/{i}/node", [gate.node], nodes, "node of the rubric")
        yield from points_faults(f"{place}/gates/{i}/minimum", gate.minimum)
        most, minimum = reach.get(gate.node), value(gate.minimum)
        if most is not None and minimum is not None and minimum > most:
            yield Fault(
                f"{place}/gates/{i}/minimum",
                f"{gate.minimum} is above {decimal_text(most)}, the most that {gate.node} reaches",
            )


def _reach(stage: Stage) -> dict[str, Fraction | None]:
    """The most that each node reaches: its maximum, or what follows from the rest where that is undisclosed."""
    parts = {
        each.id: [_own(c.maximum, [_own(item.maximum) for item in c.items]) for c in each.criteria]
        for each in stage.assessments
    }
    wholes = [_own(each.maximum, parts[each.id]) for each in stage.assessments]
    least = [
        _known_sum(parts[each.id]) if whole is None else whole
        for each, whole in zip(stage.assessments, wholes, strict=True)
    ]
    found = {TOTAL: _own(stage.maximum, wholes)}
    for i, assessment in enumerate(stage.assessments):
        whole = found[assessment.id] = _left(wholes[i], found[TOTAL], [*least[:i], *least[i + 1 :]])
        criteria = parts[assessment.id]
        for k, criterion in enumerate(assessment.criteria):
            others = [*criteria[:k], *criteria[k + 1 :]]
            found[f"{assessment.id}/{criterion.id}"] = _left(criteria[k], whole, others)
    return found


def _own(maximum: str, parts: Sequence[Fraction | None] = (None,)) -> Fraction | None:
    """The maximum, or the sum of the parts if they are all known."""
    whole = value(maximum)
    return _known_sum(parts) if whole is None and parts and None not in parts else whole


def _left(own: Fraction | None, whole: Fraction | None, others: Sequence[Fraction | None]) -> Fraction | None:
    """Its own maximum, or what the known ones of the others leave of the whole."""
    return whole - _known_sum(others) if own is None and whole is not None else own


def _known_sum(parts: Sequence[Fraction | None]) -> Fraction:
    return sum((each for each in parts if each is not None), Fraction(0))


def _grid_faults(place: str, stage: Stage) -> Iterator[Fault]:
    """A maximum that no points of the stage's precision could be."""
    maxima = [(place, stage.maximum)]
    for i, assessment in enumerate(stage.assessments):
        maxima.append((f"{place}/assessments/{i}", assessment.maximum))
        for k, criterion in enumerate(assessment.criteria):
            here = f"{place}/assessments/{i}/criteria/{k}"
            maxima.append((here, criterion.maximum))
            maxima += [(f"{here}/items/{n}", item.maximum) for n, item in enumerate(criterion.items)]
    for where, maximum in maxima:
        most = value(maximum)
        if most is not None and stage.decimals is not None and (most * 10**stage.decimals).denominator != 1:
            yield Fault(
                f"{where}/maximum", f"{maximum} has more than the {stage.precision} decimals of the stage's points"
            )


def _criterion_faults(
    place: str, criterion: Criterion, stage: Stage, panels: dict[str, Panel], indices: set[str]
) -> Iterator[Fault]:
    if is_known(criterion.index):
        yield from unknown(f"{place}/index", [criterion.index], indices, "index")
    match criterion.scoring:
        case Judged(panel=panel) as judged:
            yield from unknown(f"{place}/scoring/panel", [panel], panels, "panel")
            if panel in panels:
                yield from _judged_faults(place, criterion, judged, panels[panel])
            computed = is_known(judged.aggregate)
        case Measured() as measured:
            yield from _measured_faults(place, criterion, measured)
            computed = is_known(measured.conversion)
        case Unpublished():
            computed = False
    if criterion.items:
        yield from _sum_faults(place, criterion.maximum, [item.maximum for item in criterion.items], "items")
        if not isinstance(criterion.scoring, Judged):
            yield Fault(f"{place}/items", "only a judged criterion is scored item by item")
    if computed and (stage.decimals is None or not is_known(stage.rounding)):
        yield Fault(f"{place}/scoring", "points can be computed only with a known precision and rounding")


def _judged_faults(place: str, criterion: Criterion, judged: Judged, panel: Panel) -> Iterator[Fault]:
    if (judged.trim is not None) != (judged.aggregate == "trimmed-mean"):
        yield Fault(
            f"{place}/scoring/trim", "a trimmed mean says how many sheets it drops at each end, nothing else does"
        )
    elif judged.trim is not None:
        fewest = int(panel.quorum) if panel.quorum.isdecimal() else int(panel.size)
        if not 0 < 2 * int(judged.trim) < fewest:
            yield Fault(f"{place}/scoring/trim", f"at least 1, and twice that must leave a sheet of {fewest}")
    if judged.aggregate == "weighted-mean" and not panel.groups:
        yield Fault(f"{place}/scoring/aggregate", f"{panel.id} has no groups to weigh")
    if judged.normalise != "none" and not is_known(criterion.maximum):
        yield Fault(f"{place}/maximum", "a normalised criterion needs a known maximum")


def _measured_faults(place: str, criterion: Criterion, measured: Measured) -> Iterator[Fault]:
    here = f"{place}/scoring"
    if not measured.benchmarks:
        yield Fault(f"{here}/benchmarks", "at least one benchmark")
    if is_known(measured.conversion) and not is_known(criterion.maximum):
        yield Fault(f"{place}/maximum", "a measured criterion needs a known maximum")
    spans = [(here, (measured.floor, measured.ceiling))]
    for i, benchmark in enumerate(measured.benchmarks):
        spans.append((f"{here}/benchmarks/{i}", (benchmark.floor, benchmark.ceiling)))
        if measured.conversion == "linear":
            floor, ceiling = measured.span(benchmark)
            if floor is None or ceiling is None:
                yield Fault(f"{here}/benchmarks/{i}", "linear between a floor and a ceiling: one of them is not said")
            elif value(floor) is not None and value(floor) == value(ceiling):
                yield Fault(f"{here}/benchmarks/{i}", f"floor and ceiling are both {floor}")
    for where, ends in spans:
        for name, end in zip(("floor", "ceiling"), ends, strict=True):
            if end is not None:
                yield from points_faults(f"{where}/{name}", end)
                if measured.conversion != "linear":
                    yield Fault(f"{where}/{name}", f"{measured.conversion} has no {name}")


def _sum_faults(place: str, maximum: str, parts: list[str], what: str) -> Iterator[Fault]:
    yield from points_faults(f"{place}/maximum", maximum)
    for i, part in enumerate(parts):
        yield from points_faults(f"{place}/{what}/{i}/maximum", part)
    whole = value(maximum)
    if whole is None:
        return
    values = [value(part) for part in parts]
    reached = sum((value for value in values if value is not None), Fraction(0))
    if None not in values and reached != whole:
        yield Fault(f"{place}/maximum", f"the {what} add up to {decimal_text(reached)}, not to {maximum}")
    elif reached > whole:
        yield Fault(f"{place}/maximum", f"the known {what} add up to {decimal_text(reached)}, more than {maximum}")


def _implied_faults(place: str, stage: Stage) -> Iterator[Fault]:
    """An assessment whose maximum is undisclosed has at least what its known criteria have, and no more if all are."""
    whole = value(stage.maximum)
    hidden = [assessment for assessment in stage.assessments if not is_known(assessment.maximum)]
    if whole is None or not hidden:
        return
    least = sum((value(each.maximum) or Fraction(0) for each in stage.assessments), Fraction(0))
    criteria = [value(criterion.maximum) for assessment in hidden for criterion in assessment.criteria]
    least += sum((each for each in criteria if each is not None), Fraction(0))
    if least > whole or (None not in criteria and least < whole):
        yield Fault(
            f"{place}/maximum",
            f"what is known of the assessments adds up to {decimal_text(least)}, not to {stage.maximum}",
        )
