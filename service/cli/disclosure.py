"""`sillok disclosure`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from service.cli.client import open_client
from service.cli.failures import FileError
from service.cli.service_calls import key_option, url_option


@click.group()
def disclosure() -> None:
    """What may be published, and what it would give away."""


@disclosure.command()
@click.argument("programme")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
def check(programme: str, file: Path, url: str | None, key: str | None, as_json: bool) -> None:
    """Say what the figures in FILE would reveal of scores that they do not state.

    FILE is JSON: {"stage": …, "figures": [{"kind": "mean", "node": "expert", "value": "28.56"}, …]}, with all that is
    public of the stage and what is about to be. Kinds: points, mean, highest, rank-group, gate, gate-count.
    """
    try:
        body = file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: {error.strerror}.") from error
    with open_client(url, key) as client:
        found = client.check_disclosure(programme, body)
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for each in found["reveals"]:
        click.echo(f"{each['what']}: {each['detail']}")
    if not found["reveals"]:
        click.echo("nothing follows but what is stated")
