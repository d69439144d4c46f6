"""`sillok notices`: what consortiums were told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click
import msgspec
from rich.table import Table

from service.cli.client import open_client
from service.cli.explain import LANGUAGES
from service.cli.service_calls import key_option, url_option
from service.cli.tables import table_text

_language = click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", help="In which language.")
_json = click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")


def _paged(to: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options of a page. `to`: what a recipient leaves of it."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        most, after = click.IntRange(min=1, max=1000), click.IntRange(min=0)
        command = click.option("--limit", type=most, default=100, show_default=True, help="So many at most.")(command)
        command = click.option("--after", type=after, default=0, show_default=True, help="Only after this number.")(
            command
        )
        return click.option("--recipient", default=None, help=to)(command)

    return decorate


@click.group()
def notices() -> None:
    """Read what consortiums were told: each its own; agencies and auditors all of it, with what became of it."""


@notices.command("list")
@click.argument("programme")
@_paged("Only what this consortium was told.")
@_language
@url_option
@key_option
@_json
def list_(
    programme: str,
    recipient: str | None,
    after: int,
    limit: int,
    language: str,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Print who was told what in PROGRAMME, when, and whether they opened and acknowledged it."""
    with open_client(url, key) as client:
        found = client.view(programme, "notices", recipient=recipient, after=after, limit=limit)
    click.echo(msgspec.json.encode(found).decode() if as_json else notices_table(found, language))


@notices.command()
@click.argument("programme")
@click.argument("notice")
@_language
@url_option
@key_option
@_json
def show(programme: str, notice: str, language: str, url: str | None, key: str | None, as_json: bool) -> None:
    """Print a NOTICE of PROGRAMME, by its id; if it is yours, that you opened it is kept."""
    with open_client(url, key) as client:
        found = client.notice(programme, notice)
    click.echo(msgspec.json.encode(found).decode() if as_json else notice_text(found, language))


@notices.command()
@click.argument("decision")
@click.argument("programme")
@click.argument("body", metavar="JSON|-")
@_language
@url_option
@key_option
@_json
def preview(
    decision: str, programme: str, body: str, language: str, url: str | None, key: str | None, as_json: bool
) -> None:
    """Print who would be told what in PROGRAMME if DECISION were made now. Nothing is recorded, and nothing sent.

    \b
    Example:
      sillok notices preview publish-results my-programme '{"stage": "heat", "publishers": ["owner", "other"]}'
    """
    command = (sys.stdin.read() if body == "-" else body).encode()
    with open_client(url, key) as client:
        found = client.preview(programme, decision, command)
    told = found["effects"]["notices"]
    click.echo(msgspec.json.encode(told).decode() if as_json else preview_table(found, language))


@notices.command()
@click.argument("programme")
@_paged("Only what went to this consortium.")
@url_option
@key_option
@_json
def deliveries(
    programme: str, recipient: str | None, after: int, limit: int, url: str | None, key: str | None, as_json: bool
) -> None:
    """Print who was sent what in PROGRAMME, when, by which channel, with which answer."""
    with open_client(url, key) as client:
        found = client.view(programme, "deliveries", recipient=recipient, after=after, limit=limit)
    click.echo(msgspec.json.encode(found).decode() if as_json else deliveries_table(found))


@notices.command()
@click.argument("programme")
@url_option
@key_option
@_json
def dead(programme: str, url: str | None, key: str | None, as_json: bool) -> None:
    """Print what was given up in PROGRAMME, and why."""
    with open_client(url, key) as client:
        found = client.view(programme, "deliveries", state="dead", limit=1000)
    click.echo(msgspec.json.encode(found).decode() if as_json else deliveries_table(found))


@notices.command()
@click.argument("programme")
@click.argument("delivery", type=click.IntRange(min=1))
@url_option
@key_option
def resend(programme: str, delivery: int, url: str | None, key: str | None) -> None:
    """Have DELIVERY of PROGRAMME, which was given up, sent again."""
    with open_client(url, key) as client:
        found = client.resend(programme, delivery)
    click.echo(f"delivery {found['delivery']} to {found['endpoint']} of {found['recipient']} is sent again")


@notices.command()
@click.argument("programme")
@click.argument("notice", required=False)
@_paged("Only what this consortium was told.")
@_language
@url_option
@key_option
@_json
def evidence(
    programme: str,
    notice: str | None,
    recipient: str | None,
    after: int,
    limit: int,
    language: str,
    url: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Print who was told what in PROGRAMME, when, by which channel, with which answer; of one NOTICE if it is named."""
    with open_client(url, key) as client:
        found = client.view(programme, "notice-evidence", recipient=recipient, notice=notice, after=after, limit=limit)
    click.echo(msgspec.json.encode(found).decode() if as_json else evidence_table(found, language))


def evidence_table(found: dict[str, Any], language: str) -> str:
    """A step a row, by notice."""
    table = Table(title=f"{found['programme']} · {found['data_set']}", title_justify="left")
    for heading in ("notice", "to", "title", "when", "what", "by", "answer, or position"):
        table.add_column(heading)
    for each in found["told"]:
        first = (each["notice"], each["recipient"], each["title"][language])
        for row, step in enumerate(each["steps"]):
            by = step["channel"] if step["endpoint"] is None else f"{step['channel']} {step['endpoint']}"
            answer = step["answer"] or ("" if step["position"] is None else str(step["position"]))
            table.add_row(*(first if row == 0 else ("", "", "")), step["at"][:19], step["what"], by, answer)
        if each["held"] is not None:
            table.add_row("", "", "", "", "not on record", "", each["held"])
    return table_text(table, width=180)


def preview_table(found: dict[str, Any], language: str) -> str:
    """A notice a row."""
    title = f"{found['programme']} · {found['data_set']} · if {found['decision']} were made now"
    table = Table(title=title, title_justify="left")
    for heading in ("to", "title", "template"):
        table.add_column(heading)
    for each in found["effects"]["notices"]:
        table.add_row(each["recipient"], each["title"][language], each["template"])
    waits = f"once {' or '.join(found['awaiting'])} has approved it" if found["awaiting"] else "at once"
    return f"{table_text(table, width=180)}\nto be told {waits}"


def _what(delivery: dict[str, Any]) -> str:
    """What was to go there."""
    if delivery["about"]:
        return f"{delivery['about']} is disabled"
    return delivery["notice"] or (delivery["day"] and f"summary by {delivery['day']}") or "a test"


def deliveries_table(found: dict[str, Any]) -> str:
    """A delivery a row; what is not so is a dash."""
    table = Table(title=f"{found['programme']} · {found['data_set']}", title_justify="left")
    for heading in ("delivery", "notice", "to", "endpoint", "channel", "state", "tries", "settled", "answer"):
        table.add_column(heading)
    for each in found["deliveries"]:
        table.add_row(
            str(each["delivery"]),
            _what(each),
            each["recipient"],
            each["endpoint"],
            each["channel"],
            each["state"],
            str(len(each["attempts"])),
            (each["settled_at"] or "–")[:19],
            each["answer"] or "–",
        )
    return table_text(table, width=180)


def notices_table(found: dict[str, Any], language: str) -> str:
    """A notice a row; what is not so is a dash."""
    table = Table(title=f"{found['programme']} · {found['data_set']}", title_justify="left")
    for heading in ("number", "notice", "to", "title", "delivered", "opened", "served", "acknowledged"):
        table.add_column(heading)
    for each in found["notices"]:
        table.add_row(
            str(each["number"]),
            each["notice"],
            each["recipient"],
            each["title"][language],
            each["delivered_at"][:19],
            (each["opened_at"] or "–")[:19],
            *(str(each[position] or "–") for position in ("served", "acknowledged")),
        )
    halted = [] if found["halted"] is None else [f"no more follow: halted at {found['halted']}"]
    disabled = [f"nothing goes to {each} any more: see sillok endpoints" for each in found["disabled"]]
    return "\n".join([table_text(table, width=180), f"{found['unread']} not opened", *disabled, *halted])


def notice_text(found: dict[str, Any], language: str) -> str:
    """A notice as it was delivered, and what it rests on."""
    return "\n".join(
        [
            found["title"][language],
            "",
            found["body"][language],
            "",
            f"notice {found['notice']} to {found['recipient']}, delivered {found['delivered_at']}",
            f"receipt {found['receipt']} · SHA-256 {found['sha256']}",
        ]
    )
