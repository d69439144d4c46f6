"""`results.json`: the figures of every benchmark, one row a measure, size, number of clients and system.

A run writes its own, `build/bench/results.json`; with RECORD set it replaces those that are checked in here.

`ratio` is to the reference system of the same run, the row whose ratio is 1.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

RECORD: Final = Path(__file__).parent / "results.json"
RUN: Final = Path("build/bench/results.json")

Row = dict[str, object]


def keep(rows: list[Row]) -> None:
    """Write the rows in place of earlier ones of the same measures; those of other benchmarks stay."""
    results = RECORD if os.environ.get("RECORD") else RUN
    measured = {row["measure"] for row in rows}
    earlier = json.loads(results.read_text()) if results.exists() else []
    kept = [row for row in earlier if row["measure"] not in measured]
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps([*kept, *rows], indent=1) + "\n")
    print(f"written to {results}")
