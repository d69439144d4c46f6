"""Reading CSV, row by row."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from typing import Final

from domain.sheet_checks import Read
from service.spreadsheets.limits import (
    CELL_CHARACTERS,
    COLUMNS,
    LINE_CHARACTERS,
    ROWS,
    SpreadsheetError,
    too_many_columns,
    too_many_rows,
)

ENCODINGS: Final = ("utf-8", "cp949")
"""`cp949`: what Excel in Korean writes as plain CSV."""
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_csv(content: bytes, encoding: str = "utf-8") -> Iterator[Read]:
    """Rows by their lines: no cell holds a line break. Raises `SpreadsheetError`, at the row where it comes to it."""
    for number, line in enumerate(_decoded(content, encoding).split("\n"), start=1):
        if number > ROWS and line:
            raise too_many_rows()
        line = line.removesuffix("\r")
        if len(line) > LINE_CHARACTERS or line.count(",") > COLUMNS * 8:
            raise SpreadsheetError(f"row {number}: a line of {len(line):,} characters is no row of a sheet")
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            raise SpreadsheetError(f"row {number}: {error}; a cell holds no line break") from None
        if len(cells) > COLUMNS:
            raise too_many_columns(number)
        if any(len(each) > CELL_CHARACTERS for each in cells):
            raise SpreadsheetError(f"row {number}: a cell of more than {CELL_CHARACTERS:,} characters")
        yield number, cells


def _decoded(content: bytes, encoding: str) -> str:
    if content.startswith(_UTF_16):
        raise SpreadsheetError("the file is in UTF-16: save it as “CSV UTF-8”")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "; Excel in Korean writes CP949: ask for it by --encoding cp949" if encoding == "utf-8" else ""
        raise SpreadsheetError(f"row {line}: the file is not in {encoding.upper()}{hint}") from None
