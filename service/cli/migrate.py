"""`sillok migrate`."""

from __future__ import annotations

import click

from service.settings import read_settings
from service.storage import migrate as migrations


@click.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to this release."""
    applied = migrations.migrate(read_settings().require_database())
    for name in applied:
        click.echo(f"applied {name}")
    if not applied:
        click.echo("nothing to apply")
