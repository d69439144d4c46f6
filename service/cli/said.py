"""How commands say what became of a decision."""

from __future__ import annotations

import click
import msgspec

from service.client import Proposed, Recorded


def say_recorded(recorded: Recorded, *, as_json: bool) -> None:
    """Its events by position, and the proposal if it waits for another agency."""
    if as_json:
        click.echo(msgspec.json.encode(recorded))
        return
    for each in recorded.events:
        click.echo(f"position {each.position}: {each.type}")
    if isinstance(recorded, Proposed):
        click.echo(f"proposal {recorded.proposal} waits for {' or '.join(recorded.awaiting)}")
        click.echo(f"command_hash {recorded.command_hash}")
