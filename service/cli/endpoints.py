"""`sillok endpoints`: where a consortium wants its notices besides its inbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import click
import msgspec
from rich.table import Table

from service.application.delivery_ports import ChannelName, Language
from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option
from service.cli.tables import table_text


@click.group()
def endpoints() -> None:
    """Say where your notices go besides your inbox: register endpoints, confirm, test, pause and remove them."""


def _of_one(command: Callable[..., None]) -> Callable[..., None]:
    """A command about one endpoint of a programme."""
    for each in (key_option, url_option, click.argument("endpoint"), click.argument("programme")):
        command = each(command)
    return command


@endpoints.command("list")
@click.argument("programme")
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
def list_(programme: str, url: str | None, key: str | None, as_json: bool) -> None:
    """Print the endpoints in PROGRAMME: your own; for agencies and auditors those of all."""
    with open_client(url, key) as client:
        found = client.view(programme, "endpoints")
    click.echo(msgspec.json.encode(found).decode() if as_json else _table(found))


@endpoints.command()
@click.argument("programme")
@click.argument("channel", type=click.Choice(get_args(ChannelName)))
@click.argument("address")
@click.option("--lang", "language", type=click.Choice(get_args(Language)), default="ko", help="Of e-mail.")
@click.option("--daily", is_flag=True, help="One mail a day, at the end of the charter's day, instead of each notice.")
@url_option
@key_option
def register(
    programme: str, channel: str, address: str, language: str, daily: bool, url: str | None, key: str | None
) -> None:
    """Have your notices of PROGRAMME sent to ADDRESS; prints the endpoint's id and secret."""
    with open_client(url, key) as client:
        found = client.register_endpoint(programme, channel, address, language, daily=daily)
    _issued(found)


@endpoints.command()
@_of_one
def rotate(programme: str, endpoint: str, url: str | None, key: str | None) -> None:
    """Give ENDPOINT a new secret and key; those before it go on signing for a day."""
    with open_client(url, key) as client:
        found = client.change_endpoint(programme, endpoint, "secrets")
    _issued(found)


@endpoints.command()
@_of_one
def test(programme: str, endpoint: str, url: str | None, key: str | None) -> None:
    """Send a test to ENDPOINT; what came of it is in `sillok notices deliveries`."""
    with open_client(url, key) as client:
        found = client.change_endpoint(programme, endpoint, "tests")
    click.echo(f"delivery {found['delivery']} is a test to {found['endpoint']}")


@endpoints.command()
@_of_one
@click.argument("challenge")
def confirm(programme: str, endpoint: str, challenge: str, url: str | None, key: str | None) -> None:
    """Confirm ENDPOINT by the CHALLENGE that a test said."""
    with open_client(url, key) as client:
        found = client.change_endpoint(programme, endpoint, "confirmation", {"challenge": challenge})
    click.echo(f"{found['endpoint']} is {found['state']}")


@endpoints.command()
@_of_one
def pause(programme: str, endpoint: str, url: str | None, key: str | None) -> None:
    """Let notices to ENDPOINT wait."""
    _state(programme, endpoint, "paused", url, key)


@endpoints.command()
@_of_one
@click.option("--daily/--each", default=None, help="From now on one mail a day, or each notice; else as before.")
def resume(programme: str, endpoint: str, url: str | None, key: str | None, daily: bool | None) -> None:
    """Send notices to ENDPOINT again, which was paused or disabled, or send them otherwise."""
    _state(programme, endpoint, "active", url, key, daily)


@endpoints.command()
@_of_one
def remove(programme: str, endpoint: str, url: str | None, key: str | None) -> None:
    """Remove ENDPOINT, for ever; what went there stays as evidence."""
    with open_client(url, key) as client:
        client.remove_endpoint(programme, endpoint)
    click.echo(f"{endpoint} is removed")


def _state(
    programme: str, endpoint: str, state: str, url: str | None, key: str | None, daily: bool | None = None
) -> None:
    asked: dict[str, str | bool] = {"state": state} if daily is None else {"state": state, "daily": daily}
    with open_client(url, key) as client:
        found = client.change_endpoint(programme, endpoint, "state", asked)
    click.echo(f"{found['endpoint']} is {found['state']}, {found['waiting']} wait")


def _issued(found: dict[str, Any]) -> None:
    endpoint = found["endpoint"]
    click.echo(f"{endpoint['endpoint']} is {endpoint['state']}")
    click.echo(f"secret {found['secret']}, shown this once")
    click.echo(f"public key {endpoint['public_keys'][0]}")


def _table(found: dict[str, Any]) -> str:
    table = Table(title=f"{found['programme']} · {found['data_set']}", title_justify="left")
    for heading in ("endpoint", "of", "channel", "address", "state", "waiting", "dead", "because"):
        table.add_column(heading)
    for each in found["endpoints"]:
        channel = f"{each['channel']}, daily" if each["daily"] else each["channel"]
        said = (each["endpoint"], each["team"], channel, each["address"], each["state"])
        table.add_row(*said, str(each["waiting"]), str(each["dead"]), each["because"] or "–")
    return table_text(table, width=180)
