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
    for number, line in enumerate(_lines(_decoded(content, encoding)), start=1):
        if number > ROWS:
            raise too_many_rows()
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


def _lines(text: str) -> Iterator[str]:
    """One after the other: of a file of line breaks alone a list would be eight times its size."""
    begins = 0
    while begins < len(text):
        ends = text.find("\n", begins)
        ends = len(text) if ends < 0 else ends
        yield text[begins:ends].removesuffix("\r")
        begins = ends + 1


def _decoded(content: bytes, encoding: str) -> str:
    if content.startswith(_UTF_16):
        raise SpreadsheetError("the file is in UTF-16: save it as “CSV UTF-8”")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "; Excel in Korean writes CP949: ask for it by --encoding cp949" if encoding == "utf-8" else ""
        raise SpreadsheetError(f"row {line}: the file is not in {encoding.upper()}{hint}") from None
