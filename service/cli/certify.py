"""`sillok certify`: what a publisher of results binds to a checkpoint of the log, having looked at both."""

from __future__ import annotations

from pathlib import Path

import click

from domain.boundary import tag
from domain.checkpoint import signed_checkpoint
from domain.note import NoteError, VerifierKey, read_note
from domain.stage_events import ResultsPublished, StageConsolidated, StageReconsolidated
from domain.standings import Standings
from service.cli.bundles import covering
from service.cli.client import open_client
from service.cli.failures import NotAsAskedError
from service.cli.proposals import json_option, sign_option
from service.cli.said import say_recorded
from service.cli.service_calls import key_option, url_option
from service.cli.verify import log_key_option
from service.client import Sillok
from service.client.answers import Event
from service.ed25519 import verify_ed25519


@click.command()
@click.argument("programme")
@click.argument("stage")
@log_key_option
@url_option
@key_option
@sign_option
@json_option
def certify(
    programme: str,
    stage: str,
    log_keys: list[VerifierKey],
    url: str | None,
    key: str | None,
    sign: Path | None,
    as_json: bool,
) -> None:
    """Certify, as a publisher, that the published standings of STAGE are in the log as its last checkpoint has it.

    The standings that the service shows must have the digest that was settled, and the checkpoint the log's signature.

    \b
    Example:
      sillok certify my-programme heat --log-key "$LOG_KEY" --sign agency.jwk
    """
    with open_client(url, key, sign) as client:
        settled = _last(client, programme, stage, StageConsolidated.TYPE, StageReconsolidated.TYPE)
        shown = client.standings(programme, stage=stage, as_of_position=settled.data["position"])
        if not isinstance(shown, Standings) or shown.digest != settled.data["digest"]:
            raise NotAsAskedError(f"The standings of {stage} are not shown with the digest that was settled.")
        note, _unverified = covering(client, _last(client, programme, stage, ResultsPublished.TYPE).position)
        try:
            found = signed_checkpoint(read_note(note), log_keys, verify_ed25519)
        except NoteError as error:
            raise NotAsAskedError(f"The checkpoint is not the log's: {error}.") from None
        body = {
            "stage": stage,
            "digest": shown.digest,
            "size": str(found.size),
            "root": found.root_text,
        }
        recorded = client.decide(programme, "issue-certificate", body)
    say_recorded(recorded, as_json=as_json)


def _last(client: Sillok, programme: str, stage: str, *types: str) -> Event:
    """The last event of the stage that is of one of these types."""
    found = [
        each for type_ in types for each in client.events(type=type_, tag=tag("stage", programme, stage)) if each.data
    ]
    if not found:
        raise NotAsAskedError(f"The results of {stage} of {programme} are not published.")
    return max(found, key=lambda each: each.position)
