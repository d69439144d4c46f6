"""Records as they are, and as somebody would have them, put to both verifiers: that of `sillok` and the stand-alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from domain.charter import CharterAmended
from domain.envelope import Actor, PrivateEnvelope, encode_envelope
from domain.event import Event, encode_data
from domain.proposal_events import DecisionProposed
from domain.scalars import Names
from domain.signature_audit import SignatureAudit
from domain.teams import TeamEnrolled
from service.ed25519 import verify_ed25519
from service.verify import standalone as untyped
from tests import given as deciding
from tests.domain import charters
from tests.given import Given, decide, given

STANDALONE: Any = untyped
Entry = tuple[Event, PrivateEnvelope]
GIVEN_TO_TWO = [*charters.document()["countersignatures"], {"decisions": ["enrol-team"], "agencies": ["other"]}]
BEE = TeamEnrolled(team="bee", name=Names(**charters.names("bee")))


def audited(entries: Iterable[Entry], programme: str = charters.PROGRAMME) -> SignatureAudit:
    """What the one verifier finds, at the positions at which the other finds something as well.

    Every event has the tags of what it says.
    """
    audit, apart, raised = SignatureAudit(verify_ed25519), STANDALONE.Signatures(programme), []
    for position, (event, untagged) in enumerate(entries, start=1):
        envelope = msgspec.structs.replace(untagged, tags=event.tags(programme))
        audit.take(position, programme, event, envelope, datetime.fromisoformat(envelope.decided_at))
        try:
            said = json.loads(encode_data(event)), json.loads(encode_envelope(envelope))
            apart.take(position, event.TYPE, *said)
        except STANDALONE.Fault as fault:
            raised.append(fault.position)
    assert positions(audit) == raised, (audit.faults, raised)
    return audit


def positions(audit: SignatureAudit) -> list[int]:
    """Where it found something."""
    return list(dict.fromkeys(each.position for each in audit.faults))


def found(entries: Iterable[Entry], programme: str = charters.PROGRAMME) -> list[int]:
    """Positions of faults, by both verifiers alike."""
    return positions(audited(entries, programme))


def recorded(given: Given, decision: str, body: dict[str, Any], events: tuple[Event, ...]) -> Iterator[Entry]:
    """The events with their envelopes, as the service records them."""
    agency, party = given.agency or "owner", given.party
    for number, event in enumerate(events):
        yield (
            event,
            PrivateEnvelope(
                event_id="",
                tags=event.tags(given.programme),
                data_set="live",
                decided_at=given.decided_at.isoformat(),
                actor=Actor(agency=agency, principal=given.principal or f"key of {agency}", party=party),
                attribution=body.get("attribution", "decided"),
                source=body.get("source"),
                decided_by=body.get("decided_by"),
                decision_id=given.decision_id,
                command_type=decision,
                command=json.dumps(body, ensure_ascii=False, separators=(",", ":")) if number == 0 else None,
            ),
        )


ENROL = {"team": "bee", "name": charters.names("bee")}
NOTHING: dict[str, str] = {}


def first(said: dict[str, str] = NOTHING, /, **rules: Any) -> list[Entry]:
    """A programme's charter. `said`: what its command says beside."""
    body = {"charter": charters.document(**rules)} | said
    return list(recorded(given(), "publish-charter", body, (charters.charter(**rules),)))


def alone(decision: str, body: dict[str, Any], event: Event) -> list[Entry]:
    """The owner's decision, as though it were the owner's alone."""
    return list(recorded(given(), decision, body, (event,)))


def changed(entry: Entry, **changes: Any) -> Entry:
    return entry[0], msgspec.structs.replace(entry[1], **changes)


def by_two(decision: str, body: dict[str, Any], number: int = 1) -> list[Entry]:
    """What the owner proposed and the other approved: proposal, approval, and what it comes to."""
    under = given(charters.charter(countersignatures=GIVEN_TO_TWO))
    history = replace(under, decision_id=f"{deciding.DECISION_ID[:-1]}{number}")
    proposed = decide(history, decision, body)
    assert isinstance(proposed[0], DecisionProposed)
    approval = {"proposal": proposed[0].proposal, "command_hash": proposed[0].command_hash}
    background = [*history.events, *proposed]
    other = replace(history, events=[], background=background, agency="other", decision_id=f"approval {number}")
    approved = decide(other, "approve", approval)
    return [*recorded(history, decision, body, proposed), *recorded(other, "approve", approval, approved)]


def amended(said: dict[str, str] = NOTHING, /, **rules: Any) -> list[Entry]:
    """The owner's amendment, as though it were the owner's alone."""
    now = charters.charter(**rules)
    event = CharterAmended(rules_hash=now.rules_hash, document=now.document, replaces="a" * 64, deviation=False)
    return alone("amend-charter", {"charter": charters.document(**rules)} | said, event)
