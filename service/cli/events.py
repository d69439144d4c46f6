"""`sillok events`."""

from __future__ import annotations

import click

from service.cli.service_calls import connect, content_of, key_option
from service.settings import read_settings


@click.command()
@click.option("--programme", default=None, help="Only events of this programme.")
@click.option("--type", "type_", default=None, help="Only events of this type.")
@click.option("--tag", default=None, help="Only events that carry this tag, such as team:PROGRAMME/TEAM.")
@click.option("--after", type=click.IntRange(min=0), default=0, show_default=True, help="Only after this position.")
@click.option("--limit", type=click.IntRange(min=1, max=1000), default=100, show_default=True, help="So many at most.")
@click.option("--url", default=None, help="The service; by default the one at PORT on this machine.")
@key_option
def events(
    programme: str | None, type_: str | None, tag: str | None, after: int, limit: int, url: str | None, key: str | None
) -> None:
    """Print events of the ledger, one CloudEvent a line."""
    parameters = {"programme": programme, "type": type_, "tag": tag, "after": after, "limit": limit}
    with connect(url or read_settings().address, key) as client:
        response = client.get(
            "/v1/ledger/events", params={name: value for name, value in parameters.items() if value is not None}
        )
    if not response.is_success:
        content_of(response)
    click.echo(response.text, nl=False)
