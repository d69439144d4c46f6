"""The command line: `sillok`. Each command is in a file of its own, which is read when the command is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from service.cli.failures import OneSentence

_FILES: Final = {
    "up": "up",
    "migrate": "migrate",
    "play": "play",
    "login": "login",
    "logout": "login",
    "decide": "decide",
    "propose": "proposals",
    "approve": "proposals",
    "reject": "proposals",
    "certify": "certify",
    "standings": "standings",
    "grants": "grants",
    "teams": "grants",
    "diff": "diff",
    "what-if": "what_if",
    "sensitivity": "what_if",
    "explain": "explain",
    "events": "events",
    "watch": "watch",
    "notices": "notices",
    "endpoints": "endpoints",
    "charter": "charter",
    "disclosure": "disclosure",
    "export-view": "export_view",
    "import": "sheets",
    "import-template": "sheets",
    "projections": "projections",
    "reactions": "reactions",
    "sealing": "sealing",
    "witness": "witness",
    "export": "export",
    "verify": "verify",
    "prove": "prove",
    "replay": "replay",
    "signing-key": "signatures",
    "signatures": "signatures",
    "keys": "keys",
    "clients": "clients",
    "people": "people",
    "secrets": "secrets",
    "completion": "completion",
}
"""By command, in the order of the help."""


class Commands(OneSentence):
    """Every command of a file, by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_FILES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        file = _FILES.get(cmd_name)
        if file is None:
            return None
        within = vars(import_module(f"service.cli.{file}")).values()
        return next(each for each in within if isinstance(each, click.Command) and each.name == cmd_name)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sillok")
def main() -> None:
    """Sillok, a governance ledger for national competitive programmes."""
