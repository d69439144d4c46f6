"""What is recorded beside an event of a decision."""

from __future__ import annotations

from domain.boundary import Boundary
from domain.deadlines import instant
from domain.decision import Case, Command, Decision, Ruling
from domain.envelope import PrivateEnvelope
from domain.event import Event


def envelope_of(
    event: Event,
    ruling: Ruling,
    case: Case,
    *,
    decision: Decision,
    command: Command,
    body: str | None,
    boundary: Boundary,
    signature: str | None,
    event_id: str,
) -> PrivateEnvelope:
    """The envelope of one event of a ruling. `body`, `signature`: of the request, with the first event only."""
    return PrivateEnvelope(
        event_id=event_id,
        tags=event.tags(case.programme),
        data_set=ruling.data_set,
        decided_at=instant(case.decided_at),
        actor=case.actor,
        attribution=command.attribution,
        source=command.source,
        decided_by=command.decided_by,
        decision_id=case.decision_id,
        command_type=decision.type,
        command=body,
        causation=None if case.follows is None else str(case.follows),
        boundary=boundary,
        rules_hash=ruling.rules_hash,
        decider=f"{decision.type}/{decision.version}",
        signature=signature,
    )
