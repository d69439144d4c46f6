"""Score sheets through `sillok import`, against an API process."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from service.cli import client, main
from service.client import Line, LineAnswer, lines
from service.client.calls import Calls
from service.client.exchange import Exchange
from service.spreadsheets.reading import read_rows
from service.spreadsheets.writing import Cell, write_xlsx
from tests.domain import charters
from tests.integration.api_process import ApiProcess
from tests.integration.small import HEAT, SmallProgramme

HEADER = "stage,evaluator,team,criterion,item,points"
ONE, TWO, THREE = charters.JURY
Import = Callable[..., Result]


@pytest.fixture
def api(shared_api: ApiProcess) -> ApiProcess:
    """One for all tests."""
    return shared_api


@pytest.fixture
def small(api: ApiProcess) -> SmallProgramme:
    """Three teams and their jury, waiting for scores: a programme of each test's own."""
    small = SmallProgramme(api.running, programme=f"programme-{api.running.head()}")
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


def test_a_template_filled_in_is_imported_once(
    small: SmallProgramme, sillok: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "sheet.csv"
    with monkeypatch.context() as less:
        less.setattr("service.cli.sheets.ROWS", 9)
        assert "takes 8 rows at most" in sillok("import-template", "heat", str(file)).stderr
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
        "heat,ev-ffffffffffffffff,ant,paper/idea,,7",
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
    found = json.loads(done.stdout)
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


def test_a_book_filled_in_is_imported(small: SmallProgramme, sillok: Import, tmp_path: Path) -> None:
    """Numbers as a spreadsheet keeps them, of scores and of measurements."""
    for kind, column, value in (("scores", "points", 7), ("measurements", "value", Decimal("80.4"))):
        file = tmp_path / f"{kind}.xlsx"
        assert sillok("import-template", "heat", str(file), "--of", kind).exit_code == 0
        (_, header), *empty = [
            (number, [str(each) for each in cells]) for number, cells in read_rows(BytesIO(file.read_bytes()))
        ]
        place = header.index(column)
        filled: list[list[Cell]] = [[*[*cells, "", ""][:place], value] for _number, cells in empty]
        file.write_bytes(write_xlsx([header, *filled], title="filled"))
        assert sillok("import", str(file)).output == f"{len(empty)} recorded\n"
        assert sillok("import", str(file), "--json").output.startswith(f'{{"recorded":0,"recorded_before":{len(empty)}')
    (event, *_) = small.client.get(
        "/v1/ledger/events",
        params={"type": "MeasurementRecorded", "programme": small.programme},
        headers=small.headers("owner"),
    ).text.splitlines()
    assert json.loads(event)["data"]["value"] == "80.4"


def test_a_formula_stops_the_import_and_its_cell_is_named(
    small: SmallProgramme, sillok: Import, tmp_path: Path
) -> None:
    output = tmp_path / "sheet.xlsx"
    with xlsxwriter.Workbook(str(output)) as book:
        written = book.add_worksheet()
        written.write_row(0, 0, HEADER.split(","))
        written.write_row(1, 0, ["heat", ONE, "ant", "paper/idea", "", 7])
        written.write_row(2, 0, ["heat", TWO, "ant", "paper/idea", ""])
        written.write_formula(2, 5, "=F2+1", None, 8)
    head = small.running.head()
    done = sillok("import", str(output))
    assert done.exit_code == 1
    assert "row 3, points: cell F3 holds a formula" in done.output
    assert small.running.head() == head


def test_an_import_that_is_cut_goes_on_where_it_was(
    api: ApiProcess, small: SmallProgramme, sillok: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service dies between two portions; the same file is imported again."""
    monkeypatch.setattr(lines, "PORTION_LINES", 4)
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.5)
    template = tmp_path / "sheet.csv"
    sillok("import-template", "heat", str(template))
    template.write_text(template.read_text("utf-8-sig").replace('"10",""', '"10","7"'), "utf-8")
    head = small.running.head()
    asked = Calls.submit_some

    def cut(self: Calls, programme: str, portion: Sequence[Line]) -> Exchange[list[LineAnswer]]:
        if small.running.head() > head:
            api.kill()
        return asked(self, programme, portion)

    with monkeypatch.context() as cutting:
        cutting.setattr(Calls, "submit_some", cut)
        broken = sillok("import", str(template))
    assert broken.exit_code == 1
    assert small.running.head() == head + 4
    api.start()
    assert sillok("import", str(template)).output == "5 recorded, 4 recorded before\n"
    assert small.running.head() == head + 9


def test_who_may_not_see_the_panel_is_told_so(sillok: Import, tmp_path: Path) -> None:
    file = sheet(tmp_path / "sheet.csv", f"heat,{ONE},ant,paper/idea,,7")
    done = sillok("import", file, "--check", key="")
    assert done.exit_code == 1
    assert "nobody who sits on a panel of heat is shown to you" in done.output


def test_a_row_with_another_value_for_a_score_that_stands_is_refused_by_the_service(
    sillok: Import, tmp_path: Path
) -> None:
    assert sillok("import", sheet(tmp_path / "one.csv", f"heat,{ONE},ant,paper/idea,,7")).output == "1 recorded\n"
    rows = (f"heat,{ONE},ant,paper/idea,,8", f"heat,{TWO},ant,paper/idea,,8")
    done = sillok("import", sheet(tmp_path / "two.csv", *rows))
    assert done.exit_code == 1
    assert "row 2: 409" in done.output
    assert "score-already-submitted" in done.output
    assert "1 recorded, 1 refused" in done.output
