"""Figures: the table that is printed, and what is recorded of them in this folder.

`results.json`: a list of rows. `ratio` is to the reference system of the same run, the row whose ratio is 1.
`machine.json`: on what machine each measure was taken. `results.md`: both, as a page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NotRequired, TypedDict

FOLDER: Final = Path(__file__).parent
LESS_IS_BETTER: Final = ("s", "ms", "MB", "B/event")
"""Units; of every other more is better."""


class Row(TypedDict):
    """A figure. `size`: events in the ledger, or in the request. `not_measured`: why there is none."""

    measure: str
    size: int
    clients: int
    system: str
    value: float | None
    unit: str
    ratio: float | None
    not_measured: NotRequired[str]


Facts = Mapping[str, str]

HEADINGS: Final = ("ratio", "value", "unit", "measure", "size", "clients", "system")
NUMBERS: Final = ("ratio", "value", "size", "clients")


def cells(row: Row) -> tuple[str, ...]:
    """A row as text, in the order of the headings."""
    reason = row.get("not_measured")
    return (
        "" if row["ratio"] is None else f"{row['ratio']:g}",
        f"not measured: {reason}" if reason else _number(row["value"]),
        row["unit"],
        row["measure"],
        f"{row['size']:,}",
        str(row["clients"]),
        row["system"],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def table(rows: Iterable[Row]) -> str:
    """Plain text, columns aligned; the reason of what was not measured stands at the end of its line."""
    lines = [HEADINGS, *(_shown(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if heading in NUMBERS else text.ljust(width)
            for heading, text, width in zip(HEADINGS, line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _shown(row: Row) -> tuple[str, ...]:
    ratio, value, unit, *middle, system = cells(row)
    return (ratio, "", unit, *middle, f"{system}: {value}") if "not_measured" in row else cells(row)


def page(rows: Iterable[Row], machines: Mapping[str, Facts]) -> str:
    """Markdown: the machine or machines, then a table for each measure."""
    rows = list(rows)
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench RECORD=1`; what each measure does stands at the head of its file in this folder.",
        "A ratio is the median, over the rounds of one run, of the ratio to the system whose ratio is 1.",
        f"Of {', '.join(LESS_IS_BETTER)} less is better.",
        "",
    ]
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for measure in measures:
        groups.setdefault(tuple(machines.get(measure, {}).items()), []).append(measure)
    for facts, of in groups.items():
        lines += [f"## {', '.join(of)}", ""]
        lines += [f"- {name}: {fact}" for name, fact in facts]
        lines += ["", f"| {' | '.join(HEADINGS)} |", f"| {' | '.join('---' for _each in HEADINGS)} |"]
        lines += [f"| {' | '.join(cells(row))} |" for row in rows if row["measure"] in of]
        lines.append("")
    return "\n".join(lines)


def record(rows: Iterable[Row], facts: Facts, folder: Path = FOLDER) -> None:
    """Write the rows in place of earlier ones of the same measures, and the page anew; other measures stay."""
    rows = list(rows)
    measured = {row["measure"]: dict(facts) for row in rows}
    kept = [row for row in _read(folder / "results.json", []) if row["measure"] not in measured]
    recorded = [*kept, *rows]
    machines = {**_read(folder / "machine.json", {}), **measured}
    _write(folder / "results.json", recorded)
    _write(folder / "machine.json", machines)
    (folder / "results.md").write_text(page(recorded, machines))


def clear(folder: Path = FOLDER) -> None:
    """Forget what is recorded: a run of every measure begins with that."""
    for name in ("results.json", "machine.json", "results.md"):
        (folder / name).unlink(missing_ok=True)


def _read(file: Path, default: Any) -> Any:
    return json.loads(file.read_text()) if file.exists() else default


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
