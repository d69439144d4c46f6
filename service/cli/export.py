"""`sillok export`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from service.cli.bundles import make_bundle, telling
from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option
from service.verify.bundle import Bundle


@click.command()
@click.argument("programme")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="What was made as JSON.")
def export(programme: str, folder: Path, url: str | None, key: str | None, as_json: bool) -> None:
    """Make a bundle of PROGRAMME in FOLDER, with all that `sillok verify` needs, or go on with the one that is there.

    With an auditor's key it holds what every event of the programme commits to; without, entries and hashes only.

    \b
    Example:
      sillok export my-programme bundle --key-file auditor.key
    """
    with open_client(url, key) as sillok, telling() as progress:
        made = make_bundle(sillok, programme, folder, progress)
    first = next((line for line in Bundle(folder).lines() if line.programme == programme), None)
    full = first is not None and not first.withheld
    if as_json:
        found = {"folder": str(folder), "log": made.log, "size": made.size, "programme": programme, "full": full}
        click.echo(msgspec.json.encode(found))
    elif not full:
        click.echo(f"{folder}: {made.size} entries of {made.log}")
    else:
        click.echo(f"{folder}: {made.size} events of {made.log}, those of {programme} in full")
