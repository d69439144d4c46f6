"""Fetching what is to be verified. Apart from `verify`, since offline nothing of what calls a service is needed."""

from __future__ import annotations

from pathlib import Path

import click

from service.cli.bundles import make_bundle, telling
from service.cli.client import open_client
from service.verify.bundle import MANIFEST, Bundle


def fetch(url: str, key: str | None, programme: str | None, folder: Path) -> None:
    """Make a bundle of the service in the folder, or go on with the one that is there."""
    if programme is None:
        if not (folder / MANIFEST).exists():
            raise click.UsageError("Say which --programme of the service is to be verified.")
        programme = Bundle(folder).manifest.programme
    with open_client(url, key) as sillok, telling() as progress:
        make_bundle(sillok, programme, folder, progress)
