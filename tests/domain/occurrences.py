"""Events as views take them in: recorded, with an envelope."""

from __future__ import annotations

from domain.deadlines import instant, moment
from domain.envelope import Actor, Attribution, PrivateEnvelope, encode_envelope
from domain.event import Event
from domain.views import Occurrence
from tests.domain.charters import PROGRAMME
from tests.given import DECIDED_AT

AT = instant(DECIDED_AT)


def occurrence(
    position: int,
    event: Event,
    *,
    recorded_at: str = AT,
    attribution: Attribution = "decided",
    agency: str = "owner",
    decision_id: str | None = None,
    command_type: str | None = None,
    actor: Actor | None = None,
    causation: str | None = None,
) -> Occurrence:
    """The event at that position, by default decided by the owner."""
    envelope = PrivateEnvelope(
        event_id=str(position),
        tags=event.tags(PROGRAMME),
        data_set="rehearsal",
        decided_at=AT,
        actor=actor or Actor(agency=agency, principal="test"),
        attribution=attribution,
        decision_id=decision_id,
        command_type=command_type,
        causation=causation,
    )
    return Occurrence(
        position=position,
        recorded=moment(recorded_at),
        version=event.VERSION,
        stored_envelope=encode_envelope(envelope),
        event=event,
    )
