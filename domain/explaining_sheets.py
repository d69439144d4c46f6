"""The sheets behind the points of a judged criterion: those that count, those that do not, and what was corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from domain.explained import Explained
from domain.judging import Sheets, counted_sheets, on_common_scale, weights_of
from domain.panel_events import ConflictDeclared, EvaluatorRecused, EvaluatorReplaced
from domain.points import decimal_text, format_units, round_units
from domain.reasons import Reason, reason, say
from domain.record import EVERY_TEAM, SHEET_EVENTS, SheetGiven, sheet_key
from domain.rubric import Criterion, Judged, Panel
from domain.score_events import ExclusionRecorded
from domain.sentences import Words
from domain.tally import exact_points

SHOWN = 4
"""Decimals of what was not rounded yet."""

Given = dict[str, list[tuple[int, SheetGiven]]]
"""By `sheet_key`, what an evaluator gave and what it was corrected to, in order."""


def sheet_reasons(of: Explained, node: str, criterion: Criterion, judged: Judged, *, computed: bool) -> list[Reason]:
    """Every sheet that the reader may see; the computation where they may see all."""
    panel = of.stage.panel(judged.panel)
    cell = of.cells.get((of.team, node))
    if panel is None or cell is None:
        return []
    given: Given = {}
    for position, event in of.events(*SHEET_EVENTS):
        if isinstance(event, SheetGiven) and (event.team, event.criterion) == (of.team, node):
            given.setdefault(sheet_key(event.evaluator, event.item), []).append((position, event))
    evaluators = of.course.evaluators(panel.id, of.team, node)
    counted = counted_sheets(panel, node, criterion, judged, of.course, of.cells) if computed else {}
    how = _Counting(of, panel, criterion, judged, counted)
    sheets = [
        _sheet(of, given[key], how.marks(evaluator))
        for evaluator in evaluators
        for key in (sheet_key(evaluator, item.id if item else None) for item in criterion.items or (None,))
        if key in given
    ]
    if len(given) < len(cell.sheets):
        closed = say(
            "It follows from the sheets as they were when scoring closed. Single sheets are read by the agencies and "
            "auditors of the programme, and each by the evaluator who gave it.",
            "채점 마감 때의 채점표에서 도출된다. 개별 채점표는 사업의 기관과 감사인이, 그리고 각자의 것은 평가위원 "
            "본인이 볼 수 있다.",
        )
        return [*sheets, reason("withheld", closed, positions=of.seen(of.course.closed))]
    unseen = [each for each in evaluators if each in counted.get(of.team, {}) and not _gave(criterion, given, each)]
    zeros = [
        reason(
            "sheet",
            say(
                "Evaluator {evaluator} gave no sheet; it counts as 0.",
                "평가위원 {evaluator}의 채점표가 없어 0점으로 한다.",
                evaluator=each,
            ),
            value="0",
        )
        for each in unseen
    ]
    rounding = [rounded(of, node, criterion)] if computed else []
    return [*rounding, *sheets, *zeros, *_not_counted(of, node, given, evaluators)]


def _gave(criterion: Criterion, given: Given, evaluator: str) -> bool:
    return any(sheet_key(evaluator, item.id if item else None) in given for item in criterion.items or (None,))


def rounded(of: Explained, node: str, criterion: Criterion) -> Reason:
    """What scores come to before it is rounded, and after."""
    exact = exact_points(of.stage, node, criterion, of.course, of.cells)[of.team]
    units = of.computed[of.team, node]
    text = format_units(units, decimals=of.decimals)
    if exact == units:
        what = say("It comes to {points} exactly.", "계산 결과는 정확히 {points}점이다.", points=text)
    else:
        about = format_units(round_units(exact, SHOWN, "half-even"), decimals=SHOWN)
        what = say(
            "It comes to about {exact} before rounding, to {points} after.",
            "계산 결과는 약 {exact}점이며 반올림하면 {points}점이다.",
            exact=about,
            points=text,
        )
    return reason("arithmetic", what, value=text, positions=of.seen(of.course.closed))


def _sheet(of: Explained, events: list[tuple[int, SheetGiven]], marks: list[Words]) -> Reason:
    position, live = events[-1]
    item = None if live.item is None else of.named.item(live.criterion, live.item)
    en, ko = "Evaluator {evaluator}: {points}{marks}.", "평가위원 {evaluator}: {points}점{marks}."
    if item is not None:
        en, ko = "Evaluator {evaluator}, {item}: {points}{marks}.", "평가위원 {evaluator}, {item}: {points}점{marks}."
    after = Words("".join(f"; {each.en}" for each in marks), "".join(f"; {each.ko}" for each in marks))
    what = say(en, ko, evaluator=live.evaluator, points=live.points, item=item or "", marks=after)
    history = [of.recounted("corrected", each) for each, _event in reversed(events)] if len(events) > 1 else []
    return reason("sheet", what, value=live.points, positions=(position,), children=history)


class _Counting:
    """How each sheet of the team enters the aggregate, where that is not all alike."""

    def __init__(
        self, of: Explained, panel: Panel, criterion: Criterion, judged: Judged, counted: dict[str, Sheets]
    ) -> None:
        self._judged = judged
        self._weights = (weights_of(panel, of.course) if judged.aggregate == "weighted-mean" else None) or {}
        brought = on_common_scale(criterion, judged, counted, of.course) if counted else None
        self._scaled: Mapping[str, Fraction] = {}
        if brought is not None and of.team in brought[1]:
            scale, sheets = brought
            self._scaled = {each: Fraction(points, scale) for each, points in sheets[of.team].items()}
        self._order = sorted(self._scaled, key=lambda each: (self._scaled[each], each))

    def marks(self, evaluator: str) -> list[Words]:
        return [] if evaluator not in self._scaled else list(self._marks(evaluator))

    def _marks(self, evaluator: str) -> Iterator[Words]:
        if self._judged.normalise != "none":
            text = format_units(round_units(self._scaled[evaluator], SHOWN, "half-even"), decimals=SHOWN)
            yield say("{points} on the common scale", "공통 척도로 {points}점", points=text)
        if evaluator in self._weights:
            yield say(
                "weighs {weight}", "가중치 {weight}", weight=decimal_text(Fraction(self._weights[evaluator], 10**13))
            )
        place, last = self._order.index(evaluator), len(self._order) - 1
        trim = int(self._judged.trim or 0) if self._judged.aggregate == "trimmed-mean" else 0
        if place < trim:
            yield say("left out as one of the lowest", "가장 낮은 점수로 제외")
        elif place > last - trim:
            yield say("left out as one of the highest", "가장 높은 점수로 제외")
        if self._judged.aggregate == "median" and last // 2 <= place <= (last + 1) // 2:
            yield say("in the middle", "중앙")


def _not_counted(of: Explained, node: str, given: Given, evaluators: list[str]) -> Iterator[Reason]:
    """Sheets that are left out, and why."""
    out = {key: events for key, events in given.items() if events[-1][1].evaluator not in evaluators}
    told: set[str] = set()
    for events in out.values():
        evaluator = events[-1][1].evaluator
        told.add(evaluator)
        why = [of.recounted("decision", position) for position in _left_out(of, node, evaluator)]
        what = say(
            "Not counted: evaluator {evaluator}, {points}.",
            "반영하지 않음: 평가위원 {evaluator}, {points}점.",
            evaluator=evaluator,
            points=events[-1][1].points,
        )
        positions = [position for position, _event in events]
        yield reason("not-counted", what, value=events[-1][1].points, positions=positions, children=why)
    for position, event in of.events(ExclusionRecorded):
        if (event.team, event.criterion) == (of.team, node) and event.evaluator not in told:
            yield of.recounted("not-counted", position)


def _left_out(of: Explained, node: str, evaluator: str) -> Iterator[int]:
    for position, event in of.events(ExclusionRecorded, EvaluatorRecused, ConflictDeclared, EvaluatorReplaced):
        if event.evaluator != evaluator:
            continue
        match event:
            case ExclusionRecorded():
                concerned = (event.team, event.criterion) == (of.team, node)
            case EvaluatorRecused():
                concerned = (event.team or EVERY_TEAM) in (of.team, EVERY_TEAM)
            case ConflictDeclared() | EvaluatorReplaced():
                concerned = of.team in event.teams
            case _:
                concerned = False
        if concerned:
            yield position
