"""From a ruling to what the ledger is asked to record, and from its answer to what was recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.boundary import Boundary
from domain.decision import Ruling
from domain.envelope import Actor, encode_envelope
from domain.event import decode_data, encode_data
from domain.proposal_events import DecisionProposed
from domain.recorded import envelope_of
from service.application.deciding import Considered, Sources, Submission
from service.application.ports import (
    Appended,
    AppendRequest,
    IdempotencyKey,
    IdempotencyKeyReusedError,
    Ledger,
    NewEvent,
    RecordedEvent,
)


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event of an accepted decision."""

    position: int
    type: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A decision that is in the ledger. `replayed`: it was there before this request.

    `proposed`: what now waits for another agency, if that is what the decision came to.
    """

    decision_id: UUID
    events: tuple[Recorded, ...]
    replayed: bool
    proposed: DecisionProposed | None = None


def client_of(actor: Actor) -> str:
    """Whose idempotency keys these are: two keys of an agency share them, an agency and a consortium never do."""
    return actor.agency if actor.party == "agency" else f"{actor.party}:{actor.agency}"


def idempotency_of(submission: Submission) -> IdempotencyKey:
    """The submission's own name, with the fingerprint of what is asked, signed or not: who signs what was recorded
    unsigned is not told that it was. (JSON has no NUL.)"""
    signed = b"" if submission.signature is None else b"\x00signed"
    return IdempotencyKey(
        client=client_of(submission.actor),
        programme=submission.programme,
        key=submission.idempotency_key,
        fingerprint=hashlib.sha256(submission.decision_type.encode() + b"\x00" + submission.body + signed).digest(),
    )


def append_request(considered: Considered, ruling: Ruling, sources: Sources) -> AppendRequest:
    """What is to be recorded, under the condition that nothing in the decision's boundary has come since."""
    return AppendRequest(
        events=new_events(considered, ruling, sources),
        decision_id=considered.decision_id,
        condition=Boundary(considered.query, considered.case.position),
        decided_at=considered.case.decided_at,
        idempotency=idempotency_of(considered.submission),
    )


def new_events(considered: Considered, ruling: Ruling, sources: Sources) -> list[NewEvent]:
    """The events of a ruling, each with its envelope."""
    submission, case = considered.submission, considered.case
    boundary = Boundary(considered.query, case.position)
    new = []
    for number, event in enumerate(ruling.events):
        event_id = sources.identifier()
        envelope = envelope_of(
            event,
            ruling,
            case,
            decision=considered.decision,
            command=considered.command,
            body=submission.body.decode() if number == 0 else None,
            boundary=boundary,
            signature=submission.signature if number == 0 else None,
            event_id=str(event_id),
        )
        new.append(
            NewEvent(
                programme=submission.programme,
                type=event.TYPE,
                version=event.VERSION,
                event_id=event_id,
                tags=envelope.tags,
                salt=sources.salt(),
                envelope=encode_envelope(envelope),
                data=encode_data(event),
            )
        )
    return new


def accepted(decision_id: UUID, ruling: Ruling, first_position: int) -> Accepted:
    """The answer to a decision that was just recorded from that position on."""
    first = ruling.events[0]
    return Accepted(
        decision_id=decision_id,
        events=tuple(Recorded(position, each.TYPE) for position, each in enumerate(ruling.events, first_position)),
        replayed=False,
        proposed=first if isinstance(first, DecisionProposed) else None,
    )


def appended_before(ledger: Ledger, named: IdempotencyKey) -> Appended | None:
    """What the key stands for already, if it does. Raises `IdempotencyKeyReusedError`, `LedgerUnavailableError`."""
    found = ledger.find(named.client, named.programme, [named.key]).get(named.key)
    if found is None:
        return None
    appended, first_fingerprint = found
    if first_fingerprint != named.fingerprint:
        raise IdempotencyKeyReusedError(named.key)
    return appended


def accepted_before(ledger: Ledger, appended: Sequence[Appended]) -> list[Accepted]:
    """What was recorded before, as it was answered then. Raises `LedgerUnavailableError`."""
    wanted = [position for each in appended for position in range(each.first_position, each.last_position + 1)]
    events = {each.position: each for each in ledger.at(wanted)} if wanted else {}
    return [
        replayed(each.decision_id, [events[n] for n in range(each.first_position, each.last_position + 1)])
        for each in appended
    ]


def replayed(decision_id: UUID, events: Sequence[RecordedEvent]) -> Accepted:
    """The answer to a decision whose events were recorded before."""
    first = decode_data(events[0].type, events[0].version, events[0].data)
    return Accepted(
        decision_id=decision_id,
        events=tuple(Recorded(each.position, each.type) for each in events),
        replayed=True,
        proposed=first if isinstance(first, DecisionProposed) else None,
    )
