"""`sillok import` and `sillok import-template`: score sheets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from domain.charter_document import Charter
from domain.event import decode_data
from domain.record import StageCourse
from domain.scalars import Names
from domain.sheet_checks import checked
from domain.sheets import SHEETS, CellFault, Field, Ready, field_events, template
from service.cli.client import open_client
from service.cli.failures import FileError, NotAsAskedError
from service.cli.service_calls import key_option, url_option
from service.client import Line, LineAnswer, Sillok
from service.spreadsheets.limits import ROWS, SpreadsheetError
from service.spreadsheets.reading import read_rows
from service.spreadsheets.reading_csv import ENCODINGS
from service.spreadsheets.writing import write_table


@click.command("import")
@click.argument("programme")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Say every fault, and submit nothing.")
@click.option("--encoding", type=click.Choice(ENCODINGS), default=ENCODINGS[0], help="Of a CSV file; default utf-8.")
@url_option
@key_option
@click.option("--sign", type=click.Path(path_type=Path), help="The agency's own key, see `sillok signing-key`.")
@click.option("--json", "as_json", is_flag=True, help="What came of it as JSON.")
def import_sheet(
    programme: str,
    file: Path,
    check: bool,
    encoding: str,
    url: str | None,
    key: str | None,
    sign: Path | None,
    as_json: bool,
) -> None:
    """Submit the score sheet or measurements in FILE (CSV or XLSX) to PROGRAMME, a decision a row.

    Every row is held against the charter and the roster first; with a single fault nothing is submitted. After a cut
    run it again: a row is known by its content, and what was recorded is not recorded again.

    \b
    Example:
      sillok import my-programme scores.csv --check
    """
    with open_client(url, key, sign) as sillok:
        rows, faults = _read(sillok, programme, file, encoding)
        if faults or check:
            _tell_checked(rows, faults, as_json)
        else:
            _submit(sillok, programme, rows, as_json)


@click.command("import-template")
@click.argument("programme")
@click.argument("stage")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--of", "kind", type=click.Choice(tuple(SHEETS)), default="scores", help="What is filled in.")
@url_option
@key_option
def import_template(programme: str, stage: str, file: Path, kind: str, url: str | None, key: str | None) -> None:
    """Write a sheet to fill in to FILE (.csv or .xlsx): evaluators, teams and items of STAGE, without points.

    \b
    Example:
      sillok import-template my-programme heat scores.xlsx
    """
    with open_client(url, key) as sillok:
        field = _Fields(sillok, programme).of(stage)
    if field is None:
        raise NotAsAskedError(f"{stage!r} is no stage of {programme}.")
    rows = list(template(SHEETS[kind], field))
    if len(rows) == 1:
        raise NotAsAskedError(f"{stage} waits for no {kind}: nobody is appointed, it is not open, or there are none.")
    try:
        file.write_bytes(write_table(rows, file.suffix.lower(), title=f"{programme} {stage}"))
    except SpreadsheetError as error:
        raise FileError(f"{file}: {error}.") from None
    except OSError as error:
        raise FileError(f"{file}: {error.strerror}.") from None
    click.echo(f"{len(rows) - 1} rows to fill in: {file}")
    if len(rows) > ROWS:
        click.echo(f"`sillok import` takes {ROWS - 1:,} rows at most: divide the sheet before", err=True)


class _Fields:
    """Stages of a programme as the service shows them, each asked for once."""

    def __init__(self, sillok: Sillok, programme: str) -> None:
        self._sillok = sillok
        self._programme = programme
        self._charter: Charter | None = None
        self._names: dict[str, Names] = {}

    def of(self, stage_id: str) -> Field | None:
        if self._charter is None:
            self._charter = msgspec.convert(self._sillok.view(self._programme, "charter"), Charter)
            teams = self._sillok.view(self._programme, "teams")["teams"]
            self._names = {each["team"]: msgspec.convert(each["names"], Names) for each in teams}
        stage = self._charter.stage(stage_id)
        if stage is None:
            return None
        return Field(programme=self._programme, stage=stage, course=self._course(stage_id), names=self._names)

    def _course(self, stage: str) -> StageCourse:
        course = StageCourse(self._programme, stage)
        tag, types = field_events(self._programme, stage)
        events = [each for type_ in types for each in self._sillok.events(type=type_, tag=tag) if not each.withheld]
        for each in sorted(events, key=lambda event: event.position):
            course.apply(each.position, decode_data(each.type, each.eventversion, msgspec.json.encode(each.data)))
        if course.course.opened and not course.course.panels:
            click.echo(
                f"nobody who sits on a panel of {stage} is shown to you: they are to the programme's agencies", err=True
            )
        return course


def _read(sillok: Sillok, programme: str, file: Path, encoding: str) -> tuple[list[Ready], list[CellFault]]:
    rows: list[Ready] = []
    faults: list[CellFault] = []
    try:
        with file.open("rb") as opened:
            for each in checked(read_rows(opened, encoding), programme, _Fields(sillok, programme).of):
                if isinstance(each, CellFault):
                    faults.append(each)
                else:
                    rows.append(each)
    except SpreadsheetError as error:
        raise FileError(f"{file}: {error}.") from None
    except OSError as error:
        raise FileError(f"{file}: {error.strerror}.") from None
    return rows, faults


def _tell_checked(rows: list[Ready], faults: list[CellFault], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"ready": len(rows), "faults": faults}))
    else:
        for each in faults:
            place = f"row {each.row}, {each.column}" if each.column else f"row {each.row}"
            click.echo(f"{place}: {each.detail.removeprefix(f'{each.column}: ')}")
        click.echo(f"{len(rows)} rows are ready, {len(faults)} faults; nothing was submitted")
    if faults:
        raise click.exceptions.Exit(1)


def _submit(sillok: Sillok, programme: str, rows: list[Ready], as_json: bool) -> None:
    lines = (Line(decision=each.decision, body=each.body, key=each.key(programme)) for each in rows)
    counts = {"recorded": 0, "recorded_before": 0, "awaiting": 0}
    refused: list[dict[str, Any]] = []
    for row, answer in zip(rows, _shown(sillok.submit_many(programme, lines), len(rows)), strict=True):
        problem = answer.problem
        if problem is not None:
            refused.append({"row": row.row, "problem": problem})
        elif answer.replayed:
            counts["recorded_before"] += 1
        else:
            counts["awaiting" if answer.status == 202 else "recorded"] += 1
    if as_json:
        click.echo(msgspec.json.encode({**counts, "refused": refused}))
    else:
        for each in refused:
            click.echo(f"row {each['row']}: {each['problem']}")
        said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
        click.echo(f"{said or 'nothing recorded'}{f', {len(refused)} refused' if refused else ''}")
    if refused:
        raise click.exceptions.Exit(1)


def _shown(answers: Iterator[LineAnswer], total: int) -> Iterator[LineAnswer]:
    """The answers, with a bar on a terminal's standard error."""
    columns = (TextColumn("submitting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not Console(stderr=True).is_terminal
    ) as bar:
        yield from bar.track(answers, total=total)
