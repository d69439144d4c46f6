"""Verifying a record with nobody's word for it, offline: on the domain alone, with a key that the auditor has.

What is wrong is named by class and first bad position (`faults`). The file `standalone.py` does the same once more,
written apart; it imports nothing of this project, and every bundle has a copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from domain.charter_document import rules_hash
from domain.checkpoint import Checkpoint, signed_checkpoint
from domain.note import Note, NoteError, VerifierKey
from domain.receipt import receipted
from domain.witness_policy import WitnessPolicy
from service.ed25519 import verify_ed25519
from service.verify.bundle import CHARTERS, MANIFEST, OTHER, BrokenError, Bundle, BundleError
from service.verify.certificates import certificate_faults
from service.verify.faults import EXIT_CODES, Fault, FaultClass
from service.verify.kept import Kept
from service.verify.outcomes import Outcomes
from service.verify.record import record_faults, root_of
from service.verify.second_process import beside, may_work_beside
from service.verify.witnesses import policy_faults

__all__ = ["EXIT_CODES", "BundleError", "Fault", "FaultClass", "Kept", "Report", "verify_bundle"]


WORTH_A_PROCESS: Final = 10_000
"""Events of a record that is looked at in a process of its own, while outcomes are derived in this one."""
NOTHING: Final[Mapping[str, str]] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `faults`: the first one first; where there are none, all that is counted here is right.

    `checkpoint`: the bundle's own; `None` where none is signed. `has_all_before`: all events of the log that it came
    after, if it did.
    """

    checkpoint: Checkpoint | None
    faults: Sequence[Fault]
    decisions: int = 0
    signed: int = 0
    digests: int = 0
    certificates: int = 0
    has_all_before: bool = False


def verify_bundle(
    folder: Path,
    keys: Sequence[VerifierKey],
    kept: Kept | None = None,
    *,
    public: bool = False,
    policy: WitnessPolicy | None = None,
    receipts: Mapping[str, str] = NOTHING,
) -> Report:
    """Verify a bundle. `keys`: the log's, as the auditor knows them, of which one has to have signed each checkpoint.

    `kept`: the checkpoint that they verified last.

    `public`: what events commit to may be left out, and outcomes are then not looked at. `policy`: whose cosignatures
    the checkpoint has to have. `receipts`: by name, of this log, which the record has to hold. Raises `BundleError`.
    """
    bundle = Bundle(folder)
    try:
        signed, note = _signed(bundle, keys)
    except NoteError as error:
        return Report(checkpoint=None, faults=[Fault("bad-signature", 0, str(error))])
    last, roots = signed[0], dict[int, bytes]()
    for each in signed:
        if faults := _held(each.size, each.root, last, roots):
            return Report(checkpoint=last, faults=faults)
    faults = [*_kept_fault(kept, last, roots), *_receipt_faults(receipts, keys, last, roots)]
    record = partial(_record, bundle, roots, public)
    follows = None
    if not (faults or public) and last.size >= WORTH_A_PROCESS and may_work_beside():
        recorded = beside(record)
        follows = _outcomes_if_whole(bundle, last)
        faults += recorded()
    else:
        faults += record()
    if bundle.manifest.log != last.origin:
        faults.append(Fault("edited", 0, f"{MANIFEST} says that this is the log {bundle.manifest.log}"))
    faults += [] if policy is None else policy_faults(note, policy)
    report = Report(checkpoint=last, faults=faults) if faults or public else follows or _outcomes(bundle, last)
    if faults or last.after is None:
        return report
    had = root_of(bundle.leaves()[: last.after.size]) if last.after.size <= last.size else b""
    return msgspec.structs.replace(report, has_all_before=had == last.after.root)


def _record(bundle: Bundle, roots: Mapping[int, bytes], public: bool) -> list[Fault]:
    return list(record_faults(bundle, roots, public=public))


def _signed(bundle: Bundle, keys: Sequence[VerifierKey]) -> tuple[list[Checkpoint], Note]:
    """Every checkpoint of the bundle, first that which it is of, and this one's note.

    Raises `NoteError` unless the log signed each of them.
    """
    found, notes = [], {}
    for name, note in bundle.checkpoints():
        try:
            checkpoint = signed_checkpoint(note, keys, verify_ed25519)
        except NoteError as error:
            raise NoteError(f"checkpoint {name}: {error}") from None
        if name.removesuffix(OTHER) != str(checkpoint.size):
            raise NoteError(f"checkpoint {name} is of size {checkpoint.size}")
        found.append(checkpoint)
        notes[name] = note
    name = str(bundle.manifest.size)
    if name not in notes:
        raise NoteError(f"there is no checkpoint of size {name}, which the bundle says it has")
    return sorted(found, key=lambda each: (str(each.size) != name, each.size)), notes[name]


def _kept_fault(kept: Kept | None, last: Checkpoint, roots: dict[int, bytes]) -> list[Fault]:
    """Whether the log goes on from what the auditor kept, whose root is one to hold from here on."""
    if kept is None:
        return []
    if kept.origin != last.origin:
        closed = _closed_fault(kept, last)
        if closed is not None:
            return [closed]
    return _held(kept.size, kept.root, last, roots)


def _receipt_faults(
    receipts: Mapping[str, str], keys: Sequence[VerifierKey], last: Checkpoint, roots: dict[int, bytes]
) -> Iterator[Fault]:
    """Whether the log goes on from the checkpoints of receipts that were kept."""
    for name, text in receipts.items():
        try:
            found = receipted(text, keys, verify_ed25519)
        except NoteError as error:
            yield Fault("bad-signature", 0, f"receipt {name}: {error}")
        else:
            yield from _held(found.size, found.root, last, roots)


def _held(size: int, root: bytes, last: Checkpoint, roots: dict[int, bytes]) -> list[Fault]:
    """Whether the log has what it signed before; that root is one to hold from here on."""
    if size > last.size:
        return [Fault("truncated", last.size + 1, f"the log signed {size} events before, and has {last.size} now")]
    if roots.setdefault(size, root) != root:
        return [Fault("forked", 0, f"the log signed two trees of size {size}")]
    return []


def _closed_fault(kept: Kept, last: Checkpoint) -> Fault | None:
    """Whether this log came after the one that was kept, as that one ended."""
    before = last.after
    if before is None or before.origin != kept.origin:
        return Fault("forked", 0, f"this is the log {last.origin}, and {kept.origin} was kept")
    if kept.size > before.size:
        detail = f"{kept.origin} signed {kept.size} events before, and is said to have ended with {before.size}"
        return Fault("truncated", before.size + 1, detail)
    if kept.size == before.size and kept.root != before.root:
        return Fault("forked", 0, f"{kept.origin} signed two trees of size {kept.size}")
    return None


def _outcomes_if_whole(bundle: Bundle, last: Checkpoint) -> Report | None:
    """What `_outcomes` finds, of a record that may not be whole and is then not asked about."""
    try:
        return _outcomes(bundle, last)
    except Exception:  # noqa: BLE001 — of such a record anything may come; where it is whole, it is looked at again
        return None


def _outcomes(bundle: Bundle, last: Checkpoint) -> Report:
    try:
        outcomes = Outcomes(verify_ed25519, list(bundle.standings()))
        programme = bundle.manifest.programme
        outcomes.take(each for each in bundle.said() if each.programme == programme)
    except BrokenError as error:
        return Report(checkpoint=last, faults=[error.fault])
    faults = [*outcomes.faults, *certificate_faults(outcomes.certificates, bundle.leaves())]
    faults.sort(key=lambda each: each.position)
    for name, document in bundle.charters():
        if name not in outcomes.charters or rules_hash(document) != name:
            faults.append(Fault("edited", 0, f"{CHARTERS}/{name}.json is no charter of the record"))
    return Report(
        checkpoint=last,
        faults=faults,
        decisions=outcomes.signatures.decisions,
        signed=outcomes.signatures.signed,
        digests=outcomes.digests,
        certificates=len(outcomes.certificates),
    )
