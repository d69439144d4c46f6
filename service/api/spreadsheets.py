"""Views as files for a spreadsheet, asked for by `format`: each has an address of its own, as caches need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from service.api.access import AnyRequest
from service.api.answers import choice
from service.api.parts import Parts
from service.api.prepared import Prepared, encoded, prepared
from service.application.tables import Table
from service.spreadsheets.writing import CSV, XLSX, write_table

FORMATS: Final = ("json", "csv", "xlsx")


async def as_asked(
    request: AnyRequest,
    parts: Parts,
    found: msgspec.Struct,
    table_of: Callable[[bytes], Table],
    headers: dict[str, str] | None = None,
) -> Prepared:
    """JSON or, if `format` asks for it, a file of a table of the same. `table_of`: takes the answer in JSON."""
    asked = choice(request, "format", FORMATS)
    if asked == "json":
        return prepared(found, headers=headers)
    body, name = await parts.run(lambda: _file(asked, table_of(encoded(found))))
    kept = {**(headers or {}), "Content-Disposition": f'attachment; filename="{name}"'}
    return prepared(body, media_type=CSV if asked == "csv" else XLSX, headers=kept)


def _file(suffix: str, table: Table) -> tuple[bytes, str]:
    name = table.label.file_name
    return write_table([table.header, *table.rows], f".{suffix}", title=name), f"{name}.{suffix}"
