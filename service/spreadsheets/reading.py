"""Reading a spreadsheet, whichever of the two kinds it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from domain.sheet_checks import Read
from service.spreadsheets.limits import FILE_BYTES, SpreadsheetError
from service.spreadsheets.reading_csv import read_csv


def read_rows(file: IO[bytes], encoding: str = "utf-8") -> Iterator[Read]:
    """Rows as they are read. `encoding`: of CSV. Raises `SpreadsheetError`."""
    content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise SpreadsheetError(f"the file is larger than {FILE_BYTES // 1_000_000} MB")
    return read_csv(content, encoding)
