"""How large a spreadsheet may be that is read, and what is said of one that cannot be."""

from __future__ import annotations

from typing import Final

FILE_BYTES: Final = 32_000_000
ROWS: Final = 100_001
COLUMNS: Final = 64
CELL_CHARACTERS: Final = 4_000
LINE_CHARACTERS: Final = 64_000


class SpreadsheetError(Exception):
    """The file is no spreadsheet that is read; the sentence says where and why."""


def too_many_columns(row: int) -> SpreadsheetError:
    return SpreadsheetError(f"row {row}: more than {COLUMNS} columns")


def too_many_rows() -> SpreadsheetError:
    return SpreadsheetError(f"more than {ROWS - 1:,} rows beneath the header: divide the sheet")
