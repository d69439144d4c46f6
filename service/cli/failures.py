"""Known failures end a command with one sentence, not with a traceback."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click


class FileError(Exception):
    """A file cannot be used; the sentence names it, the place and the rule."""


class NotAsAskedError(Exception):
    """What was asked for did not come about; the sentence says why."""


class OneSentence(click.Group):
    """A group whose commands say what went wrong on standard error and exit with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            said = import_module("service.cli.known_failures").sentence_of(error)
            if said is None:
                raise
            raise click.ClickException(said) from error
