"""`sillok diff`."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from service.cli.client import open_client
from service.cli.explain import LANGUAGES
from service.cli.service_calls import key_option, url_option


@click.command()
@click.argument("programme")
@click.argument("earlier")
@click.argument("later")
@click.option("--lang", "language", type=click.Choice(LANGUAGES), default="en", help="In which language.")
@url_option
@key_option
@click.option("--json", "as_json", is_flag=True, help="The service's answer as it is.")
def diff(
    programme: str, earlier: str, later: str, language: str, url: str | None, key: str | None, as_json: bool
) -> None:
    """Say what changed in PROGRAMME from EARLIER to LATER, each a position or a time.

    For example: sillok diff independent-ai-foundation-model-rehearsal 870 900
    """
    with open_client(url, key) as client:
        found = client.view(programme, "diff", **{"from": earlier, "to": later})
    click.echo(msgspec.json.encode(found).decode() if as_json else diff_text(found, language))


def diff_text(found: dict[str, Any], language: str) -> str:
    """What changed, then what was recorded, a sentence a line."""
    title = f"{found['programme']} · {found['data_set']} · positions {found['earlier']} to {found['later']}"
    entries = [f"  {each['position']}  {_said(each, language)}" for each in found["entries"]]
    more = ["  … the audit trail has the rest"] if found["more"] else []
    changed = [f"  {each[language]}" for each in found["says"]] or ["  nothing that readers see"]
    return "\n".join([title, "changed:", *changed, "recorded:", *entries, *more])


def _said(entry: dict[str, Any], language: str) -> str:
    withheld = f"{entry['type']} (not public)"
    return str(entry["says"][language]) if "says" in entry else withheld
