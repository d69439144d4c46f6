"""Score sheets: one table row is one decision, held against the charter and the roster before anything is submitted."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from domain.decision import Command
from domain.panels import Appointment
from domain.record import StageCourse, StageProgress
from domain.refusal import Refusal
from domain.rubric import Judged, Measured, Stage
from domain.scalars import Names
from domain.score_events import measurement_tag, sheet_tag
from domain.scoring import (
    RecordMeasurement,
    SubmitScore,
    panel_for,
    require_in_stage,
    require_measurable,
)
from domain.standings import canonical

KEY_FORMAT: Final = "sillok-sheet/1"
GUIDES: Final = ("team_name", "title", "maximum")
"""Columns for whoever fills a sheet in. They may be left out; what is there has to be as in the template: a column that
was sorted alone is noticed."""

Cells = Mapping[str, str]
"""A row's texts by the names of their columns; what is empty is the empty text."""


class CellFault(msgspec.Struct, frozen=True, kw_only=True):
    """`row`: as a spreadsheet counts, the header being 1. `column`: its name; none if it has none."""

    row: int
    column: str | None
    detail: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A row without fault, as the decision that it is."""

    row: int
    decision: str
    body: dict[str, Any]

    def key(self, programme: str) -> str:
        """The idempotency key: the SHA-256 of RFC 8785 of [format, programme, decision, body]. The same row of any file
        is recorded once; another value in it is another request."""
        return f"sheet-{hashlib.sha256(canonical([KEY_FORMAT, programme, self.decision, self.body])).hexdigest()}"


@dataclass(frozen=True, kw_only=True)
class Field:
    """What a sheet of a stage is held against. `names`: of its teams."""

    programme: str
    stage: Stage
    course: StageCourse
    names: dict[str, Names]


def field_events(programme: str, stage: str) -> tuple[str, list[str]]:
    """What says whether a stage takes scores, and from whom for whom: the tag and the types of its events."""
    (progress,) = StageProgress(programme, stage).selects
    (appointments,) = Appointment(programme, stage, "").selects
    return progress.tags[0], [*progress.types, *appointments.types]


class Sheet(ABC):
    """A kind of sheet. `columns`: those that it needs. `blank`: those of them that may be empty, or left out."""

    decision: str
    command: type[Command]
    columns: tuple[str, ...]
    blank: frozenset[str]

    @abstractmethod
    def template(self, field: Field) -> Iterator[dict[str, str]]:
        """A row for each decision that the stage waits for, without its value."""

    @abstractmethod
    def body(self, cells: Cells) -> dict[str, Any]:
        """The decision's body."""

    @abstractmethod
    def column(self, pointer: str) -> str:
        """The column that a field of the body is in."""

    @abstractmethod
    def same(self, programme: str, cells: Cells) -> str:
        """What two rows have in common of which only one can be recorded."""

    @abstractmethod
    def check(self, body: dict[str, Any], field: Field) -> Iterator[Refusal]:
        """What charter and roster have against a body of the right shape."""


class ScoreSheet(Sheet):
    """An evaluator's points for a team on a criterion, or on an item of it."""

    decision = "submit-score"
    command = SubmitScore
    columns = ("stage", "evaluator", "team", "criterion", "item", "points")
    blank = frozenset({"item"})

    def template(self, field: Field) -> Iterator[dict[str, str]]:
        """Of every panel: its evaluators, the teams that each of them judges, items."""
        course = field.course.course
        for node, criterion in field.stage.criteria():
            if isinstance(criterion.scoring, Judged):
                panel = criterion.scoring.panel
                for evaluator in course.panels.get(panel, []):
                    for team in course.teams:
                        if evaluator in course.evaluators(panel, team, node):
                            for item in [each.id for each in criterion.items] or [""]:
                                yield {"evaluator": evaluator, "team": team, "criterion": node, "item": item}

    def body(self, cells: Cells) -> dict[str, Any]:
        return {name: cells[name] for name in self.columns if cells[name] or name != "item"}

    def column(self, pointer: str) -> str:
        return pointer.strip("/") or "points"

    def same(self, programme: str, cells: Cells) -> str:
        of = (cells["stage"], cells["team"], cells["criterion"], cells["evaluator"])
        return sheet_tag(programme, *of, cells["item"] or None)

    def check(self, body: dict[str, Any], field: Field) -> Iterator[Refusal]:
        command = msgspec.convert(body, SubmitScore)
        refusals: list[Refusal] = []
        panel = _noted(refusals, lambda: panel_for(command, field.stage))
        _noted(refusals, lambda: require_in_stage(command.team, field.course))
        appointment = Appointment(field.programme, field.stage.id, command.evaluator)
        appointment.course = field.course.course
        seat = panel or appointment.course.panel_of(command.evaluator) or ""
        if command.team in appointment.course.teams or not appointment.course.panel_of(command.evaluator):
            _noted(refusals, lambda: appointment.require(seat, command.team, command.criterion))
        yield from refusals


class MeasurementSheet(Sheet):
    """A team's metric on a benchmark of a criterion."""

    decision = "record-measurement"
    command = RecordMeasurement
    columns = ("stage", "team", "criterion", "benchmark", "value", "target_model", "target_value")
    blank = frozenset({"target_model", "target_value"})

    def template(self, field: Field) -> Iterator[dict[str, str]]:
        """Of every measured criterion: its benchmarks, teams."""
        for node, criterion in field.stage.criteria():
            if isinstance(criterion.scoring, Measured):
                for benchmark in criterion.scoring.benchmarks:
                    for team in field.course.course.teams:
                        yield {"team": team, "criterion": node, "benchmark": benchmark.id}

    def body(self, cells: Cells) -> dict[str, Any]:
        plain = {name: cells[name] for name in self.columns if name not in self.blank}
        if not (cells["target_model"] or cells["target_value"]):
            return plain
        return {**plain, "target": {"model": cells["target_model"], "value": cells["target_value"]}}

    def column(self, pointer: str) -> str:
        named = pointer.strip("/").replace("/", "_")
        return {"target": "target_model", "": "value"}.get(named, named)

    def same(self, programme: str, cells: Cells) -> str:
        return measurement_tag(programme, cells["stage"], cells["team"], cells["criterion"], cells["benchmark"])

    def check(self, body: dict[str, Any], field: Field) -> Iterator[Refusal]:
        command = msgspec.convert(body, RecordMeasurement)
        refusals: list[Refusal] = []
        _noted(refusals, lambda: require_measurable(command, field.stage))
        _noted(refusals, lambda: require_in_stage(command.team, field.course))
        yield from refusals


SHEETS: Final[dict[str, Sheet]] = {"scores": ScoreSheet(), "measurements": MeasurementSheet()}


def template(sheet: Sheet, field: Field) -> Iterator[list[str]]:
    """The header and the rows of a sheet to fill in."""
    value = sheet.columns.index("points" if "points" in sheet.columns else "value")
    columns = (*sheet.columns[:value], *GUIDES, *sheet.columns[value:])
    yield list(columns)
    for row in sheet.template(field):
        cells = {"stage": field.stage.id, **row, **guides(row, field)}
        yield [cells.get(name, "") for name in columns]


def guides(cells: Cells, field: Field) -> dict[str, str]:
    """What the guide columns of a row say; nothing where the row names what is not there."""
    criterion = field.stage.criterion(cells["criterion"])
    part = criterion and (criterion.item(cells["item"]) if cells.get("item") else criterion)
    name = field.names.get(cells["team"])
    return {
        "team_name": _both(name) if name else "",
        "title": _both(part.title) if part else "",
        "maximum": part.maximum if part else "",
    }


def _both(names: Names) -> str:
    return names.ko if names.ko == names.en else f"{names.ko} ({names.en})"


def _noted(refusals: list[Refusal], check: Callable[[], str | None]) -> str | None:
    """What a check finds; its refusal is noted."""
    try:
        return check()
    except Refusal as refusal:
        refusals.append(refusal)
        return None
