"""Options of the commands that call the service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import click

from service.cli.failures import FileError


def read_key(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> str | None:
    """The key in a file, else that of SILLOK_KEY: as an argument every process of the machine could read it."""
    if file is None:
        return os.environ.get("SILLOK_KEY") or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{file}: no key can be read from it ({error.__class__.__name__}).") from None


KEY_NAMES: Final = ("--key-file", "key")
KEY_OPTION: Final[dict[str, Any]] = {
    "type": click.Path(path_type=Path),
    "callback": read_key,
    "help": "A file with the key or token to ask with; without, SILLOK_KEY is taken.",
}
key_option = click.option(*KEY_NAMES, **KEY_OPTION)
URL_HELP: Final = "The service; by default the one that was logged in to."
url_option = click.option("--url", default=None, help=URL_HELP)
REQUEST_HELP: Final = "Your own name for the request: sent again under it, it is recorded once."
