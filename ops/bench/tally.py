"""The tally of 1,000 teams by 50 evaluators on 30 criteria, one and a half million scores: seconds and peak memory.

Beside it, in the same rounds, what it takes to decode the same sheets from JSON; figures are medians of the rounds. A
process of its own does it, so that the peak is that of this work alone.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from domain.charter_document import Charter
from domain.event import decode_data, encode_data
from domain.record import Cell, Course, fill
from domain.scalars import Names
from domain.stage_events import ScoreSubmitted
from domain.standings import standings_of
from domain.tally import tally
from ops.bench.results import Row, keep
from service.cli.programme_files import read_charter

T = TypeVar("T")

TEAMS: Final = [f"team-{n:04d}" for n in range(1000)]
EVALUATORS: Final = [f"ev-{n:016x}" for n in range(50)]
ASSESSMENTS: Final = 3
CRITERIA: Final = 10
"""In each assessment."""
SCORES: Final = len(TEAMS) * len(EVALUATORS) * ASSESSMENTS * CRITERIA
ROUNDS: Final = 3
REFERENCE: Final = "the same sheets decoded from JSON"
SHAPES: Final = {
    "sillok tally, mean": {"aggregate": "mean"},
    "sillok tally, trimmed mean": {"aggregate": "trimmed-mean", "trim": "5"},
    "sillok tally, mean of z-scores": {"aggregate": "mean", "normalise": "z-score"},
}

Place = tuple[str, str]


def charter(scoring: dict[str, str]) -> Charter:
    """The rehearsal's charter, its stage given that many criteria, each judged alike."""
    folder = Path(__file__).parent.parent / "programmes" / "independent-ai-foundation-model-rehearsal"
    document: dict[str, Any] = read_charter(folder / "charter.yaml")
    name, size = {"en": "Illustrative", "ko": "예시"}, str(len(EVALUATORS))
    criterion = {
        "title": name,
        "maximum": "10",
        "index": "undisclosed",
        "scoring": {"type": "judged", "panel": "jury", **scoring},
    }
    document["stages"][0].update(
        maximum=str(10 * CRITERIA * ASSESSMENTS),
        assessments=[
            {
                "id": f"assessment-{n}",
                "title": name,
                "maximum": str(10 * CRITERIA),
                "criteria": [{"id": f"criterion-{m}", **criterion} for m in range(CRITERIA)],
            }
            for n in range(ASSESSMENTS)
        ],
        panels=[{"id": "jury", "title": name, "size": size, "quorum": size}],
        gates=[],
        indices=[],
        tie_break=["assessment-0"],
    )
    return msgspec.convert(document, type=Charter)


def sheets(nodes: list[str]) -> Iterator[tuple[Place, dict[str, str]]]:
    """Points in tenths, the same in every run."""
    chance = random.Random(1)
    grades = [f"{n // 10}.{n % 10}" for n in range(101)]
    for team in TEAMS:
        for node in nodes:
            yield (team, node), dict(zip(EVALUATORS, chance.choices(grades, k=len(EVALUATORS)), strict=True))


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    found = work()
    return found, time.perf_counter() - started


def from_events(nodes: list[str]) -> float:
    """Seconds to decode and fold every score as it is recorded; one team's events are held at a time."""
    seconds = 0.0
    cells: dict[Place, Cell] = {}
    held: list[bytes] = []

    def fold() -> None:
        for data in held:
            event = decode_data("ScoreSubmitted", 1, data)
            assert isinstance(event, ScoreSubmitted)
            fill(cells.setdefault((event.team, event.criterion), Cell()), event)

    for (team, node), row in sheets(nodes):
        held += [
            encode_data(ScoreSubmitted(stage="stage-1", team=team, criterion=node, evaluator=one, points=points))
            for one, points in row.items()
        ]
        if node == nodes[-1]:
            seconds += timed(fold)[1]
            held.clear()
    return seconds


def measure() -> dict[str, Any]:
    """Seconds by system, one a round, and the peak of this process in megabytes."""
    charters = {name: charter(scoring) for name, scoring in SHAPES.items()}
    stage = next(iter(charters.values())).stages[0]
    nodes = [node for node, _criterion in stage.criteria()]
    stored = [(place, msgspec.json.encode(Cell(sheets=row))) for place, row in sheets(nodes)]
    course = Course(teams=TEAMS, panels={"jury": EVALUATORS}, opened=1, closed=2)
    names = {team: Names(en=team, ko=team) for team in TEAMS}
    seconds: dict[str, list[float]] = {}
    for _round in range(ROUNDS):
        decode = msgspec.json.Decoder(Cell).decode
        cells, spent = timed(lambda: {place: decode(data) for place, data in stored})  # noqa: B023 — called at once
        seconds.setdefault(REFERENCE, []).append(spent)
        for name, rules in charters.items():
            found, spent = timed(lambda: tally(rules.stages[0], course, cells))  # noqa: B023 — called at once
            assert len(found.computed) == len(stored)
            seconds.setdefault(name, []).append(spent)
        first = next(iter(charters.values()))
        _found, spent = timed(lambda: standings_of(first, "0" * 64, stage, course, cells, names, 3))  # noqa: B023 — as above
        seconds.setdefault("sillok standings: tally of means, rows, digest", []).append(spent)
    peak = peak_megabytes()
    return {"seconds": seconds, "peak": peak, "events": from_events(nodes)}


def peak_megabytes() -> float:
    """The most memory that this process has had, as Linux tells it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def rows_of(found: dict[str, Any]) -> list[Row]:
    """One row a system, its ratio to decoding the sheets."""
    seconds: dict[str, list[float]] = found["seconds"]
    base = seconds[REFERENCE]
    rows = [
        row(name, statistics.median(own), statistics.median(a / b for a, b in zip(own, base, strict=True)))
        for name, own in seconds.items()
    ]
    rows.append(row("sillok events decoded and folded", found["events"], found["events"] / statistics.median(base)))
    rows.append({**row("sillok, all of the above", found["peak"], None), "measure": "tally, peak memory", "unit": "MB"})
    return rows


def row(system: str, value: float, ratio: float | None) -> Row:
    return {
        "measure": "tally",
        "size": SCORES,
        "clients": 1,
        "system": system,
        "value": round(value, 2),
        "unit": "s",
        "ratio": None if ratio is None else round(ratio, 2),
    }


def main() -> None:
    """Measure in a process of its own, print the table, write the rows."""
    answer = subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True).stdout
    rows = rows_of(json.loads(answer))
    print(f"{SCORES:,} scores; {os.cpu_count()} cores, Python {platform.python_version()}; medians of {ROUNDS} rounds")
    print(f"{'ratio':>6} {'value':>8} {'unit':<4} system")
    for each in rows:
        print(f"{each['ratio'] or '':>6} {each['value']:>8} {each['unit']:<4} {each['system']}")
    keep(rows)


if __name__ == "__main__":
    print(json.dumps(measure()))
