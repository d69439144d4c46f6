"""`sillok decide`: a command for each decision of the rulebook, as it is declared."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from domain.decision import Command, Decision
from domain.rulebook import DECISIONS
from service.cli.service_calls import KEY_NAMES, KEY_OPTION, connect, content_of
from service.client.signing import SigningKey
from service.settings import read_settings
from service.storage.identifiers import uuid7


@click.group()
def decide() -> None:
    """Make a decision through the API, as the agency or consortium whose key it is."""


def _submit(
    decision: str,
    *,
    programme: str,
    body: str,
    url: str | None,
    key: str | None,
    request: str | None,
    sign: Path | None,
) -> None:
    command = (sys.stdin.read() if body == "-" else body).encode()
    name = request or uuid7().hex
    headers = {"Content-Type": "application/json", "Idempotency-Key": name}
    if sign is not None:
        signing = SigningKey.read(sign)
        headers["JWS-Signature"] = signing.sign(command, programme=programme, decision=decision, request=name)
    with connect(url or read_settings().address, key) as client:
        path = f"/v1/programmes/{programme}/decisions/{decision}"
        response = client.post(path, content=command, headers=headers)
    found = content_of(response)
    for each in found["events"]:
        click.echo(f"position {each['position']}: {each['type']}")
    if "proposal" in found:
        click.echo(f"proposal {found['proposal']} waits for {' or '.join(found['awaiting'])}")
        click.echo(f"command_hash {found['command_hash']}")


def _verb(decision: Decision) -> click.Command:
    return click.Command(
        decision.type,
        callback=partial(_submit, decision.type),
        short_help=decision.summary,
        help="\n\n".join((decision.summary, *_fields(decision.command))),
        params=[
            click.Argument(["programme"]),
            click.Argument(["body"], metavar="JSON|-"),
            click.Option(["--url"], help="The service; by default the one at PORT on this machine."),
            click.Option(KEY_NAMES, **KEY_OPTION),
            click.Option(
                ["--sign"], type=click.Path(path_type=Path), help="The agency's own key, see `sillok signing-key`."
            ),
            click.Option(
                ["--request"], help="Your own name for the request: sent again under it, it is recorded once."
            ),
        ],
    )


def _fields(command: type[Command]) -> list[str]:
    """What the body holds, and what its declaration says of it."""
    given: dict[bool, list[str]] = {True: [], False: []}
    fields: tuple[Any, ...] = msgspec.structs.fields(command)
    for each in fields:
        given[each.required].append(each.encode_name)
    said = [f"Fields: {', '.join(given[True]) or 'none'}. Optional: {', '.join(given[False])}."]
    return said if command.__doc__ is None else [*said, command.__doc__]


for _type in sorted(DECISIONS):
    decide.add_command(_verb(DECISIONS[_type]))
