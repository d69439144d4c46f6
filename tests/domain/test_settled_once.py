"""What is approved, rejected or taken back is what was proposed, still waits, and is theirs to settle."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from domain.envelope import Actor
from tests.domain import verified
from tests.domain.test_signature_audit import (
    CLERK,
    OWNER,
    approval,
    audited,
    charter_entry,
    proposal,
    rejected,
    withdrawn,
)
from tests.domain.verified import Entry, changed
from tests.given import DECIDED_AT

BEFORE = changed(approval(), decided_at=(DECIDED_AT + timedelta(hours=23)).isoformat())
AFTER = changed(approval(), decided_at=(DECIDED_AT + timedelta(days=1)).isoformat())
PROPOSALS: dict[str, tuple[list[Entry], list[int]]] = {
    "approved": ([proposal(), BEFORE], []),
    "rejected": ([proposal(), rejected()], []),
    "withdrawn": ([proposal(), withdrawn()], []),
    "never proposed": ([approval(), rejected(), withdrawn()], [2, 3, 4]),
    "approved again": ([proposal(), approval(), approval()], [4]),
    "approved after it was rejected": ([proposal(), rejected(), approval()], [4]),
    "approved after it was withdrawn": ([proposal(), withdrawn(), approval()], [4]),
    "approved when it was over": ([proposal(), AFTER], [3]),
    "rejected after it was approved": ([proposal(), approval(), rejected()], [4]),
    "withdrawn after it was approved": ([proposal(), approval(), withdrawn()], [4]),
    "rejected by who proposed it": ([proposal(), rejected(actor=OWNER)], [3]),
    "withdrawn by another": ([proposal(), withdrawn(actor=CLERK)], [3]),
    "approved by who proposed it": (
        [proposal(), changed(approval(), actor=msgspec.structs.replace(OWNER, agency="other"))],
        [3],
    ),
    "approved by the same agency": ([proposal(), changed(approval(), actor=OWNER)], [3]),
    "approved by a team": (
        [proposal(), changed(approval(), actor=Actor(agency="other", principal="a key", party="consortium"))],
        [3],
    ),
    "another was approved": ([proposal(), approval(asked="f" * 64)], [3]),
    "another was approved, and said so": ([proposal(), approval(asked="f" * 64, command_hash="f" * 64)], [3]),
    "another decision was approved": ([proposal(), (approval()[0], approval("open-stage")[1])], [3]),
    "approved as another decision": ([proposal(), approval(), changed(approval(), decision_id="")], [4]),
    "another's was approved": ([proposal(), approval(proposer=CLERK)], [3]),
    "its hash is another's": ([proposal(command_hash="f" * 64)], [2]),
    "proposed again": ([proposal(), proposal()], [3]),
}


@pytest.mark.parametrize("what", PROPOSALS)
def test_what_is_approved_is_what_was_proposed_and_waits(what: str) -> None:
    made, at = PROPOSALS[what]
    assert verified.positions(audited(*made)) == at


def test_what_has_no_mandate_is_never_proposed() -> None:
    """Whatever the charter gives to two."""
    charter = charter_entry(countersignatures=[{"decisions": ["reject"], "agencies": ["other"]}])
    assert verified.found([charter, proposal("reject")]) == [2]
