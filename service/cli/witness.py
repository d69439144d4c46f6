"""`sillok witness`: a witness of logs, which another agency runs alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from service.cli.failures import NotAsAskedError
from service.serving import granian
from service.witness.application import HOME, witness_of
from service.witness.files import WitnessFiles, WitnessFilesError


@click.group(invoke_without_command=True)
@click.option(
    "--home",
    envvar=HOME,
    default=".witness",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help=f"The witness's folder; {HOME} says the same.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", default=8100, show_default=True, type=click.IntRange(1, 65535), help="Where it listens.")
@click.pass_context
def witness(context: click.Context, home: Path, host: str, port: int) -> None:
    """Cosign checkpoints of the logs whose verifier keys are in the folder's file `logs`, until told to stop.

    `sillok witness key NAME` makes the folder. No database is needed. See ops/runbooks/witness.md.
    """
    context.obj = WitnessFiles(home.absolute())
    if context.invoked_subcommand is not None:
        return
    try:
        with context.obj.open():
            found = witness_of(context.obj)
    except WitnessFilesError as error:
        raise NotAsAskedError(str(error)) from None
    click.echo(f"{found.key.verifier}\nhttp://{host}:{port}/add-checkpoint")
    sys.stdout.flush()
    os.environ[HOME] = str(home.absolute())
    server = granian("service.witness.application:create_app", host, port)
    os.execv(sys.executable, [sys.executable, "-m", *server, "--log-level", "error"])


@witness.command()
@click.argument("name")
@click.pass_obj
def key(files: WitnessFiles, name: str) -> None:
    """Make the witness's key and print its verifier key. NAME: by convention an address without its scheme."""
    try:
        click.echo(files.begin(name))
    except WitnessFilesError as error:
        raise NotAsAskedError(str(error)) from None
