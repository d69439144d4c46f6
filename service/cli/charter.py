"""`sillok charter`."""

from __future__ import annotations

from pathlib import Path

import click

from domain.charter import checked, document_faults
from domain.charter_document import rules_hash
from domain.rulebook import DECISIONS
from service.cli.programme_files import read_charter


@click.group()
def charter() -> None:
    """Work on charters as files."""


@charter.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Say every fault of the charter in FILE (YAML), each by its place; exit with 1 if there is one."""
    document = read_charter(file)
    faults = list(document_faults(None, document))
    for fault in faults:
        click.echo(f"{fault.pointer or '/'}: {fault.detail}", err=True)
    if faults:
        raise click.ClickException(f"{file}: {len(faults)} fault{'s' if len(faults) > 1 else ''}.")
    canonical, found = checked(None, document)
    given = {decision for mandate in found.mandates for decision in mandate.decisions}
    click.echo(f"{file}: a sound charter of {found.programme} ({found.data_set})")
    click.echo(f"rules hash {rules_hash(canonical)}")
    if missing := sorted(DECISIONS.keys() - given):
        click.echo(f"nobody has a mandate for: {', '.join(missing)}")
