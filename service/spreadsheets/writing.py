"""Writing a spreadsheet of texts and numbers, in which nothing is run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import xlsxwriter

from service.spreadsheets.limits import SpreadsheetError

Cell = str | int | Decimal | None
Rows = Sequence[Sequence[Cell]]

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_RUN: Final = re.compile(r"(^|[;\t\r\n])(?=[\"\s]*[=+\-@＝＋－＠])")
"""Where a spreadsheet may begin to read a formula, also one that divides cells otherwise than by commas (OWASP)."""
_DIGITS: Final = 15
"""So many of a number are kept by a spreadsheet."""
_CHARACTERS: Final = 32_767
"""So many of a text."""
_WIDEST: Final = 60
_MADE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 — a fixed one, so that the same table is the same bytes


def write_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """CSV in UTF-8 with a BOM, by which Excel knows it; every cell in quotes."""
    output = io.StringIO(newline="")
    writer = csv.writer(output, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return output.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    """An apostrophe goes before what would be read as a formula."""
    if cell is None:
        return ""
    return _RUN.sub(r"\1'", cell) if isinstance(cell, str) else str(cell)


def write_xlsx(rows: Iterable[Sequence[Cell]], *, title: str) -> bytes:
    """A book of one sheet, its header in bold and in view; numbers with the decimals that they were given in.

    The same rows are the same bytes.
    """
    output = io.BytesIO()
    book = xlsxwriter.Workbook(output, {"in_memory": True})
    book.set_properties({"title": title, "created": _MADE})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    formats = {places: book.add_format({"num_format": f"0.{'0' * places}" if places else "0"}) for places in range(14)}
    widths: list[int] = []
    for number, row in enumerate(rows):
        widths += [0] * (len(row) - len(widths))
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], _width(cell))
            match cell:
                case None:
                    pass
                case int() | Decimal() if (places := _places(cell)) is not None:
                    sheet.write_number(number, column, cell, formats[places])
                case _:
                    sheet.write_string(number, column, _fitting(str(cell)), bold if number == 0 else None)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(width + 2, _WIDEST))
    sheet.freeze_panes(1, 0)
    book.close()
    return output.getvalue()


def _places(number: int | Decimal) -> int | None:
    """Its decimals, if a spreadsheet keeps all of its digits."""
    _sign, digits, exponent = Decimal(number).as_tuple()
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return places if len(digits) <= _DIGITS and places < 14 else None


def _width(cell: Cell) -> int:
    """Letters of Korean take two places."""
    return sum(2 if ord(each) > 0x1100 else 1 for each in str(cell)[:_WIDEST])


def _fitting(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"({len(text)} characters, more than a cell holds: see JSON or CSV)"


def write_table(rows: Rows, suffix: str, *, title: str) -> bytes:
    """As the suffix of a file's name says. Raises `SpreadsheetError` for any other than .csv and .xlsx."""
    match suffix:
        case ".csv":
            return write_csv(rows)
        case ".xlsx":
            return write_xlsx(rows, title=title)
        case _:
            raise SpreadsheetError("the name of a spreadsheet ends in .csv or .xlsx")
