"""What `sillok up` shows: keys for everybody, the programmes played in, the standings, the addresses to open."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import click
import msgspec

from service.application.identity import Role, WrongCredentialError
from service.cli.connection import connect
from service.cli.demonstration_people import sign_in_links
from service.cli.play import Keys, play_lines, read_keys
from service.cli.programme_files import Line, read_decisions
from service.cli.standings import standings_table
from service.client import Sillok
from service.entrance import open_administering
from service.settings import Settings
from service.storage.keys import ApiKeys


def demonstrate(settings: Settings, programmes: Path | None) -> None:
    """Make keys, play every programme in the folder, print standings and addresses."""
    folders = [] if programmes is None else sorted(file.parent for file in programmes.glob("*/decisions.ndjson"))
    lines = {folder.name: list(read_decisions(folder)) for folder in folders}
    keys = ensure_keys(settings, [line for each in lines.values() for line in each])
    url = settings.address
    with connect(url) as client, Sillok(url) as reading:
        for programme, decisions in lines.items():
            with click.progressbar(
                length=len(decisions), label=f"playing {programme}", hidden=not sys.stdout.isatty()
            ) as bar:
                played = play_lines(client, programme, decisions, keys, step=partial(bar.update, 1))
            click.echo(f"{programme}: {played.new} decisions recorded, {played.replayed} were there already")
            click.echo(standings_table(reading.view(programme, "standings", min_position=played.position)))
    click.echo(f"keys      {settings.keys_file}")
    click.echo(f"pages     {url}/")
    click.echo(f"docs      {url}/docs")
    click.echo(f"events    {url}/v1/ledger/events")
    for programme in lines:
        click.echo(f"standings {url}/v1/programmes/{programme}/standings")
    for membership, link in sign_in_links(settings, keys):
        click.echo(f"sign in   {link} as {membership}, once, within a quarter of an hour")
    click.echo("Ctrl-C stops everything.")


def ensure_keys(settings: Settings, lines: list[Line]) -> Keys:
    """Keys for every agency and team that the lines name, an operator, an auditor, and the first evaluator appointed.

    Those that work are kept, others made.
    """
    kept = read_keys(settings.keys_file) if settings.keys_file.exists() else Keys()
    teams = {str(line.body["team"]) for line in lines if line.decision == "enrol-team"}
    teams |= {line.consortium for line in lines if line.consortium is not None}
    evaluators = [str(line.body["evaluator"]) for line in lines if line.decision == "appoint-evaluator"]
    agencies = {line.agency for line in lines if line.agency is not None}
    for line in lines:
        if line.decision == "publish-charter":
            agencies |= {str(agency["id"]) for agency in line.body["charter"]["agencies"]}
    with open_administering(settings) as administering:
        kept_or_new = partial(_kept_or_new, administering.keys)
        for agency in sorted(agencies):
            kept.agencies[agency] = kept_or_new(kept.agencies.get(agency, ""), "agency", agency)
        for team in sorted(teams):
            kept.consortiums[team] = kept_or_new(kept.consortiums.get(team, ""), "consortium", team)
        kept.operator = kept_or_new(kept.operator, "operator", "operator")
        kept.auditor = kept_or_new(kept.auditor, "auditor", "auditor")
        if evaluators:
            kept.evaluator = kept_or_new(kept.evaluator, "evaluator", evaluators[0])
    _write_private(settings.keys_file, msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
    return kept


def _kept_or_new(keys: ApiKeys, key: str, role: Role, subject: str) -> str:
    try:
        if keys.authenticate(key) is not None:
            return key
    except WrongCredentialError:
        pass
    return keys.issue(role, subject, operator="demonstration")


def _write_private(file: Path, content: bytes) -> None:
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        output.write(content)
    fresh.replace(file)
