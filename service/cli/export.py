"""`sillok export`."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.bundles import make_bundle, telling
from service.cli.service_calls import key_option
from service.client import ApiKey, Sillok
from service.settings import read_settings


@click.command()
@click.argument("programme")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--url", default=None, help="The service; by default the one at PORT on this machine.")
@key_option
def export(programme: str, folder: Path, url: str | None, key: str | None) -> None:
    """Make a bundle of PROGRAMME in FOLDER, with all that `sillok verify` needs, or go on with the one that is there.

    With an auditor's key it holds what every event of the programme commits to; without, entries and hashes only.
    """
    with Sillok(url or read_settings().address, ApiKey(key) if key else None) as sillok, telling() as progress:
        made = make_bundle(sillok, programme, folder, progress)
    click.echo(
        f"{folder}: {made.size} events of {made.log}, those of {programme} in full"
        if key
        else f"{folder}: {made.size} entries of {made.log}"
    )
