"""`sillok reactions`: what follows by itself, by now and later, and what holds it."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec
from rich.table import Table

from service.application.following import Following, following
from service.application.reaction_ports import Standing
from service.cli.opened import settings_here
from service.cli.tables import table_text
from service.worker_bootstrap import open_reacting


@click.command()
@click.argument("programme")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def reactions(programme: str, as_json: bool) -> None:
    """Print what the charter of PROGRAMME has follow by itself and is not decided: when it is due, and what holds it.

    DATABASE_URL says where it is; without, the server that `sillok up` runs for SILLOK_HOME is used.
    """
    opened = open_reacting(settings_here())
    try:
        standing, coming = opened.reactions.standing(programme), opened.react.coming(programme)
    finally:
        opened.close()
    found = following(standing, coming)
    click.echo(msgspec.json.encode(found).decode() if as_json else following_table(found, standing))


def following_table(found: Sequence[Following], standing: Standing) -> str:
    """One a row."""
    table = Table(title=f"looked at up to position {standing.position}", title_justify="left")
    for heading in ("reaction", "of", "follows from", "due", "held because"):
        table.add_column(heading)
    for each in found:
        table.add_row(each.reaction, each.subject, str(each.follows), (each.at or "at once")[:19], each.held or "–")
    return table_text(table, width=180)
