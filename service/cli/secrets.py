"""`sillok secrets`: the service's own secrets, which are changed without downtime."""

from __future__ import annotations

import click

from service.application.rotation import KINDS, Kind, NoSuchRingError, SecretInUseError
from service.cli.failures import NotAsAskedError
from service.cli.keys import administering, operator
from service.storage.subject_keys import KeysInUseError

_KIND = click.argument("kind", type=click.Choice(KINDS))


@click.group()
def secrets() -> None:
    """List and rotate the pepper, with which keys are hashed, and the keys that tokens and checkpoints are signed with;
    change persons' keys.

    They are files: SILLOK_PEPPER_FILE and SILLOK_TOKEN_KEYS_FILE name those that several machines share.
    The log's keys are where its signer runs; SILLOK_SUBJECT_KEYS names the folder of persons' keys.
    """


@secrets.command("list")
def list_() -> None:
    """Print the ids of secrets, and which is next, current or former; never the secrets."""
    with administering() as opened:
        for kind, ring in opened.rotation.rings.items():
            for secret, state in ring.every():
                click.echo(f"{kind}\t{secret.id}\t{state}")


@secrets.command()
@_KIND
@click.option(
    "--at-once",
    is_flag=True,
    help="After a theft: current now; tokens by the key before are refused, and no checkpoint is signed with it.",
)
def rotate(kind: Kind, at_once: bool) -> None:
    """Make a new secret of KIND, current in ten minutes; what was made with the one before goes on.

    A token goes on until it expires. A key changes over to the new pepper when it is used. Checkpoints are signed with
    every key of the log until it is dropped.
    """
    with administering() as opened:
        try:
            id_ = opened.rotation.rotate(kind, operator(), at_once=at_once)
        except NoSuchRingError as error:
            raise NotAsAskedError(f"{error}.") from None
    click.echo(f"{kind} {id_}: current {'now' if at_once else 'in ten minutes'}")


@secrets.command()
@_KIND
@click.argument("id_", metavar="ID")
def drop(kind: Kind, id_: str) -> None:
    """Forget the secret ID of KIND, which is not current; a pepper only if no key rests on it."""
    with administering() as opened:
        try:
            opened.rotation.drop(kind, id_, operator())
        except (NoSuchRingError, SecretInUseError) as error:
            raise NotAsAskedError(f"{error}.") from None
    click.echo(f"{kind} {id_}: dropped")


@secrets.command()
def reseal() -> None:
    """Change every person's key: what is known of them is encrypted anew. Nothing stops meanwhile.

    The key before still opens until the next change: after a theft, change twice.
    """
    with administering() as opened:
        try:
            changed = opened.reseal(operator())
        except KeysInUseError as error:
            raise NotAsAskedError(str(error)) from None
    click.echo(f"{changed} persons: another key each")
