"""`sillok charter`."""

from __future__ import annotations

from pathlib import Path

import click

from domain.charter import checked, document_faults
from domain.charter_diff import differences
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
    given = {decision for mandate in found.mandates for decision in mandate.decisions} | {*found.consortium_decisions}
    click.echo(f"{file}: a sound charter of {found.programme} ({found.data_set})")
    click.echo(f"rules hash {rules_hash(canonical)}")
    if missing := sorted(type_ for type_, each in DECISIONS.items() if each.mandated and type_ not in given):
        click.echo(f"nobody has a mandate for: {', '.join(missing)}")


@charter.command()
@click.argument("before", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("after", type=click.Path(dir_okay=False, path_type=Path))
def diff(before: Path, after: Path) -> None:
    """Say what differs between the charters in BEFORE and AFTER (YAML), part by part.

    Parts are compared by their ids, so moving one is no difference. Faults are said first: exit with 1 if there is one.
    """
    documents = []
    for file in (before, after):
        document = read_charter(file)
        if faults := list(document_faults(None, document)):
            raise click.ClickException(f"{file}: {len(faults)} faults; see sillok charter check {file}.")
        documents.append(document)
    sentences = list(differences(*documents))
    for sentence in sentences or ["the two charters say the same"]:
        click.echo(sentence)
