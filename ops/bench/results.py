"""`results.json`: the last figures of every benchmark, one row a measure, size, number of clients and system.

`ratio` is to the reference system of the same run, the row whose ratio is 1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).parent / "results.json"

Row = dict[str, object]


def keep(rows: list[Row]) -> None:
    """Write the rows in place of earlier ones of the same measures; those of other benchmarks stay."""
    measured = {row["measure"] for row in rows}
    earlier = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    kept = [row for row in earlier if row["measure"] not in measured]
    RESULTS.write_text(json.dumps([*kept, *rows], indent=1) + "\n")
