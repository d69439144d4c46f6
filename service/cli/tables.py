"""Tables for a terminal."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table


def table_text(table: Table, *, width: int) -> str:
    """The table as text. What it holds is data: what looks like markup or an emoji's name is printed as it is."""
    output = io.StringIO()
    Console(file=output, width=width, markup=False, emoji=False).print(table)
    return output.getvalue().rstrip()
