"""Score sheets through `sillok import`, against an API process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from tests.domain import charters
from tests.integration.api_process import ApiProcess
from tests.integration.small import HEAT, SmallProgramme

HEADER = "stage,evaluator,team,criterion,item,points"
ONE, TWO, THREE = charters.JURY
Import = Callable[..., Result]


@pytest.fixture
def small(api: ApiProcess) -> SmallProgramme:
    """Three teams and their jury, waiting for scores."""
    small = SmallProgramme(api.running)
    small.accepted("open-stage", HEAT)
    for one in charters.JURY:
        small.accepted("appoint-evaluator", {**HEAT, "panel": "jury", "evaluator": one})
    return small


@pytest.fixture
def sillok(api: ApiProcess, small: SmallProgramme) -> Import:
    """A command with the owner's key."""

    def run(command: str, *arguments: str, key: str = small.keys["owner"]) -> Result:
        return CliRunner().invoke(
            main, [command, small.programme, *arguments, "--url", api.url], env={"SILLOK_KEY": key}
        )

    return run


def sheet(file: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> str:
    file.write_bytes("\r\n".join((header, *rows)).encode(encoding))
    return str(file)


def test_a_template_filled_in_is_imported_once(small: SmallProgramme, sillok: Import, tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    assert sillok("import-template", "heat", str(file)).output == f"9 rows to fill in: {file}\n"
    empty = file.read_text("utf-8-sig")
    assert empty.splitlines()[1] == f'"heat","{ONE}","ant","paper/idea","","ant (ko) (ant)","Idea (ko) (Idea)","10",""'
    missing = sillok("import", str(file), "--check")
    assert missing.exit_code == 1
    assert missing.output.count("points: is empty") == 9
    file.write_text(empty.replace('"10",""', '"10","7"'), "utf-8")
    head = small.running.head()
    assert sillok("import", str(file), "--check").output == "9 rows are ready, 0 faults; nothing was submitted\n"
    assert small.running.head() == head
    assert sillok("import", str(file)).output == "9 recorded\n"
    assert sillok("import", str(file)).output == "9 recorded before\n"
    assert small.running.head() == head + 9


def test_every_fault_is_listed_by_row_and_column_and_nothing_is_submitted(
    small: SmallProgramme, sillok: Import, tmp_path: Path
) -> None:
    small.accepted("recuse-evaluator", {**HEAT, "evaluator": TWO, "team": "bee", "reason": "kin"})
    file = sheet(
        tmp_path / "sheet.csv",
        f"heat,{ONE},ant,paper/idea,,7",
        f"heat,{ONE},nobody,paper/idea,,7",
        "heat,ev-0000000000000000,ant,paper/idea,,7",
        f"heat,{ONE},bee,paper/none,,7",
        f"heat,{ONE},bee,paper/idea,line,7",
        f"heat,{ONE},bee,paper/idea,,11",
        f"heat,{TWO},cow,paper/idea,,7.5",
        f"heat,{ONE},cow,paper/idea,,",
        f"heat,{ONE},ant,paper/idea,,8",
        f"none,{ONE},ant,paper/idea,,8",
        f"heat,{TWO},bee,paper/idea,,8",
        f"final,{ONE},ant,paper/idea,,8",
        "heat,somebody,Ant,paper/idea,,=1+1",
        f"heat,{THREE},ant,field/speed,,7",
        "",
        f"heat,{THREE},ant,paper/idea,,7,more",
        f"heat,{THREE},a\u202ent,paper/idea,,7\0",
    )
    head = small.running.head()
    for arguments in ([], ["--check"]):
        done = sillok("import", file, "--json", *arguments)
        assert done.exit_code == 1
    assert small.running.head() == head
    found = json.loads(done.output)
    assert found["ready"] == 1
    assert [(each["row"], each["column"]) for each in found["faults"]] == [
        (3, "team"),
        (4, "evaluator"),
        (5, "criterion"),
        (6, "item"),
        (7, "points"),
        (8, "points"),
        (9, "points"),
        (10, "evaluator"),
        (11, "stage"),
        (12, "evaluator"),
        (13, "stage"),
        (14, "team"),
        (14, "evaluator"),
        (15, "criterion"),
        (17, None),
        (18, "team"),
        (18, "points"),
    ]
