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
from service.cli.client import open_client
from service.cli.said import say_recorded
from service.cli.service_calls import KEY_NAMES, KEY_OPTION, REQUEST_HELP, URL_HELP


@click.group()
def decide() -> None:
    """Make a decision through the API, as the agency or consortium whose key it is.

    \b
    Example:
      sillok decide open-stage my-programme '{"stage": "heat"}'
    """


def _submit(
    decision: str,
    *,
    programme: str,
    body: str,
    url: str | None,
    key: str | None,
    request: str | None,
    unchanged_since: int | None,
    wait: bool,
    sign: Path | None,
    as_json: bool,
) -> None:
    command = (sys.stdin.read() if body == "-" else body).encode()
    with open_client(url, key, sign) as client:
        recorded = client.decide(
            programme, decision, command, key=request, unchanged_since=unchanged_since, projected=wait
        )
    say_recorded(recorded, as_json=as_json)
    if wait and not recorded.projected:
        click.echo("not every view has it yet", err=True)


def _verb(decision: Decision) -> click.Command:
    return click.Command(
        decision.type,
        callback=partial(_submit, decision.type),
        short_help=decision.summary,
        help="\n\n".join((decision.summary, *_fields(decision.command))),
        params=[
            click.Argument(["programme"]),
            click.Argument(["body"], metavar="JSON|-"),
            click.Option(["--url"], help=URL_HELP),
            click.Option(KEY_NAMES, **KEY_OPTION),
            click.Option(
                ["--sign"], type=click.Path(path_type=Path), help="The agency's own key, see `sillok signing-key`."
            ),
            click.Option(["--request"], help=REQUEST_HELP),
            click.Option(
                ["--unchanged-since"],
                type=click.IntRange(min=0),
                help="A position: refused if what the decision depends on has changed after it.",
            ),
            click.Option(["--wait"], is_flag=True, help="Come back once every view has it."),
            click.Option(["--json", "as_json"], is_flag=True, help="The service's answer as it is."),
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
