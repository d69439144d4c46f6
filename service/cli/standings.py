"""`sillok standings`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec
from rich.table import Table

from domain.reasons import RECEIPT
from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option
from service.cli.tables import table_text

F = TypeVar("F", bound=Callable[..., None])


def as_of_options(command: F) -> F:
    """`--as-of-position` and `--as-of`."""
    position = click.option(
        "--as-of-position", type=click.IntRange(min=1), default=None, help="As it was at this position."
    )
    time = click.option("--as-of", default=None, help="As it was at this time, such as 2026-02-01T09:00:00+09:00.")
    return position(time(command))


@click.command()
@click.argument("programme")
@click.option("--stage", default=None, help="A stage of the charter; the first one if none is named.")
@as_of_options
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
def standings(
    programme: str,
    stage: str | None,
    as_of_position: int | None,
    as_of: str | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Print the standings of a stage of PROGRAMME."""
    with open_client(url, key) as client:
        found = client.view(programme, "standings", stage=stage, as_of_position=as_of_position, as_of=as_of)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    click.echo(standings_table(found))
    if as_of_position or as_of:
        click.echo(f"covered by the checkpoint in {RECEIPT.format(found['position'])}")


def standings_table(found: dict[str, Any]) -> str:
    """Standings as a table for a terminal: ranges as ranges, what is undisclosed as such."""
    title = title_of(found)
    if "rows" not in found:
        return f"{title}\nunder embargo {found['embargo']}; events so far: {sum(found['events'].values())}"
    table = Table(title=title, title_justify="left")
    for heading in ("rank", "team", "total", *_assessments(found), "status", "independence"):
        table.add_column(heading)
    for row in found["rows"]:
        points = [points_text(assessment["points"]) for assessment in row["assessments"]]
        status = row["status"] if row["cause"] is None else f"{row['status']} ({row['cause']})"
        table.add_row(
            rank_text(row["rank"]), row["name"], points_text(row["total"]), *points, status, row["independence"]
        )
    return f"{table_text(table, width=140)}\ndigest {found['digest']}"


def title_of(found: dict[str, Any]) -> str:
    """Programme, stage, data set and position of an answer."""
    label = {"public-record": "PUBLIC RECORD", "rehearsal": "REHEARSAL — illustrative figures", "live": "LIVE"}
    return f"{found['programme']} · {found['stage']} · {label[found['data_set']]} · position {found['position']}"


def _assessments(found: dict[str, Any]) -> list[str]:
    return [each["id"] for each in found["rows"][0]["assessments"]] if found["rows"] else []


def points_text(points: dict[str, Any]) -> str:
    """A value or its bounds."""
    if points["exact"] is not None:
        return str(points["exact"])
    if points["low"] is None and points["high"] is None:
        return "undisclosed"
    return f"{points['low'] or '…'}–{points['high'] or '…'}"


def rank_text(rank: dict[str, Any]) -> str:
    """A rank or its range, and what that rests on."""
    span = str(rank["best"]) if rank["best"] == rank["worst"] else f"{rank['best']}–{rank['worst']}"
    return f"{span} ({rank['basis']})"
