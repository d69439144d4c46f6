"""Views as files for a spreadsheet, asked for by `format`: each has an address of its own, as caches need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from litestar import Response

from service.api.access import AnyRequest
from service.api.answers import answer, choice, encoded, tagged
from service.api.parts import Parts
from service.application.tables import Table
from service.spreadsheets.writing import CSV, XLSX, write_table

FORMATS: Final = ("json", "csv", "xlsx")


async def answer_as_asked(
    request: AnyRequest,
    parts: Parts,
    found: msgspec.Struct,
    table_of: Callable[[bytes], Table],
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """JSON or, if `format` asks for it, a file of a table of the same. `table_of`: takes the answer in JSON."""
    asked = choice(request, "format", FORMATS)
    if asked == "json":
        return answer(request, found, headers=headers)
    body, name = await parts.run(lambda: _file(asked, table_of(encoded(found))))
    kept = {**(headers or {}), "Content-Disposition": f'attachment; filename="{name}"'}
    return tagged(request, body, CSV if asked == "csv" else XLSX, kept)


def _file(suffix: str, table: Table) -> tuple[bytes, str]:
    name = table.label.file_name
    return write_table([table.header, *table.rows], f".{suffix}", title=name), f"{name}.{suffix}"
