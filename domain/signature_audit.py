"""Checking every signature of a ledger again, with nothing but its events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from domain.charter import CharterInForce
from domain.decision import DECISIONS, fold
from domain.ed25519 import Verify
from domain.envelope import PrivateEnvelope
from domain.event import Event
from domain.keys import Keys
from domain.proposal_events import DecisionApproved, DecisionProposed, DecisionRejected, ProposalWithdrawn
from domain.refusal import Refusal
from domain.signatures import Signed, read_signature, require_signature


class SignatureFault(msgspec.Struct, frozen=True):
    """A decision whose signature is missing or wrong; `position`: of its first event."""

    position: int
    detail: str


class _Programme:
    """What was said so far of one. `proposed`: decisions by the proposal of each."""

    def __init__(self, programme: str) -> None:
        self.keys = Keys(programme)
        self.charter = CharterInForce(programme)
        self.proposed: dict[str, str] = {}


class SignatureAudit:
    """A fold over every event of a ledger, by position, from 1.

    Signatures are held against commands; that the events are what the commands come to is not looked at.

    What it holds a signature against is what the ledger said before it: the keys registered and revoked by then, and
    the charter in force. A signature that stands twice is faulty the second time.
    """

    def __init__(self, verify: Verify) -> None:
        self.decisions = 0
        self.signed = 0
        self.faults: list[SignatureFault] = []
        self._verify = verify
        self._programmes: dict[str, _Programme] = {}
        self._used: set[tuple[str, str, str, str]] = set()

    def take(self, position: int, programme: str, event: Event, envelope: PrivateEnvelope) -> None:
        """The next event of the ledger."""
        of = self._programmes.setdefault(programme, _Programme(programme))
        command, type_ = envelope.command, envelope.command_type
        if command is not None and type_ is not None:
            self.decisions += 1
            if envelope.signature is not None:
                self.signed += 1
                found = self._wrong(of.keys, programme, type_, command.encode(), envelope.signature, envelope)
            else:
                found = _missing(of, type_, event, envelope)
            self.faults += (SignatureFault(position, each) for each in found)
        if isinstance(event, DecisionProposed):
            of.proposed[event.proposal] = event.decision
        fold((of.keys, of.charter), event.TYPE, envelope.tags, position, event)

    def _wrong(
        self, keys: Keys, programme: str, type_: str, command: bytes, text: str, envelope: PrivateEnvelope
    ) -> Iterator[str]:
        try:
            signature = read_signature(text)
            of = Signed(
                programme=programme,
                decision=type_,
                command=command,
                actor=envelope.actor,
                # The ledger does not say it again; that it is used once is looked at below.
                request=signature.header.jti,
                decided_at=datetime.fromisoformat(envelope.decided_at),
            )
            parsed = msgspec.json.decode(command, type=DECISIONS[type_].command)
            require_signature(signature, of, parsed, keys, self._verify)
        except Refusal as refusal:
            yield refusal.detail
            return
        use = (programme, envelope.actor.party, envelope.actor.agency, signature.header.jti)
        if use in self._used:
            yield f"JWS-Signature: {envelope.actor.agency} signed request {use[3]!r} once, and it stands twice"
        self._used.add(use)


def _missing(of: _Programme, type_: str, event: Event, envelope: PrivateEnvelope) -> Iterator[str]:
    """What the charter asks a signature for, of what this decision made, proposed or settled."""
    if not of.charter.position:
        return
    made = {type_}
    if isinstance(event, DecisionProposed):
        made.add(event.decision)
    elif isinstance(event, DecisionApproved | DecisionRejected | ProposalWithdrawn):
        made.add(of.proposed.get(event.proposal, type_))
    for each in sorted(made):
        if of.charter.charter.wants_signed(each):
            yield f"{each} of {envelope.actor.agency} is not signed, which the charter asks for"
