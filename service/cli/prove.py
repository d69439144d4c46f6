"""`sillok prove`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from domain.decision import DECISIONS
from domain.reexecution import Proof
from service.cli.bundles import telling
from service.cli.failures import NotAsAskedError
from service.cli.ledgers import Where, bundle_option, wanted_of, where_of
from service.cli.proofs import Proved, fault_of, jobs_for, prove_all, prove_some
from service.verify.bundle import BundleError
from service.verify.faults import EXIT_CODES, Fault

_SHOWN: Final = 20
_VERDICTS: Final = {
    "forced": "had to come out so",
    "discretion": "was lawful discretion",
    "not-reproduced": "is not what its command comes to",
    "not-re-executable": "cannot be made again by this release",
}


@click.command()
@click.argument("programme", required=False)
@bundle_option
@click.option("--position", type=click.IntRange(min=1), default=None, help="Only the decision with this event.")
@click.option("--decision", default=None, help="Only the decision of this id.")
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Processes; by default one a processor.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def prove(
    programme: str | None,
    bundle: Path | None,
    position: int | None,
    decision: str | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Make every decision of PROGRAMME, or of each, again: on exactly the events that it was made on.

    Each had to come out so (the rules left nothing else), or was lawful discretion (what was chosen is named, and no
    rule refused it), or is named with what differs. Whether the record is whole is for `sillok verify` to say.

    Where the database is: DATABASE_URL; without, the server that `sillok up` runs for SILLOK_HOME is used.

    Ends with 0 if every decision follows, else with the code of the first fault: 18 wrong decision, 10 edited,
    11 removed; with 1 if this release does not know the decider of one.

    \b
    Examples:
      sillok prove my-programme
      sillok prove --bundle bundle --position 853
    """
    where = where_of(bundle)
    try:
        with where.opened() as ledger:
            size, programmes = ledger.size(), wanted_of(ledger.programmes(), programme)
        if position is not None or decision is not None:
            _one(where, programmes, size, position, decision, as_json)
        else:
            _all(where, programmes, size, jobs or jobs_for(size), as_json)
    except BundleError as error:
        raise NotAsAskedError(str(error)) from None


def _all(where: Where, programmes: Sequence[str], size: int, jobs: int, as_json: bool) -> None:
    found: dict[str, Proved] = {}
    for each in programmes:
        with telling() as progress:
            found[each] = prove_all(where, each, size, min(jobs, max(size, 1)), progress)
    faults = [fault for each in found.values() for fault in each.faults]
    if as_json:
        click.echo(msgspec.json.encode([_as_json(each, size, proved) for each, proved in found.items()]))
    elif not faults:
        for each, proved in found.items():
            click.echo(_sentence(each, size, proved))
    _end(faults, [proof for each in found.values() for proof in each.unknown])


def _one(
    where: Where, programmes: Sequence[str], size: int, position: int | None, decision: str | None, as_json: bool
) -> None:
    upto = size if position is None else position + 1_000

    def wanted(first: int, last: int, id_: str) -> bool:
        return (position is None or first <= position <= last) and (decision is None or id_ == decision)

    for each in programmes:
        with telling() as progress:
            proof = next(prove_some(where, each, upto, wanted, progress), None)
        if proof is not None:
            click.echo(msgspec.json.encode(proof) if as_json else "\n".join(proof_lines(proof)))
            _end(
                [fault_of(proof)] if proof.verdict == "not-reproduced" else [],
                [proof] if proof.verdict == "not-re-executable" else [],
            )
            return
    raise NotAsAskedError(f"{decision or f'Position {position}'} is no decision of {', '.join(programmes)}.")


def _end(faults: Sequence[Fault], unknown: Sequence[Proof]) -> None:
    faults = sorted(faults, key=lambda each: each.position)
    for fault in faults[:_SHOWN]:
        click.echo(str(fault), err=True)
    if faults:
        sys.exit(EXIT_CODES[faults[0].fault])
    if unknown:
        first = unknown[0]
        raise NotAsAskedError(
            f"{len(unknown)} cannot be made again; the first, at position {first.position}: {first.why}."
        )


def _as_json(programme: str, size: int, proved: Proved) -> dict[str, object]:
    return {
        "programme": programme,
        "position": size,
        **{verdict.replace("-", "_"): proved.count(verdict) for verdict in _VERDICTS},
        "decisions": proved.decisions,
        "faults": proved.faults,
        "unknown": proved.unknown,
    }


def _sentence(programme: str, size: int, proved: Proved) -> str:
    counted = "; ".join(
        f"{proved.count(verdict)} {said.replace('was', 'were').replace('is not what its', 'are not what their')}"
        for verdict, said in _VERDICTS.items()
        if proved.count(verdict)
    )
    return f"{programme}: {proved.count()} decisions up to position {size} made again: {counted or 'none'}"


def proof_lines(proof: Proof) -> list[str]:
    """A proof in words."""
    lines = [f"{proof.decision} at position {proof.position} ({proof.decision_id}) {_VERDICTS[proof.verdict]}"]
    if proof.why is not None:
        return [*lines, f"  {proof.why}"]
    lines.append(
        f"  {proof.decider} made {', '.join(proof.events)} of its command again, byte for byte, on the {proof.read}"
        f" events that its boundary names up to position {proof.after}; nothing in it came between"
    )
    lines.append(f"  no rule refused it: {_checked(proof)}")
    if proof.chosen:
        lines.append(f"  chosen within the rules: {', '.join(proof.chosen)}")
    for each in proof.instead:
        said = ", ".join(f"{field} {value}" for field, value in each.values.items())
        lines.append(f"  {' with '.join([each.decision, *([said] if said else [])])}: {each.refused or 'lawful, too'}")
    return lines


def _checked(proof: Proof) -> str:
    decision = DECISIONS[proof.decision]
    mandate = ["who may make it"] if decision.mandated else []
    checked = [
        *mandate,
        "how it is attributed",
        "whether it is signed",
        "whether it takes two",
        f"those of {proof.decider}",
    ]
    return f"{', '.join(checked)}, on the charter {proof.rules_hash}"
