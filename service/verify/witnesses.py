"""Whether as many witnesses as an auditor's policy asks for have seen the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from domain.checkpoint import cosigned_at
from domain.note import Note, NoteError
from domain.witness_policy import WitnessPolicy
from service.ed25519 import verify_ed25519
from service.verify.faults import Fault


def policy_faults(note: Note, policy: WitnessPolicy) -> Iterator[Fault]:
    """A cosignature that is wrong, or too few that are right."""
    try:
        cosigned = [each for each in policy.witnesses if cosigned_at(note, each.key, verify_ed25519) is not None]
    except NoteError as error:
        yield Fault("bad-signature", 0, str(error))
        return
    if not policy.is_met([each.key for each in cosigned]):
        who = ", ".join(each.name for each in cosigned) or "nobody"
        yield Fault("bad-signature", 0, f"of the policy's witnesses {who} cosigned the checkpoint, which is not enough")
