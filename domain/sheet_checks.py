"""Every fault of a score sheet, by row and column, before anything of it is submitted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from domain.legible import illegible
from domain.refusal import Refusal
from domain.shape_faults import shape_faults
from domain.sheets import GUIDES, SHEETS, CellFault, Cells, Field, Ready, Sheet, guides
from domain.stages import require_scoring

_SHOWN: Final = 80


class Unread(msgspec.Struct, frozen=True):
    """A cell that holds no text or number to be read: why."""

    detail: str


Read = tuple[int, Sequence[str | Unread]]
"""The number of a row, and its cells."""


def checked(
    rows: Iterable[Read], programme: str, field_of: Callable[[str], Field | None]
) -> Iterator[CellFault | Ready]:
    """Each row after the header: its faults, or the decision that it is; empty rows are passed over.

    `field_of`: the stage of that name, if the charter has it.
    """
    left = iter(rows)
    number, header = next(left, (1, ()))
    columns = ["" if isinstance(each, Unread) else each.strip() for each in header]
    while columns and not columns[-1]:
        columns.pop()
    sheet = _kind(columns)
    faults = list(_header_faults(sheet, columns, number))
    yield from faults
    if not faults:
        check = _Check(sheet, columns, programme, field_of)
        for number, cells in left:
            yield from check.row(number, cells)
        if not check.seen:
            yield CellFault(row=number, column=None, detail="there is no row beneath the header")


def _kind(columns: Sequence[str]) -> Sheet:
    """The kind whose columns it has most of."""
    return max(SHEETS.values(), key=lambda sheet: len({*sheet.columns} & {*columns}))


def _header_faults(sheet: Sheet, columns: Sequence[str], row: int) -> Iterator[CellFault]:
    known = (*sheet.columns, *GUIDES)
    for place, name in enumerate(columns, start=1):
        if name not in known:
            said = repr(name[:_SHOWN]) if name else f"column {place}"
            yield CellFault(
                row=row, column=name[:_SHOWN] or None, detail=f"{said} is no column of a sheet: {', '.join(known)}"
            )
        elif name in columns[: place - 1]:
            yield CellFault(row=row, column=name, detail=f"the column {name} stands twice")
    for name in sheet.columns:
        if name not in columns and name not in sheet.blank:
            yield CellFault(row=row, column=name, detail=f"the column {name} is missing")


class _Check:
    def __init__(
        self, sheet: Sheet, columns: Sequence[str], programme: str, field_of: Callable[[str], Field | None]
    ) -> None:
        self._sheet = sheet
        self._columns = columns
        self._programme = programme
        self._field_of = field_of
        self._stages: dict[str, Field | None] = {}
        self.seen: dict[str, int] = {}

    def row(self, number: int, cells: Sequence[str | Unread]) -> Iterator[CellFault | Ready]:
        found: dict[str, str] = dict.fromkeys(self._sheet.columns, "")
        unread: list[CellFault] = []
        for place, cell in enumerate(cells):
            column = self._columns[place] if place < len(self._columns) else None
            fault = _fault(cell)
            if fault is not None:
                unread.append(CellFault(row=number, column=column, detail=fault))
            elif column is not None:
                assert isinstance(cell, str)
                found[column] = cell
            elif cell:
                unread.append(
                    CellFault(row=number, column=None, detail=f"cell {place + 1} is beyond the header's columns")
                )
                break
        if not unread and not any(found.values()):
            return
        faults = unread or [
            CellFault(row=number, column=column, detail=detail) for column, detail in self._faults(number, found)
        ]
        self.seen.setdefault(self._sheet.same(self._programme, found), number)
        yield from faults
        if not faults:
            yield Ready(row=number, decision=self._sheet.decision, body=self._sheet.body(found))

    def _faults(self, number: int, cells: Cells) -> Iterator[tuple[str, str]]:
        sheet = self._sheet
        empty = [name for name in sheet.columns if not cells[name] and name not in sheet.blank]
        for name in empty:
            yield name, f"{name}: is empty"
        body = sheet.body(cells)
        shapes = list(shape_faults(body, sheet.command))
        for each in shapes:
            if sheet.column(each.pointer) not in empty:
                yield sheet.column(each.pointer), f"{sheet.column(each.pointer)}: {each.detail}"
        if empty or shapes:
            return
        first = self.seen.get(sheet.same(self._programme, cells))
        if first is not None:
            yield sheet.columns[1], f"row {first} is about the same"
        field = yield from self._field(cells["stage"])
        if field is None:
            return
        for refusal in sheet.check(body, field):
            pointer = refusal.errors[0].pointer if refusal.errors else "/evaluator"
            yield sheet.column(pointer), refusal.detail
        for name, says in guides(cells, field).items():
            if cells.get(name) and says and cells[name] != says:
                yield name, f"{name}: {cells[name][:_SHOWN]!r} beside {says!r}: were columns moved apart?"

    def _field(self, stage: str) -> Generator[tuple[str, str], None, Field | None]:
        """The stage, if it takes scores. Why it does not is said once."""
        if stage not in self._stages:
            field = self._field_of(stage)
            try:
                if field is None:
                    yield "stage", f"stage: {stage!r} is no stage of {self._programme}"
                else:
                    require_scoring(field.course)
            except Refusal as refusal:
                field = None
                yield "stage", refusal.detail
            self._stages[stage] = field
        return self._stages[stage]


def _fault(cell: str | Unread) -> str | None:
    if isinstance(cell, Unread):
        return cell.detail
    return next((detail for _pointer, detail in illegible(cell)), None)
