"""`sillok grants` and `sillok teams`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import msgspec
from rich.table import Table

from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option
from service.cli.standings import F, as_of_options
from service.cli.tables import table_text


def travelling(command: F) -> F:
    """Options of a command that prints what holds on a day, as of a position."""
    day = click.option("--effective-at", default=None, help="What holds on this day, such as 2026-03-01.")
    as_json = click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
    return day(as_of_options(url_option(key_option(as_json(command)))))


@click.command()
@click.argument("programme")
@travelling
def grants(programme: str, url: str | None, key: str | None, as_json: bool, **when: Any) -> None:
    """Print what there is of each resource of PROGRAMME, and who was granted how much of it over time.

    For example: sillok grants independent-ai-foundation-model --effective-at 2026-03-01
    """
    _print(programme, "grants", _grants, url, key, as_json=as_json, **when)


@click.command()
@click.argument("programme")
@travelling
def teams(programme: str, url: str | None, key: str | None, as_json: bool, **when: Any) -> None:
    """Print the teams of PROGRAMME, where each stands, and its members.

    For example: sillok teams independent-ai-foundation-model --effective-at 2026-03-01
    """
    _print(programme, "teams", _teams, url, key, as_json=as_json, **when)


def _print(
    programme: str,
    view: str,
    told: Callable[[dict[str, Any]], str],
    url: str | None,
    key: str | None,
    *,
    as_json: bool,
    **when: Any,
) -> None:
    with open_client(url, key) as client:
        found = client.view(programme, view, **when)
    click.echo(msgspec.json.encode(found).decode() if as_json else told(found))


def _grants(found: dict[str, Any]) -> str:
    table = Table(title=_title(found), title_justify="left")
    for heading in ("resource", "from", "until", "pool", "granted", "suspended", "used", "by team"):
        table.add_column(heading)
    for use in found["resources"]:
        for step in use["steps"]:
            by_team = ", ".join(f"{each['team']} {_number(each['granted'])}" for each in step["teams"])
            numbers = (_number(step[each]) for each in ("pool", "granted", "suspended", "used"))
            table.add_row(use["resource"], step["starts"], step["ends"], *numbers, by_team)
    return table_text(table, width=140)


def _teams(found: dict[str, Any]) -> str:
    table = Table(title=_title(found), title_justify="left")
    for heading in ("team", "name", "status", "members"):
        table.add_column(heading)
    for each in found["teams"]:
        table.add_row(each["team"], each["name"], each["status"] or "under embargo", ", ".join(each["members"]))
    return table_text(table, width=140)


def _number(text: str | None) -> str:
    return "-" if text is None else text


def _title(found: dict[str, Any]) -> str:
    return f"{found['programme']} · position {found['position']}"
