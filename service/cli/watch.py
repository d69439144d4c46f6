"""`sillok watch`."""

from __future__ import annotations

import click
import msgspec

from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option
from service.client import Event


@click.command()
@click.option("--programme", default=None, help="Only events of this programme.")
@click.option("--type", "type_", default=None, help="Only events of this type.")
@click.option("--tag", default=None, help="Only events that carry this tag, such as team:PROGRAMME/TEAM.")
@click.option("--after", type=click.IntRange(min=0), default=None, help="From after this position; else from now on.")
@click.option("--count", type=click.IntRange(min=1), default=None, help="End after so many.")
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="Each as a CloudEvent, one a line.")
def watch(
    programme: str | None,
    type_: str | None,
    tag: str | None,
    after: int | None,
    count: int | None,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Print events of the ledger as they come, until Ctrl-C. A stream that breaks is taken up where it was, which
    is said on standard error. What is withheld as it comes is printed once it is public, before what made it so.

    \b
    Example:
      sillok watch --type TeamEliminated --after 0 --count 1
    """
    with open_client(url, key) as client:
        events = client.follow(after=after, type=type_, tag=tag, programme=programme, broke=_say)
        for number, event in enumerate(events, start=1):
            click.echo(msgspec.json.encode(event).decode() if as_json else _line(event))
            if number == count:
                return


def _say(why: str) -> None:
    click.echo(f"nothing comes ({why}); trying again", err=True)


def _line(event: Event) -> str:
    what = "withheld" if event.withheld else msgspec.json.encode(event.data, order="deterministic").decode()
    return f"{event.position}\t{event.time}\t{event.programme}\t{event.type}\t{what}"
