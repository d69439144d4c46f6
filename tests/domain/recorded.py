"""Decisions as the ledger has them: each event with the envelope that the service would record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec

from domain.boundary import Boundary
from domain.envelope import PrivateEnvelope, decode_envelope, encode_envelope
from domain.event import Event, decode_data, encode_data
from domain.recorded import envelope_of
from domain.reexecution import Proof, Reexecution
from service.application.ports import StreamedEvent
from service.ed25519 import verify_ed25519
from tests.domain.charters import PROGRAMME
from tests.domain.lives import LIVES
from tests.domain.playbook import Step, asked
from tests.given import checkpoint, considered


class Line(StreamedEvent, frozen=True):
    """An event of a ledger."""

    @property
    def said(self) -> PrivateEnvelope:
        return decode_envelope(self.envelope)

    def saying(self, **changes: Any) -> Line:
        """The same with another envelope."""
        return msgspec.structs.replace(self, envelope=encode_envelope(msgspec.structs.replace(self.said, **changes)))

    def holding(self, **changes: Any) -> Line:
        """The same with other data."""
        event = decode_data(self.type, self.version, self.data)
        return msgspec.structs.replace(self, data=encode_data(msgspec.structs.replace(event, **changes)))


@cache
def life(name: str) -> tuple[Line, ...]:
    """A life as it would be recorded."""
    return tuple(lines(LIVES[name]))


def lines(steps: Sequence[Step]) -> Iterator[Line]:
    """Every event that the decisions come to."""
    history: list[Event] = []
    for step in steps:
        made = considered(asked(history, step), step.decision, step.body)
        after = len(history)
        for number, event in enumerate(made.ruling.events):
            history.append(event)
            envelope = envelope_of(
                event,
                made.ruling,
                made.case,
                decision=made.decision,
                command=made.command,
                body=made.body if number == 0 else None,
                boundary=Boundary(made.query, after),
                signature=None,
                event_id=f"event {len(history)}",
            )
            yield Line(
                position=len(history),
                recorded_at=made.case.decided_at,
                programme=PROGRAMME,
                type=event.TYPE,
                version=event.VERSION,
                envelope=encode_envelope(envelope),
                data=encode_data(event),
            )


def proofs(ledger: Sequence[Line], *, exact: bool = False) -> list[Proof]:
    """Of each decision."""
    return list(Reexecution(PROGRAMME, verify_ed25519, checkpoint, exact=exact).proofs(ledger))


def faults(ledger: Sequence[Line]) -> list[tuple[int, str]]:
    """Where decisions do not follow, and why."""
    return [(each.position, each.why or "") for each in proofs(ledger) if each.verdict == "not-reproduced"]
