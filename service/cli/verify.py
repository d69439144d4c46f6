"""`sillok verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from domain.note import NoteError, VerifierKey, verifier_key
from service.cli.failures import NotAsAskedError
from service.verify import EXIT_CODES, Kept, Report, verify_bundle
from service.verify.bundle import BundleError
from service.verify.kept import KeptError, keep, read_kept

_SHOWN = 20


def _read_key(_context: click.Context, _parameter: click.Parameter, text: str) -> VerifierKey:
    try:
        return verifier_key(text)
    except NoteError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--log-key", required=True, callback=_read_key, help="The log's key, name+id+key, as you know it.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="A file of yours with the checkpoint that was verified last; this one is kept in its place.",
)
@click.option("--public", is_flag=True, help="What events commit to may be left out; outcomes are not looked at.")
def verify(folder: Path, log_key: VerifierKey, state: Path | None, public: bool) -> None:
    """Verify the bundle in FOLDER, offline: record, signatures and outcomes.

    Ends with 0 if all is right, else with the code of the first fault: 10 edited, 11 removed, 12 reordered,
    13 inserted, 14 truncated, 15 forked, 16 wrong tally, 17 bad signature.
    """
    try:
        report = verify_bundle(folder, log_key, None if state is None else read_kept(state), public=public)
    except (BundleError, KeptError) as error:
        raise NotAsAskedError(str(error)) from None
    for fault in report.faults[:_SHOWN]:
        click.echo(str(fault), err=True)
    if report.faults or report.checkpoint is None:
        sys.exit(EXIT_CODES[report.faults[0].fault])
    if state is not None:
        keep(state, Kept(origin=report.checkpoint.origin, size=report.checkpoint.size, root=report.checkpoint.root))
    click.echo(_found(report, public))


def _found(report: Report, public: bool) -> str:
    assert report.checkpoint is not None
    whole = f"whole: {report.checkpoint.size} events of {report.checkpoint.origin}, as signed"
    if public:
        return f"{whole}; outcomes were not looked at"
    return (
        f"{whole}; {report.signed} of {report.decisions} decisions signed, each as it should be; "
        f"{report.digests} standings derived again, each as recorded and shown"
    )
