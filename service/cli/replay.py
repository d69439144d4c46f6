"""`sillok replay`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import click
import msgspec

from domain.views import PoisonEventError
from domain.views.replay import VIEWS, Digests, Replay
from service.application.projecting import occurrences
from service.cli.bundles import Progress, telling
from service.cli.failures import NotAsAskedError
from service.cli.ledgers import Going, bundle_option, wanted_of, where_of
from service.verify.bundle import BrokenError, BundleError
from service.verify.faults import EXIT_CODES

PAGE: Final = 20_000
"""Events that are folded at a time."""


@click.command()
@click.argument("programme", required=False)
@bundle_option
@click.option("--to", "upto", default=None, help="A position, or a time such as 2026-02-01T09:00:00+09:00; else all.")
@click.option(
    "--view", "views", multiple=True, type=click.Choice(list(VIEWS)), help="Only this view; may be given again."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def replay(programme: str | None, bundle: Path | None, upto: str | None, views: tuple[str, ...], as_json: bool) -> None:
    """Fold the events of PROGRAMME, or of each, into its views from the first on, and print the views' digests.

    Whoever replays the same events to the same position, on another machine or in another year, has the same digests;
    that of standings is the one that the service shows with them. What the service keeps is not looked at, nor changed.

    Where the database is: DATABASE_URL; without, the server that `sillok up` runs for SILLOK_HOME is used.

    \b
    Examples:
      sillok replay my-programme --to 853
      sillok replay --bundle bundle --view standings --json
    """
    chosen = [VIEWS[each] for each in dict.fromkeys(views or VIEWS)]
    found = []
    try:
        with where_of(bundle).opened() as ledger:
            position = _position(ledger, upto)
            for each in wanted_of(ledger.programmes(), programme):
                with telling() as progress:
                    found.append(replayed(ledger, each, position, Replay(each, chosen), progress))
    except BrokenError as error:
        click.echo(str(error.fault), err=True)
        sys.exit(EXIT_CODES[error.fault.fault])
    except (BundleError, PoisonEventError) as error:
        raise NotAsAskedError(str(error)) from None
    click.echo(msgspec.json.encode(found) if as_json else "\n".join(line for each in found for line in _lines(each)))


def replayed(ledger: Going, programme: str, position: int, replay: Replay, progress: Progress) -> Digests:
    """Take every event up to the position. Raises `BrokenError`, `PoisonEventError`, `LedgerUnavailableError`."""
    envelopes = any(VIEWS[each].envelopes for each in replay.views)
    taken = occurrences(ledger.events(programme, position, envelopes=envelopes))
    while page := list(islice(taken, PAGE)):
        replay.take(page)
        progress(page[-1].position, position)
    return replay.digests(position)


def _position(ledger: Going, upto: str | None) -> int:
    size = ledger.size()
    if upto is None:
        return size
    if upto.isdecimal():
        if not 1 <= int(upto) <= size:
            raise NotAsAskedError(f"Position {upto[:20]} is not reached: the ledger ends at {size}.")
        return int(upto)
    try:
        time = datetime.fromisoformat(upto)
        if time.tzinfo is None:
            raise click.BadParameter(f"{upto} does not say its zone, such as +09:00")
        time = time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{upto[:80]!r} is neither a position nor a time") from None
    return ledger.position_at(time)


def _lines(found: Digests) -> Sequence[str]:
    lines = [f"{found.programme} at position {found.position}: {found.events} events"]
    lines += [
        f"  standings of {stage}  {digest or 'contradictory'}" for stage, digest in (found.standings or {}).items()
    ]
    lines += [f"  grants  {found.grants}"] if found.grants is not None else []
    lines += [f"  audit trail  {found.audit_trail}"] if found.audit_trail is not None else []
    return lines
