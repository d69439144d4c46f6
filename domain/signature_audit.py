"""Checking every signature of a ledger again, with nothing but its events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from domain.deadlines import moment
from domain.decision import DECISIONS
from domain.ed25519 import Verify
from domain.envelope import PrivateEnvelope
from domain.event import Event
from domain.proposal_events import DecisionApproved, DecisionProposed, DecisionRejected, ProposalWithdrawn
from domain.record import SCORE_EVENTS
from domain.refusal import Refusal
from domain.signatures import SignatureMismatchError, Signed, read_signature, require_signature
from domain.signed_for import SignedFor

RECORDED_WITHIN: Final = timedelta(hours=1)
"""Of its decision an event is recorded: far more than any wait, and than clocks are apart."""


class SignatureFault(msgspec.Struct, frozen=True):
    """A decision whose signature is missing or wrong; `position`: of its first event, or of what it does not say."""

    position: int
    detail: str


class SignatureAudit:
    """A fold over every event of a ledger, by position, from 1.

    Signatures are held against commands, and events against what was asked for (`domain.signed_for`): whether the
    rest of an event follows is not looked at.

    What it holds a signature against is what the ledger said before it: the keys registered and revoked by then, and
    the charter in force; what is faulty counts as not said. A signature that stands twice is faulty the second time.
    """

    def __init__(self, verify: Verify) -> None:
        self.decisions = 0
        self.signed = 0
        self.faults: list[SignatureFault] = []
        self._verify = verify
        self._programmes: dict[str, SignedFor] = {}
        self._used: set[tuple[str, str, str, str]] = set()

    def take(
        self, position: int, programme: str, event: Event, envelope: PrivateEnvelope, recorded_at: datetime
    ) -> None:
        """The next event of the ledger. Raises `ValueError` where its envelope says no time of decision."""
        decided_at = moment(envelope.decided_at)
        of = self._programmes.get(programme)
        if of is None:
            of = self._programmes[programme] = SignedFor(programme)
        signed_by, found = None, list[str]()
        if not -RECORDED_WITHIN <= recorded_at - decided_at <= RECORDED_WITHIN:
            found.append("it was recorded long after it was decided, or before")
        if envelope.command is not None and envelope.command_type is not None:
            self.decisions += 1
            if envelope.signature is None:
                if of.wants_any_signed:
                    found += (
                        f"{each} of {envelope.actor.agency} is not signed, which the charter asks for"
                        for each in sorted(_made(of, envelope.command_type, event))
                        if of.wants_signed(each)
                    )
            else:
                self.signed += 1
                try:
                    signed_by = self._signer(of, envelope.command_type, envelope.command, envelope.signature, envelope)
                except (Refusal, msgspec.DecodeError, RecursionError) as error:
                    found.append(str(error))
                except KeyError as unknown:
                    found.append(f"{unknown} is no decision")
        try:
            found = found or of.faults(position, event, envelope, signed_by)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            found.append(f"its command: {error}")
        if not found:
            of.take(position, event, envelope, signed_by)
        if envelope.tags != event.tags(programme):
            found.append("its tags are not those of what it says, so decisions do not find it")
        self.faults += (SignatureFault(position, each) for each in found)

    def _signer(self, of: SignedFor, type_: str, command: str, text: str, envelope: PrivateEnvelope) -> str:
        """The key that signed. Raises a `Refusal`."""
        signature = read_signature(text)
        actor = envelope.actor
        signed = Signed(
            programme=of.programme,
            decision=type_,
            command=command.encode(),
            actor=actor,
            # The ledger does not say it again; that it is used once is looked at below.
            request=signature.header.jti,
            decided_at=datetime.fromisoformat(envelope.decided_at),
        )
        parsed = msgspec.json.decode(command, type=DECISIONS[type_].command)
        key = require_signature(signature, signed, parsed, of.keys, self._verify)
        use = (of.programme, actor.party, actor.agency, signature.header.jti)
        if use in self._used:
            raise SignatureMismatchError(
                f"JWS-Signature: {actor.agency} signed request {use[3]!r} once, and it stands twice",
                rule="A signature is good for one request.",
            )
        self._used.add(use)
        return key


def _made(of: SignedFor, type_: str, event: Event) -> set[str]:
    """What this decision made, proposed or settled, of which the charter may ask for a signature."""
    made = {type_}
    if isinstance(event, SCORE_EVENTS):  # by far the most
        return made
    if isinstance(event, DecisionProposed):
        made.add(event.decision)
    elif isinstance(event, DecisionApproved | DecisionRejected | ProposalWithdrawn):
        made.add(of.decision_of(event.proposal) or type_)
    return made
