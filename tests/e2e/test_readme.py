"""Every block of the README runs, against a service that `sillok up` started."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tests.e2e.test_up import ROOT, Up

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
SCRIPTS = [text for language, text in BLOCKS if language == "bash"]
SHOWS = [
    ["1\tto\t1\tLG AI Research\t90.2\tadvanced", "2\tto\t4\tNaver Cloud\tundisclosed\teliminated"],
    ["rehearsal as of position 878", "3\tNaver Cloud\t81.4\t32.0\t29.0\t20.4"],
    ['"peak_granted":"896"'],
    ['"type": "/problems/pool-exhausted"', '"pointer": "/quantity"'],
    ['{"line":1,"key":"line-1","status":201', '"line":2,"key":"line-2","status":409', "/problems/pool-exhausted"],
    ["640 rows to fill in", "row 2, points: is empty", "0 rows are ready, 640 faults; nothing was submitted"],
    ['"programme":"independent-ai-foundation-model-rehearsal"'],
    ["acts for agency:nipa", '"memberships":[{"role":"agency","subject":"nipa"}]'],
    [
        '"type":"TeamEliminated"',
        '"withheld":true',
        '"points":"',
        "독자성 기준을 충족하지 못한다고 판정하였다",
        "NC AI ranks 5 of 5",
    ],
    ["c2sp.org/tlog-proof@v1", "index 877", "— 127.0.0.1:", '"size":878,"from":100', '"keys":["127.0.0.1:'],
    [
        "events of 127.0.0.1:",
        "standings derived again",
        "decisions up to position",
        "had to come out so",
        "edited at position 400: this ScoreSubmitted",
        "ended with 10",
    ],
    ["retry: 1000", 'data: {"specversion"', '"type":"TeamEliminated"', '"type":"TeamEnrolled"', '"team":"upstage"'],
    [
        "[연습용] 1차 단계평가 결과 공표",
        "not opened",
        "[REHEARSAL] ",
        "None of it is a real result.",
        "receipt /v1/ledger/",
    ],
    ['"rank (순위)","team (팀)"', '"1","lg-ai-research","LG AI Research","90.2"', "_public-record_at-"],
    ["KeyRegistered", "1 of ", "decisions are signed, every one as it should be."],
    ['"what": "sum"', "have 111.2 together at expert"],
    ["<title>Programmes · Sillok</title>", "2–4"],
    ["a sound charter of independent-ai-foundation-model", "PUBLIC RECORD", "audit-trail", ": equal at position"],
    [
        "POST /v1/programmes/{programme}/decisions/commend-team Commend a team, once.",
        "TeamCommended: {actor} commended {team}",
        "/problems/already-commended",
        "Fields: team, reason.",
    ],
]


def test_every_block_is_run_or_a_picture() -> None:
    assert {language for language, _text in BLOCKS} == {"bash", "mermaid"}
    assert len(SCRIPTS) == len(SHOWS)


@pytest.mark.parametrize("number", range(len(SCRIPTS)))
def test_a_block_runs_and_shows_what_it_should(up: Up, number: int) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # Into files: whoever follows the stream goes on for a while after the block, and would hold a pipe open.
    with TemporaryFile("w+") as out, TemporaryFile("w+") as errors:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", SCRIPTS[number]],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "PORT": str(up.port), "SILLOK_HOME": str(up.home)},
            stdout=out,
            stderr=errors,
            timeout=60,
            check=False,
        )
        said, complained = (each.read() for each in (out, errors) if not each.seek(0))
    assert done.returncode == 0, said + complained
    for shown in SHOWS[number]:
        assert shown in said, said


def test_the_commands_that_the_readme_names_are_there() -> None:
    readme = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make ([a-z-]+)`", readme)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    for folder in re.findall(r"^\| `([a-z_/]+)/`", readme, flags=re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder
