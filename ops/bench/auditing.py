"""What an auditor waits for over HTTP, among a million events: standings as of a position, what-if, sensitivity.

On the whole service as `make run` starts it, asked by one auditor. Standings are of a stage with all those sheets, and
of the rehearsal that is played after them; positions are drawn from what their programme has, none asked twice, and
beside them stand those of now. What-if leaves out one evaluator after the other of the rehearsal; sensitivity is of
all its sheets, asked once, since an answer is remembered.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import psycopg

from ops.bench import competition
from ops.bench.rebuild import rebuilding
from ops.bench.results import Row
from ops.bench.rounds import Case, Figures, percentile, rows_of
from ops.bench.service import key_of, run_service, sealed_size
from ops.bench.setting import Setting
from ops.bench.workload import PROGRAMME, STAGE
from service.application.projecting import VIEWS
from service.cli.play import Keys, play_lines
from service.cli.programme_files import Line, read_decisions
from service.settings import Settings

SCORES: Final = 1_000_000
POSITIONS: Final = 60
FEW: Final = 5
"""Positions of the stage whose sheets are a million: each is read, and tallied, while the stage takes scores."""
EVALUATORS: Final = 20
PATIENCE: Final = 1800.0
FOLDER: Final = Path(__file__).parent.parent / "programmes" / "independent-ai-foundation-model-rehearsal"
REHEARSAL: Final = FOLDER.name
REHEARSED: Final = "stage-1"


def measure(setting: Setting) -> list[Row]:
    """A row for p50 and p95 of each question."""
    figures: list[Row] = []
    with setting.server() as server, setting.folder() as home:
        url = server.database("auditing")
        events = competition.fill(url, setting.events(SCORES))
        with rebuilding() as rebuild_each:
            rebuild_each(url, [view.name for view in VIEWS])

        def work(settings: Settings) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                sealed_size(connection, PATIENCE)
            lines = list(read_decisions(FOLDER))
            with httpx.Client(base_url=settings.address, trust_env=False, timeout=300) as client:
                last = _play(settings, lines)
                client.headers["Authorization"] = f"Bearer {key_of(settings, 'auditor', 'auditor')}"
                figures.extend(_as_of(client, PROGRAMME, STAGE, range(events // 100, events), FEW))
                figures.extend(_as_of(client, REHEARSAL, REHEARSED, range(last - len(lines) // 2, last), POSITIONS))
                figures.extend(_what_if(client, lines))

        run_service(url, home, work)
    return figures


def _play(settings: Settings, lines: list[Line]) -> int:
    """The last position."""
    agencies, consortiums = {each.agency for each in lines}, {each.consortium for each in lines}
    keys = Keys(
        agencies={each: key_of(settings, "agency", each) for each in agencies if each},
        consortiums={each: key_of(settings, "consortium", each) for each in consortiums if each},
    )
    with httpx.Client(base_url=settings.address, trust_env=False, timeout=60) as client:
        return play_lines(client, REHEARSAL, lines, keys).position


def _as_of(client: httpx.Client, programme: str, stage: str, among: range, number: int) -> list[Row]:
    path, measured = f"/v1/programmes/{programme}/standings", f"standings as of a position, of {len(among):,}"
    now = _ask(client, path, stage=stage)
    asked = random.Random(1).sample(among, number)
    then = [_ask(client, path, stage=stage, as_of_position=str(each)) for each in asked]
    return [*_rows(measured, among.stop, "sillok", then), *_rows(measured, among.stop, "as they stand", [now])]


def _what_if(client: httpx.Client, lines: list[Line]) -> list[Row]:
    path, answers = f"/v1/programmes/{REHEARSAL}", []
    for evaluator in list(dict.fromkeys(_evaluators(lines)))[:EVALUATORS]:
        question = {"stage": REHEARSED, "alterations": [{"change": "without-evaluator", "evaluator": evaluator}]}
        began = time.perf_counter()
        client.post(f"{path}/what-if", json=question).raise_for_status()
        answers.append(time.perf_counter() - began)
    found = _ask(client, f"{path}/sensitivity", stage=REHEARSED)
    return [
        *_rows("what-if", len(lines), "sillok", answers),
        *rows_of(Figures({Case("sillok", len(lines)): [1000 * found]}), "sensitivity", "ms"),
    ]


def _evaluators(lines: list[Line]) -> Iterator[str]:
    return (
        str(each.body["evaluator"]) for each in lines if each.body.get("stage") == REHEARSED and "points" in each.body
    )


def _ask(client: httpx.Client, path: str, **parameters: str) -> float:
    began = time.perf_counter()
    client.get(path, params=parameters).raise_for_status()
    return time.perf_counter() - began


def _rows(measured: str, size: int, system: str, seconds: list[float]) -> list[Row]:
    values = {Case(f"{system}, p{percent}", size): [1000 * percentile(seconds, percent)] for percent in (50, 95)}
    return rows_of(Figures(values), measured, "ms")
