"""`sillok events`."""

from __future__ import annotations

import click

from service.cli.client import open_client
from service.cli.service_calls import key_option, url_option


@click.command()
@click.option("--programme", default=None, help="Only events of this programme.")
@click.option("--type", "type_", default=None, help="Only events of this type.")
@click.option("--tag", default=None, help="Only events that carry this tag, such as team:PROGRAMME/TEAM.")
@click.option("--after", type=click.IntRange(min=0), default=0, show_default=True, help="Only after this position.")
@click.option("--limit", type=click.IntRange(min=1, max=1000), default=100, show_default=True, help="So many at most.")
@url_option
@key_option
def events(
    programme: str | None, type_: str | None, tag: str | None, after: int, limit: int, url: str | None, key: str | None
) -> None:
    """Print events of the ledger, one CloudEvent a line."""
    with open_client(url, key) as client:
        page = client.events_page(after=after, limit=limit, type=type_, tag=tag, programme=programme)
    click.echo(page.text, nl=False)
