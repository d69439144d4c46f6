"""`sillok export-view`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
import msgspec

from domain.envelope import DataSet
from domain.standings import Standings
from domain.views.audit_trail import Entry
from service.application.answers import Counts, GrantsAnswer
from service.application.tables import Table, grants_table, standings_table, trail_table
from service.cli.client import open_client
from service.cli.failures import FileError
from service.cli.service_calls import key_option, url_option
from service.client import Sillok
from service.spreadsheets.writing import write_table

VIEWS = ("standings", "grants", "audit-trail")
PAGE = 1_000


@click.command("export-view")
@click.argument("programme")
@click.argument("view", type=click.Choice(VIEWS))
@click.option("--format", "format_", type=click.Choice(("csv", "xlsx", "json")), default="xlsx", help="Default xlsx.")
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The folder; default this."
)
@click.option("--stage", default=None, help="Of standings: a stage of the charter; the first one if none is named.")
@click.option("--as-of-position", type=click.IntRange(min=1), default=None, help="As it was at this position.")
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The file's name and what it is of as JSON.")
def export_view(
    programme: str,
    view: str,
    format_: str,
    to: Path,
    stage: str | None,
    as_of_position: int | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Write a VIEW of PROGRAMME to a file, whose name says of which data set and position it is, and the digest.

    What is under embargo for whoever asks is not in it. Of the audit trail every page is in one file.

    \b
    Example:
      sillok export-view my-programme standings --format csv
    """
    with open_client(url, key) as sillok:
        match view:
            case "standings":
                answer = sillok.body(programme, view, stage=stage, as_of_position=as_of_position)
                type_: type[Counts] | type[Standings] = (
                    Counts if "embargo" in msgspec.json.decode(answer) else Standings
                )
                table = standings_table(msgspec.json.decode(answer, type=type_), answer)
            case "grants":
                answer = sillok.body(programme, view, as_of_position=as_of_position)
                table = grants_table(msgspec.json.decode(answer, type=GrantsAnswer), answer)
            case _:
                table, answer = _trail(sillok, programme, as_of_position)
    name = table.label.file_name
    rows = [table.header, *table.rows]
    content = answer if format_ == "json" else write_table(rows, f".{format_}", title=name)
    path = to / f"{name}.{format_}"
    try:
        path.write_bytes(content)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}.") from None
    click.echo(msgspec.json.encode({"file": str(path), **asdict(table.label)}) if as_json else path)


class _Page(msgspec.Struct):
    position: int
    data_set: DataSet
    entries: list[msgspec.Raw]


def _trail(sillok: Sillok, programme: str, position: int | None) -> tuple[Table, bytes]:
    """Every page as of one position: as a table, and as one answer in JSON."""
    raw: list[msgspec.Raw] = []
    entries: list[Entry] = []
    while True:
        after = entries[-1].position if entries else 0
        found = sillok.body(programme, "audit-trail", after=after, limit=PAGE, as_of_position=position)
        page = msgspec.json.decode(found, type=_Page)
        position = page.position
        raw += page.entries
        entries += [msgspec.json.decode(each, type=Entry) for each in page.entries]
        if len(page.entries) < PAGE:
            break
    answer = msgspec.json.encode(
        {"programme": programme, "position": position, "data_set": page.data_set, "entries": raw}
    )
    return trail_table(programme, page.data_set, position, entries, answer), answer
