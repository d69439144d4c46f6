"""The tally of 1,000 teams by 50 evaluators on 30 criteria, one and a half million scores: seconds and peak memory.

Beside it, in the same rounds, what it takes to decode the same sheets from JSON; figures are medians of the rounds. A
process of its own does it, so that the peak is that of this work alone.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import msgspec

from domain.charter_document import Charter
from domain.event import decode_data, encode_data
from domain.record import Cell, Course, fill
from domain.rubric import Stage
from domain.scalars import Names
from domain.score_events import ScoreSubmitted
from domain.standings import Standings, standings_of
from domain.tally import Cells, tally
from ops.bench.competition import EVALUATORS, PANEL, PER_TEAM, document
from ops.bench.machine import peak_megabytes
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, rows_of, timed
from ops.bench.setting import Setting

TEAMS: Final = [f"team-{n:04d}" for n in range(1000)]
SCORES: Final = len(TEAMS) * PER_TEAM
ROUNDS: Final = 5
REFERENCE: Final = "the same sheets decoded from JSON"
SHAPES: Final = {
    "sillok tally, mean": {"aggregate": "mean"},
    "sillok tally, trimmed mean": {"aggregate": "trimmed-mean", "trim": "5"},
    "sillok tally, mean of z-scores": {"aggregate": "mean", "normalise": "z-score"},
}

Place = tuple[str, str]


def sheets(teams: list[str], nodes: list[str]) -> Iterator[tuple[Place, dict[str, str]]]:
    """Points in tenths, the same in every run."""
    chance = random.Random(1)
    grades = [f"{n // 10}.{n % 10}" for n in range(101)]
    for team in teams:
        for node in nodes:
            yield (team, node), dict(zip(EVALUATORS, chance.choices(grades, k=len(EVALUATORS)), strict=True))


def from_events(teams: list[str], nodes: list[str]) -> float:
    """Seconds to decode and fold every score as it is recorded; one team's events are held at a time."""
    seconds = 0.0
    cells: dict[Place, Cell] = {}
    held: list[bytes] = []

    def fold() -> None:
        for data in held:
            event = decode_data(ScoreSubmitted.TYPE, ScoreSubmitted.VERSION, data)
            assert isinstance(event, ScoreSubmitted)
            fill(cells.setdefault((event.team, event.criterion), Cell()), event)

    for (team, node), row in sheets(teams, nodes):
        held += [
            encode_data(ScoreSubmitted(stage="stage-1", team=team, criterion=node, evaluator=one, points=points))
            for one, points in row.items()
        ]
        if node == nodes[-1]:
            seconds += timed(fold)
            held.clear()
    return seconds


def work(teams: list[str], rounds: int) -> dict[str, Any]:
    """Seconds by system, one a round, and the peak of this process in megabytes."""
    charters = {name: msgspec.convert(document(scoring), type=Charter) for name, scoring in SHAPES.items()}
    stage = next(iter(charters.values())).stages[0]
    nodes = [node for node, _criterion in stage.criteria()]
    stored = [(place, msgspec.json.encode(Cell(sheets=row))) for place, row in sheets(teams, nodes)]
    course = Course(teams=teams, panels={PANEL: EVALUATORS}, opened=1, closed=2)
    names = {team: Names(en=team, ko=team) for team in teams}
    seconds: dict[str, list[float]] = {}
    for _round in range(rounds):
        cells: dict[Place, Cell] = {}
        seconds.setdefault(REFERENCE, []).append(timed(partial(decode_all, stored, cells)))
        for name, rules in charters.items():
            seconds.setdefault(name, []).append(timed(partial(tally, rules.stages[0], course, cells)))
        first = next(iter(charters.values()))
        spent = timed(partial(ranked, first, stage, course, cells, names))
        seconds.setdefault("sillok standings: tally of means, rows, digest", []).append(spent)
    peak = peak_megabytes()
    seconds["sillok events decoded and folded"] = [from_events(teams, nodes) for _round in range(rounds)]
    return {"seconds": seconds, "peak": peak}


def ranked(charter: Charter, stage: Stage, course: Course, cells: Cells, names: dict[str, Names]) -> Standings:
    return standings_of(charter, "0" * 64, stage, course, tally(stage, course, cells), names, 3)


def decode_all(stored: list[tuple[Place, bytes]], cells: dict[Place, Cell]) -> None:
    decode = msgspec.json.Decoder(Cell).decode
    cells.update((place, decode(data)) for place, data in stored)


def measure(setting: Setting) -> list[Row]:
    """One row a system, its ratio to decoding the sheets; then the peak of memory. In a process of its own."""
    teams = setting.events(len(TEAMS))
    command = [sys.executable, "-m", __name__, str(teams), str(setting.rounds(ROUNDS))]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    size = teams * SCORES // len(TEAMS)
    seconds = {Case(name, size): values for name, values in found["seconds"].items()}
    peak = Figures({Case("sillok, all of the above", size): [found["peak"]]})
    return [
        *rows_of(Figures(seconds), "tally", "s", reference=lambda case: case._replace(system=REFERENCE)),
        *rows_of(peak, "tally, peak memory", "MB"),
    ]


if __name__ == "__main__":
    print(json.dumps(work(TEAMS[: int(sys.argv[1])], int(sys.argv[2]))))
