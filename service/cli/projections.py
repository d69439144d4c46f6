"""`sillok projections`: where every view stands; folding it anew, comparing, going back, pausing."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Final

import click
import msgspec
from rich.table import Table

from domain.views import PoisonEventError, View
from service.application.projecting import VIEWS
from service.application.rebuilding import NothingKeptError, view_named
from service.application.view_ports import EVERY_PARTITION, Build, Certificate, Purpose
from service.application.view_versions import VersionDiff, compare_versions
from service.cli.failures import NotAsAskedError
from service.cli.opened import opened
from service.cli.tables import table_text
from service.worker_bootstrap import Projecting

_LOOK_SECONDS: Final = 0.5
_NOBODY_SECONDS: Final = 10.0

_VIEW = click.argument("view", type=click.Choice([view.name for view in VIEWS]))
_VIEWS = click.argument("views", nargs=-1, type=click.Choice([view.name for view in VIEWS]))
_PROGRAMME = click.option("--programme", default=None, help="Only of this programme; of every one if none is named.")
_HERE = click.option("--here", is_flag=True, help="Fold in this process instead of having the workers do it.")


@click.group()
def projections() -> None:
    """See, verify, rebuild, pause and resume what the workers fold out of the ledger.

    DATABASE_URL says where it is; without, the server that `sillok up` runs for SILLOK_HOME is used.
    """


@projections.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """Print every build: up to where it is folded, how far behind, whether it halted and why."""
    with opened() as projecting:
        builds = projecting.builds.every()
    click.echo(msgspec.json.encode(builds).decode() if as_json else builds_table(builds))


@projections.command()
@_VIEWS
@_PROGRAMME
@_HERE
def verify(views: tuple[str, ...], programme: str | None, here: bool) -> None:
    """Fold VIEWS (all, if none is named) anew beside the live ones and compare; nothing is changed.

    Ends with 1 if a view is not what its events come to, and names the first rows that differ.
    """
    _rebuild(views, programme, "verify", here=here)


@projections.command()
@_VIEWS
@_PROGRAMME
@_HERE
@click.option("--replace", is_flag=True, help="Go live even if rows differ from those of the live view.")
@click.option("--detach", is_flag=True, help="Do not wait: the workers go on; `sillok projections list` shows them.")
def rebuild(views: tuple[str, ...], programme: str | None, here: bool, replace: bool, detach: bool) -> None:
    """Fold VIEWS (all, if none is named) anew beside the live ones, which are read meanwhile, compare, and change over.

    What was live is kept for `rollback`. If rows differ, nothing is changed over, unless --replace says so.
    """
    if here and detach:
        raise click.UsageError("--here folds in this process, so it cannot --detach.")
    _rebuild(views, programme, "replace" if replace else "swap", here=here, detach=detach)


@projections.command()
@_VIEW
@_PROGRAMME
def rollback(view: str, programme: str | None) -> None:
    """Go back to the build of VIEW from before the last rebuild, brought up to the head first."""
    with opened() as projecting:
        for found, partition in _wanted(projecting, (view,), programme):
            try:
                position = projecting.rebuild.roll_back(found, partition)
            except (NothingKeptError, PoisonEventError) as error:
                raise NotAsAskedError(str(error)) from None
            click.echo(f"{view} of {partition}: back to the build from before, at position {position}")


@projections.command()
@_VIEWS
@_PROGRAMME
def cancel(views: tuple[str, ...], programme: str | None) -> None:
    """Drop what is being folded beside the live VIEWS (all, if none is named)."""
    with opened() as projecting:
        for view, partition in _wanted(projecting, views, programme):
            if projecting.builds.withdraw(view, partition):
                click.echo(f"{view.name} of {partition}: dropped")


@projections.command()
@_VIEWS
@_PROGRAMME
def diff(views: tuple[str, ...], programme: str | None) -> None:
    """Say how rows of VIEWS (all, if none is named) differ from those of another release, where that one stood.

    To be asked after an upgrade that raised a view's version, before `prune`.
    """
    with opened() as projecting:
        for view, partition in _wanted(projecting, views, programme):
            found = compare_versions(projecting.ledger, projecting.store, projecting.builds, view, partition)
            click.echo(f"{view.name} of {partition}: {'no other version' if found is None else _compared(found)}")


@projections.command()
def prune() -> None:
    """Drop the builds that are kept for going back, and those of other releases."""
    with opened() as projecting:
        click.echo(f"{projecting.builds.prune(VIEWS)} dropped")


@projections.command()
@_VIEW
@_PROGRAMME
def pause(view: str, programme: str | None) -> None:
    """Advance VIEW no more until `resume`; readers are told."""
    with opened() as projecting:
        _wanted(projecting, (view,), programme)
        projecting.builds.pause(view, programme or EVERY_PARTITION)
    click.echo(f"{view} of {programme or 'every programme'}: paused")


@projections.command()
@_VIEW
@_PROGRAMME
def resume(view: str, programme: str | None) -> None:
    """Go on with VIEW after `pause`, or after an event that could not be folded."""
    with opened() as projecting:
        _wanted(projecting, (view,), programme)
        ended = projecting.builds.resume(view, programme or EVERY_PARTITION)
    if not ended:
        raise NotAsAskedError(f"{view} of {programme or 'every programme'} is neither paused nor halted.")
    click.echo(f"{view} of {programme or 'every programme'}: goes on")


def _wanted(projecting: Projecting, views: Sequence[str], programme: str | None) -> list[tuple[View, str]]:
    programmes = projecting.advance.programmes()
    if programme is not None and programme not in programmes:
        raise NotAsAskedError(f"{programme[:80]!r} is no programme of this ledger.")
    names = views or [view.name for view in VIEWS]
    chosen = [view for view in map(view_named, dict.fromkeys(names)) if view is not None]
    return [(view, each) for each in ([programme] if programme else programmes) for view in chosen]


def _rebuild(
    views: Sequence[str], programme: str | None, purpose: Purpose, *, here: bool, detach: bool = False
) -> None:
    with opened() as projecting:
        asked: dict[int, tuple[View, str]] = {}
        for view, partition in _wanted(projecting, views, programme):
            build = projecting.builds.request(view, partition, purpose)
            if build is None:
                click.echo(f"{view.name} of {partition}: one is under way already", err=True)
            else:
                asked[build] = view, partition
        if detach:
            click.echo(f"asked for {len(asked)}: `sillok projections list` shows how far they are")
            return
        differing = 0
        for build, (view, partition) in asked.items():
            if here:
                while projecting.rebuild.run(view, partition) not in ("done", "halted"):
                    _require_not_paused(_found(projecting, build), f"{view.name} of {partition}")
                    time.sleep(_LOOK_SECONDS)
            certificate = _await(projecting, build, f"{view.name} of {partition}")
            differing += not certificate.equal
            click.echo(f"{view.name} of {partition}: {_said(certificate)}")
    if differing and purpose != "replace":
        raise NotAsAskedError(f"{differing} of {len(asked)} are not what their events come to.")


def _await(projecting: Projecting, build: int, name: str) -> Certificate:
    """What came of a build. Raises `NotAsAskedError` if it halted or was dropped."""
    started, told = time.monotonic(), False
    hidden = not sys.stdout.isatty()
    with click.progressbar(length=max(projecting.ledger.head(), 1), label=name, hidden=hidden) as bar:
        while True:
            certificate = projecting.builds.certificate(build)
            if certificate is not None:
                bar.update(bar.length or 0)
                return certificate
            found = _found(projecting, build)
            if found is None:
                certificate = projecting.builds.certificate(build)
                if certificate is None:
                    raise NotAsAskedError(f"{name}: dropped before it was folded")
                return certificate
            _require_not_paused(found, name)
            if found.stale is not None:
                raise NotAsAskedError(f"{name}: halted at {found.stale}; `resume` tries again, `cancel` drops it")
            bar.update(max(found.position - bar.pos, 0))
            if not told and not found.position and time.monotonic() - started > _NOBODY_SECONDS:
                told = True
                click.echo("\nNo worker has taken it up yet: is one running? --here does without.", err=True)
            time.sleep(_LOOK_SECONDS)


def _found(projecting: Projecting, build: int) -> Build | None:
    return next((each for each in projecting.builds.every() if each.build == build), None)


def _require_not_paused(build: Build | None, name: str) -> None:
    """Nobody folds a view that is paused, so nobody waits for it. Raises `NotAsAskedError`."""
    if build is not None and build.paused:
        raise NotAsAskedError(f"{name}: paused; `resume` goes on with it, `cancel` drops it")


def _said(certificate: Certificate) -> str:
    if certificate.equal:
        compared = f"equal at position {certificate.position}, digest {certificate.digest}"
    else:
        compared = (
            f"differs at position {certificate.position}, live {certificate.live_digest},"
            f" folded anew {certificate.digest}, in {', '.join(certificate.differing)}"
        )
    return f"{compared}; {'changed over' if certificate.swapped else 'nothing changed'}"


def _compared(found: VersionDiff) -> str:
    counted = {
        f"only in version {found.before}": found.only_before,
        f"only in version {found.after}": found.only_after,
        "in both, differing": found.differing,
    }
    lines = [f"version {found.before} beside {found.after} at position {found.position}: {found.same} rows the same"]
    for what, kinds in counted.items():
        lines += [f"{count} of {kind} {what}" for kind, count in kinds.items()]
    lines += [f"{key} differs in {', '.join(fields)}" for key, fields in found.examples.items()]
    return "\n  ".join(lines)


def builds_table(builds: Sequence[Build]) -> str:
    """Builds as a table for a terminal."""
    table = Table()
    for heading in ("view", "version", "programme", "state"):
        table.add_column(heading)
    for heading in ("position", "behind", "seconds", "events", "batches", "halts"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for build in builds:
        remark = "; ".join(
            [
                *(["paused"] if build.paused else []),
                *([f"to {build.purpose}"] if build.purpose else []),
                *([f"halted before {build.stale}"] if build.stale else []),
            ]
        )
        figures = (build.position, build.positions_behind, f"{build.seconds_behind:.1f}", build.events, build.batches)
        table.add_row(
            build.view,
            str(build.version),
            build.partition,
            build.state,
            *(str(figure) for figure in figures),
            str(build.halts),
            remark,
        )
    return table_text(table, width=160)
