"""`sillok sealing`: how far the ledger is sealed, and going on after a halt."""

from __future__ import annotations

import base64
from pathlib import Path

import click

from domain.checkpoint import read_checkpoint
from domain.note import read_note
from service.application.checkpoint_signer import Signed
from service.cli.failures import FileError, NotAsAskedError
from service.cli.opened import settings_here
from service.settings import read_settings
from service.signer_files import SignerFiles, SignerFilesError
from service.worker_bootstrap import open_sealing


@click.group()
def sealing() -> None:
    """See how far the ledger is sealed and signed, and go on after a halt.

    DATABASE_URL says where it is; without, the server that `sillok up` runs for SILLOK_HOME is used.
    """


@sealing.command()
def status() -> None:
    """Print how far the tree and its last checkpoint go, keys, witnesses, and why sealing halted, if it did."""
    opened = open_sealing(settings_here())
    try:
        found, logs, witnesses = opened.seals.figures(), opened.seals.logs(), opened.figures_of_witnesses()
    finally:
        opened.close()
    click.echo(f"ledger      {found.head}")
    click.echo(f"tree        {found.size}")
    click.echo(f"checkpoint  {found.published}" + (f" of {logs[0].origin}" if logs else ""))
    for key in logs[0].keys if logs else ():
        click.echo(f"key         {key}")
    for each in witnesses:
        click.echo(f"witness     {each.size} by {each.witness}" + (f": {each.fault}" if each.fault else ""))
    if found.halted is not None:
        raise NotAsAskedError(f"Sealing halted: {found.halted}. See ops/runbooks/sealing.md.")


@sealing.command()
@click.option("--log", default=None, help="The name of the log that `sillok sealing begin` began; others are closed.")
def resume(log: str | None) -> None:
    """Go on after a halt; what is broken still halts again."""
    opened = open_sealing(settings_here())
    try:
        because = opened.seals.resume(log=log)
    finally:
        opened.close()
    click.echo("it had not halted" if because is None else f"goes on; it had halted: {because}")


@sealing.command()
@click.argument("log")
@click.option(
    "--after",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="The last checkpoint that anybody has, a file, where the signer lost what it signed.",
)
def begin(log: str, after: Path | None) -> None:
    """Close the log, for ever, and have the signer begin another of the name LOG, which cites the last checkpoint.

    For when the tail of the ledger, or what the signer knew, is lost for good. Where the signer's folder is, the signer
    being stopped. Sealing goes on by `sillok sealing resume --log LOG`.
    """
    last = None if after is None else _signed(after)
    try:
        SignerFiles(read_settings().signer_folder).begin_anew(log, after=last)
    except SignerFilesError as error:
        raise NotAsAskedError(str(error)) from None
    click.echo(f"{log} is begun: start the signer, then `sillok sealing resume --log {log}`")


def _signed(file: Path) -> Signed:
    try:
        found = read_checkpoint(read_note(file.read_text(encoding="utf-8")).text)
    except (OSError, ValueError) as error:
        raise FileError(f"{file} is no checkpoint ({error}): give a note as /v1/ledger/checkpoint serves it.") from None
    return Signed(found.origin, found.size, base64.b64encode(found.root).decode())
