"""`sillok verify`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from domain.note import ED25519, NoteError, VerifierKey, verifier_key
from domain.witness_policy import WitnessPolicy, read_policy
from service.cli.failures import NotAsAskedError
from service.cli.service_calls import key_option
from service.verify import EXIT_CODES, Kept, Report, verify_bundle
from service.verify.bundle import BundleError
from service.verify.kept import KeptError, keep, read_kept

_SHOWN = 20


def _read_keys(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> list[VerifierKey]:
    try:
        keys = [verifier_key(each) for each in texts]
    except NoteError as error:
        raise click.BadParameter(str(error)) from None
    if any(each.type != ED25519 for each in keys):
        raise click.BadParameter("it is the key of a witness, not of a log")
    if len({each.name for each in keys}) > 1:
        raise click.BadParameter("they are keys of more logs than one")
    return keys


def _read_policy(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> WitnessPolicy | None:
    try:
        return None if file is None else read_policy(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error)) from None


def _read_receipts(_context: click.Context, _parameter: click.Parameter, files: tuple[Path, ...]) -> dict[str, str]:
    try:
        return {str(each): each.read_text(encoding="utf-8") for each in files}
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error)) from None


log_key_option = click.option(
    "--log-key",
    "log_keys",
    multiple=True,
    required=True,
    callback=_read_keys,
    help="The log's key, name+id+key, as you know it; once for each that it has signed with.",
)


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@log_key_option
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="A file of yours with the checkpoint that was verified last; this one is kept in its place.",
)
@click.option(
    "--policy",
    callback=_read_policy,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="A file with the witnesses that have to have cosigned the checkpoint (C2SP tlog-policy).",
)
@click.option(
    "--receipt",
    "receipts",
    multiple=True,
    callback=_read_receipts,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A receipt of this log that somebody kept: the record has to hold what it shows. May be given again.",
)
@click.option("--public", is_flag=True, help="What events commit to may be left out; outcomes are not looked at.")
@click.option("--url", default=None, help="A running service: the bundle is made, or gone on with, from it first.")
@click.option("--programme", default=None, help="Of the service; by default that of the bundle in FOLDER.")
@key_option
def verify(
    folder: Path | None,
    log_keys: list[VerifierKey],
    state: Path | None,
    policy: WitnessPolicy | None,
    receipts: dict[str, str],
    public: bool,
    url: str | None,
    programme: str | None,
    key: str | None,
) -> None:
    """Verify the bundle in FOLDER, offline, or a running service: record, signatures and outcomes.

    Of a service what FOLDER has already is not asked for again; without a FOLDER nothing is kept but the --state.

    Ends with 0 if all is right, else with the code of the first fault: 10 edited, 11 removed, 12 reordered,
    13 inserted, 14 truncated, 15 forked, 16 wrong tally, 17 bad signature.

    \b
    Examples:
      sillok verify bundle --log-key "$LOG_KEY" --state kept.json
      sillok verify --url https://sillok.example --programme my-programme --log-key "$LOG_KEY" --state kept.json
    """
    if url is None and (folder is None or programme is not None):
        raise click.UsageError("Name a FOLDER with a bundle, or --url of a service and a --programme of it.")
    if url is not None and key is None and not public:
        raise click.UsageError("An auditor's key is needed to verify outcomes; without one, say --public.")
    try:
        with _folder(folder) as place:
            if url is not None:
                import_module("service.cli.fetching").fetch(url, key, programme, place)
            kept = None if state is None else read_kept(state)
            report = verify_bundle(place, log_keys, kept, public=public, policy=policy, receipts=receipts)
    except (BundleError, KeptError) as error:
        raise NotAsAskedError(str(error)) from None
    for fault in report.faults[:_SHOWN]:
        click.echo(str(fault), err=True)
    if report.faults or report.checkpoint is None:
        sys.exit(EXIT_CODES[report.faults[0].fault])
    if state is not None:
        keep(state, Kept(origin=report.checkpoint.origin, size=report.checkpoint.size, root=report.checkpoint.root))
    click.echo(_found(report, public))


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    """The folder or, without one, another that is gone afterwards."""
    if folder is not None:
        yield folder
        return
    with TemporaryDirectory(prefix="sillok-verify-") as temporary:
        yield Path(temporary)


def _found(report: Report, public: bool) -> str:
    assert report.checkpoint is not None
    whole = f"whole: {report.checkpoint.size} events of {report.checkpoint.origin}, as signed"
    if (before := report.checkpoint.after) is not None:
        whole += (
            f"; of {before.origin}, which ended with {before.size}, it has {'not ' * (not report.has_all_before)}all"
        )
    if public:
        return f"{whole}; outcomes were not looked at"
    certificates = f"; certificates of them: {report.certificates}" if report.certificates else ""
    return (
        f"{whole}; {report.signed} of {report.decisions} decisions signed, each as it should be; "
        f"{report.digests} standings derived again, each as recorded and shown{certificates}"
    )
