"""`sillok up`."""

from __future__ import annotations

from pathlib import Path

import click

from service import supervisor
from service.cli.demonstration import demonstrate
from service.settings import Settings, read_settings


@click.command()
@click.option(
    "--programmes",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="Folder with a folder for each programme to play in; by default ops/programmes of the checkout.",
)
@click.option("--no-play", is_flag=True, help="Start only; play nothing in.")
def up(programmes: Path | None, no_play: bool) -> None:
    """Start everything, play the first programme in through the API, and stay until Ctrl-C.

    SILLOK_HOME says where data lives (.sillok), PORT and HOST where the API listens (8000 on 127.0.0.1). With
    DATABASE_URL and REDIS_URL real servers are used; without, embedded ones are started.
    """
    folder = programmes or Path("ops/programmes")

    def when_ready(settings: Settings) -> None:
        demonstrate(settings, None if no_play else folder)

    supervisor.run(read_settings(), tell=click.echo, when_ready=when_ready)
