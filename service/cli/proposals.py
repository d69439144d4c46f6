"""`sillok propose`, `approve`, `reject`: what the charter gives to two agencies."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from service.cli.client import open_client
from service.cli.failures import NotAsAskedError
from service.cli.said import say_recorded
from service.cli.service_calls import REQUEST_HELP, key_option, url_option

json_option = click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
sign_option = click.option(
    "--sign", type=click.Path(path_type=Path), help="The agency's own key, see `sillok signing-key`."
)


@click.command()
@click.argument("decision")
@click.argument("programme")
@click.argument("body", metavar="JSON|-")
@url_option
@key_option
@sign_option
@click.option("--request", default=None, help=REQUEST_HELP)
@yes_option
@json_option
def propose(
    decision: str,
    programme: str,
    body: str,
    url: str | None,
    key: str | None,
    sign: Path | None,
    request: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what a decision would change, and propose it to another agency.

    \b
    Example:
      sillok propose record-deviation my-programme '{"stage": "heat", "subject": "eliminations", …}'
    """
    command = (sys.stdin.read() if body == "-" else body).encode()
    with open_client(url, key, sign) as client:
        preview = client.preview(programme, decision, command)
        if not as_json:
            _show_effects(preview["effects"])
        if not yes:
            click.confirm(f"Propose {decision}?", abort=True, err=True)
        proposal = {"decision": decision, "command": msgspec.json.decode(command)}
        recorded = client.decide(programme, "propose", proposal, key=request)
    say_recorded(recorded, as_json=as_json)


@click.command()
@click.argument("proposal")
@url_option
@key_option
@sign_option
@yes_option
@json_option
def approve(proposal: str, url: str | None, key: str | None, sign: Path | None, yes: bool, as_json: bool) -> None:
    """Show PROPOSAL and what it would change now, and approve it as it was shown.

    \b
    Example:
      sillok approve my-programme:0192…
    """
    with open_client(url, key, sign) as client:
        found = client.proposal(proposal)
        if found["state"] != "waiting":
            raise NotAsAskedError(f"{proposal} waits no more: it is {found['state']}.")
        shown = hashlib.sha256(found["command"].encode()).hexdigest()
        if shown != found["command_hash"]:
            raise NotAsAskedError(f"{proposal}: the text that is shown is not the one that was proposed.")
        if not as_json:
            _show_proposal(found)
        if found["refused"] is not None:
            raise NotAsAskedError(f"It would be refused now: {found['refused']['detail']}")
        if not yes:
            click.confirm(f"Approve {found['decision']} of {found['proposer']}?", abort=True, err=True)
        foreseen = None if found["effects"] is None else found["effects"]["foreseen"]  # a team is not shown any
        recorded = client.approve(proposal, shown, effects=foreseen)
    say_recorded(recorded, as_json=as_json)


@click.command()
@click.argument("proposal")
@click.argument("reason")
@url_option
@key_option
@sign_option
@json_option
def reject(proposal: str, reason: str, url: str | None, key: str | None, sign: Path | None, as_json: bool) -> None:
    """Refuse one's approval of PROPOSAL, for a REASON; it is settled by that.

    \b
    Example:
      sillok reject my-programme:0192… "The scores are under review."
    """
    with open_client(url, key, sign) as client:
        recorded = client.reject(proposal, reason)
    say_recorded(recorded, as_json=as_json)


def _show_proposal(found: dict[str, Any]) -> None:
    click.echo(
        f"{found['proposer']} proposed {found['decision']} in {found['programme']}, until {found['expires_at']}:"
    )
    click.echo(msgspec.json.format(found["command"], indent=2))
    if found["stale"]:
        click.echo("What it would come to has changed since it was proposed.")
    if found["effects"] is not None:
        _show_effects(found["effects"])


def _show_effects(effects: dict[str, Any]) -> None:
    click.echo(f"On the ledger up to position {effects['position']} it would come to:")
    for event in effects["events"]:
        click.echo(f"  {event['type']}: {event['says']['en']}")
    for kind, changes in effects["changes"].items():
        for change in changes:
            click.echo(f"  {kind}: {msgspec.json.encode(change).decode()}")
    for notice in effects["notices"]:
        click.echo(f"  notice to {notice['recipient']}: {notice['title']['en']}")
