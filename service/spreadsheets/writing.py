"""Writing a spreadsheet of texts and numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from service.spreadsheets.limits import SpreadsheetError

Cell = str | int | Decimal | None

_RUN: Final = re.compile(r"(^|[;\t\r\n])(?=[\"\s]*[=+\-@\t\r＝＋－＠])")
"""Where a spreadsheet may begin to read a formula, also one that divides cells otherwise than by commas."""


def write_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """CSV in UTF-8 with a BOM, which Excel needs; every cell in quotes."""
    output = io.StringIO(newline="")
    writer = csv.writer(output, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")


def _text(cell: Cell) -> str:
    """What is no number begins with no sign that would make it a formula: an apostrophe goes before that (OWASP)."""
    if cell is None:
        return ""
    return _RUN.sub(r"\1'", cell) if isinstance(cell, str) else str(cell)


def write_table(rows: Sequence[Sequence[Cell]], suffix: str) -> bytes:
    """As the suffix of a file's name says. Raises `SpreadsheetError` for any other than .csv and .xlsx."""
    match suffix:
        case ".csv":
            return write_csv(rows)
        case _:
            raise SpreadsheetError("the name of a spreadsheet ends in .csv or .xlsx")
