"""Reading a spreadsheet, whichever of the two kinds it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

from domain.sheet_checks import Read
from service.spreadsheets.limits import FILE_BYTES, SpreadsheetError
from service.spreadsheets.reading_csv import read_csv
from service.spreadsheets.reading_xlsx import MAGIC, read_xlsx

_OLD: Final = b"\xd0\xcf\x11\xe0"


def read_rows(file: IO[bytes], encoding: str = "utf-8") -> Iterator[Read]:
    """Rows as they are read. `encoding`: of CSV. Raises `SpreadsheetError`."""
    content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise SpreadsheetError(f"the file is larger than {FILE_BYTES // 1_000_000} MB")
    if content.startswith(MAGIC):
        return read_xlsx(content)
    if content.startswith(_OLD):
        raise SpreadsheetError("the file is a locked book or one of the old kind: save it as XLSX, without a password")
    return read_csv(content, encoding)
