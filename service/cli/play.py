"""`sillok play`: a programme's decisions, submitted one after the other through the API."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec

from service.cli.connection import connect
from service.cli.failures import FileError
from service.cli.programme_files import Line, Proposals, body_bytes, read_decisions
from service.client.exchange import read
from service.client.following import answer_of
from service.settings import read_settings


class Keys(msgspec.Struct):
    """Keys by holder, as in keys.json. `operator` administers; `auditor` and `evaluator`, of one each, only read."""

    operator: str = ""
    auditor: str = ""
    evaluator: str = ""
    agencies: dict[str, str] = {}
    consortiums: dict[str, str] = {}


class Played(msgspec.Struct):
    """What came of playing: decisions that were new, decisions that the ledger had already, the last position."""

    new: int = 0
    replayed: int = 0
    position: int = 0


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--url", default=None, help="The service; by default the one at PORT on this machine.")
@click.option(
    "--keys", "keys_file", type=click.Path(path_type=Path), default=None, help="keys.json; by default SILLOK_HOME's."
)
def play(folder: Path, url: str | None, keys_file: Path | None) -> None:
    """Submit the decisions in FOLDER (charter.yaml, decisions.ndjson) through the API, in order.

    What the ledger has already is not recorded again, so a run that was cut off can be repeated.
    """
    settings = read_settings()
    keys = read_keys(keys_file or settings.keys_file)
    lines = list(read_decisions(folder))
    with connect(url or settings.address) as client, click.progressbar(length=len(lines), label=folder.name) as bar:
        played = play_lines(client, folder.name, lines, keys, step=lambda: bar.update(1))
    click.echo(f"{folder.name}: {played.new} recorded, {played.replayed} were in the ledger already")


def play_lines(
    client: httpx.Client,
    programme: str,
    lines: list[Line],
    keys: Keys,
    *,
    step: Callable[[], object] = lambda: None,
) -> Played:
    """Submit each line with its submitter's key. Raises `ServiceProblemError` at the first that is refused."""
    played = Played()
    proposals: Proposals = {}
    for number, line in enumerate(lines, start=1):
        body = body_bytes(line, proposals)
        key = keys.agencies.get(line.agency or "") or keys.consortiums.get(line.consortium or "")
        if key is None:
            raise FileError(f"line {number}: there is no key for {line.agency or line.consortium}.")
        response = client.post(
            f"/v1/programmes/{programme}/decisions/{line.decision}",
            content=body,
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Idempotency-Key": request_name(number, body),
            },
        )
        recorded: dict[str, Any] = read(answer_of(response), dict[str, Any])
        if line.name is not None:
            proposals[line.name] = {what: recorded[what] for what in ("proposal", "command_hash")}
        played.position = max(played.position, recorded["events"][-1]["position"])
        if response.headers.get("Idempotency-Replayed"):
            played.replayed += 1
        else:
            played.new += 1
        step()
    return played


def request_name(number: int, body: bytes) -> str:
    """The idempotency key of a line, by its number and what it says: played again, it is a replay."""
    return f"play-{number:05d}-{hashlib.sha256(body).hexdigest()[:16]}"


def read_keys(file: Path) -> Keys:
    """Keys from keys.json. Raises `FileError`."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Keys)
    except (OSError, msgspec.DecodeError) as error:
        raise FileError(f"{file}: no keys can be read from it ({error}).") from error
