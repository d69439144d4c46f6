"""The command line: `sillok`. Each command is in a file of its own."""

from __future__ import annotations

import click

from service.cli.certify import certify
from service.cli.charter import charter
from service.cli.clients import clients
from service.cli.completion import completion
from service.cli.decide import decide
from service.cli.disclosure import disclosure
from service.cli.events import events
from service.cli.export import export
from service.cli.export_view import export_view
from service.cli.failures import OneSentence
from service.cli.keys import keys
from service.cli.login import login, logout
from service.cli.migrate import migrate
from service.cli.people import people
from service.cli.play import play
from service.cli.projections import projections
from service.cli.proposals import approve, propose, reject
from service.cli.sealing import sealing
from service.cli.secrets import secrets
from service.cli.sheets import import_sheet, import_template
from service.cli.signatures import signatures, signing_key
from service.cli.standings import standings
from service.cli.up import up
from service.cli.verify import verify
from service.cli.watch import watch
from service.cli.witness import witness


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sillok")
def main() -> None:
    """Sillok, a governance ledger for national competitive programmes."""


for command in (
    up,
    migrate,
    play,
    login,
    logout,
    decide,
    propose,
    approve,
    reject,
    certify,
    standings,
    events,
    watch,
    charter,
    disclosure,
    export_view,
    import_sheet,
    import_template,
    projections,
    sealing,
    witness,
    export,
    verify,
    signing_key,
    signatures,
    keys,
    clients,
    people,
    secrets,
    completion,
):
    main.add_command(command)
