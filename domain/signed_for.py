"""What signatures are held against, as a ledger says it: who has which keys, what has to be signed, what was proposed.

Whoever could make this up could make up the signatures, so each such event is held against its signed command.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from domain.amendments import given_to_two
from domain.charter import CharterAmended, CharterInForce, CharterPublished
from domain.charter_document import canonical, parse
from domain.decision import DECISION_OF, DECISIONS, Case, folding
from domain.envelope import PrivateEnvelope
from domain.event import Event
from domain.keys import KeyRegistered, KeyRevoked, Keys
from domain.opened_stages import OpenedStages
from domain.proposal_events import DecisionApproved, DecisionProposed
from domain.proposals import Approve, Propose
from domain.refusal import Refusal
from domain.teams import Roster


class SignedFor:
    """A fold over the events of one programme, by position."""

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.keys = Keys(programme)
        self._charter = CharterInForce(programme)
        self._roster = Roster(programme)
        self._opened = OpenedStages(programme)
        self._fold = folding((self.keys, self._charter, self._roster, self._opened))
        self._proposed: dict[str, tuple[DecisionProposed, str | None]] = {}
        self._approved: tuple[int, PrivateEnvelope, DecisionProposed] | None = None

    def wants_signed(self, decision: str) -> bool:
        """Whether the charter in force, if there is one, has the decision signed."""
        return bool(self._charter.position) and self._charter.charter.wants_signed(decision)

    def decision_of(self, proposal: str) -> str | None:
        """What was proposed."""
        return self._proposed[proposal][0].decision if proposal in self._proposed else None

    def take(self, position: int, event: Event, envelope: PrivateEnvelope, signed_by: str | None) -> None:
        """What the event says counts from here on."""
        if isinstance(event, DecisionProposed):
            self._proposed[event.proposal] = event, signed_by
        elif isinstance(event, DecisionApproved) and event.proposal in self._proposed:
            self._approved = position, envelope, self._proposed[event.proposal][0]
        self._fold(event.TYPE, envelope.tags, position, event)

    def faults(self, position: int, event: Event, envelope: PrivateEnvelope, signed_by: str | None) -> Iterator[str]:
        """Where the event is not what its command comes to. `signed_by`: the key that the command was signed with."""
        approved = self._approved_before(position, envelope)
        decision = envelope.command_type if approved is None else approved.decision
        if not isinstance(event, DecisionProposed):
            if approved is None and envelope.command is None:
                yield "an event of no decision"
                return
            if decision != DECISION_OF.get(event.TYPE):
                yield f"{decision} does not come to {event.TYPE}"
                return
            if approved is None and self._takes_two(event):
                yield f"{decision} of {envelope.actor.agency} is not countersigned"
                return
        match event:
            case KeyRegistered():
                yield from self._key_faults("register-key", event, envelope, signed_by)
            case KeyRevoked():
                yield from self._key_faults("revoke-key", event, envelope, signed_by)
            case CharterPublished() | CharterAmended():
                yield from self._charter_faults(event, envelope.command if approved is None else approved.command)
            case DecisionProposed():
                if event.proposer != envelope.actor or not _proposes(envelope, event):
                    yield f"{envelope.actor.agency} did not propose this"
                if event.signed_by not in (None, signed_by):
                    yield f"the proposal is not signed with {event.signed_by}"
                if not {*event.awaiting} <= {*self._countersigners(event)}:
                    yield f"the charter has others countersign {event.decision} of {event.proposer.agency}"
            case DecisionApproved():
                yield from self._approval_faults(event, envelope)
            case _:
                pass

    def _approved_before(self, position: int, envelope: PrivateEnvelope) -> DecisionProposed | None:
        """What was proposed, if the event follows its approval in the same decision."""
        if self._approved is None or envelope.command is not None:
            return None
        at, approval, proposed = self._approved
        return proposed if at + 1 == position and _maker(approval) == _maker(envelope) else None

    def _takes_two(self, event: Event) -> bool:
        """Whether the decision is countersigned whenever it is made; what is reported never is."""
        if not self._charter.position or (charter := self._charter.charter).data_set == "public-record":
            return False
        if isinstance(event, CharterAmended) and (
            self._opened.fields or given_to_two(parse(event.document.encode())) != given_to_two(charter)
        ):
            return True
        decision = DECISION_OF[event.TYPE]
        return decision == "record-deviation" or charter.countersigned(decision)

    def _countersigners(self, proposed: DecisionProposed) -> tuple[str, ...]:
        """By the charter in force."""
        if not self._charter.position:
            return ()
        return self._charter.charter.countersigners(proposed.decision, proposed.proposer.agency)

    def _key_faults(self, type_: str, event: Event, envelope: PrivateEnvelope, signed_by: str | None) -> Iterator[str]:
        """Decided again it comes to this: only its owner's, vouched for, and the last one stays where it has to."""
        if envelope.command is None:
            yield f"{type_} is never proposed"
            return
        decision = DECISIONS[type_]
        try:
            case = Case(
                programme=self.programme,
                actor=envelope.actor,
                decided_at=datetime.fromisoformat(envelope.decided_at),
                position=0,
                decision_id=envelope.decision_id or "",
                charter=self._charter.charter,
                rules_hash=self._charter.rules_hash,
                signed_by=signed_by,
            )
            command = msgspec.json.decode(envelope.command, type=decision.command)
            again = tuple(decision.decide(command, case, self.keys, self._roster))
        except Refusal as refusal:
            yield refusal.detail
            return
        if again != (event,):
            yield f"{event.TYPE} says something else than {type_} of {envelope.actor.agency}"

    def _charter_faults(self, event: CharterPublished | CharterAmended, command: str | None) -> Iterator[str]:
        """It is the document that was submitted or, if it was proposed, the one that was approved."""
        if isinstance(event, CharterPublished) and self._charter.position:
            yield "a charter is published once"
        if canonical(msgspec.json.decode(command or "", type=_Document).charter).decode() != event.document:
            yield "the charter is not the one of its command"
        elif self._charter.position:
            now = parse(event.document.encode()).signed
            for gone in (each for each in self._charter.charter.signed if each not in now):
                yield f"{gone} is signed no more"

    def _approval_faults(self, event: DecisionApproved, envelope: PrivateEnvelope) -> Iterator[str]:
        said = msgspec.json.decode(envelope.command or "", type=Approve)
        if (said.proposal, said.command_hash) != (event.proposal, event.command_hash):
            yield f"{envelope.actor.agency} did not approve this"
        proposed, signed_by = self._proposed.get(event.proposal, (None, None))
        if proposed is None:
            yield "it approves what was not proposed"
            return
        if envelope.actor.agency not in self._countersigners(proposed):
            yield f"{envelope.actor.agency} does not countersign {proposed.decision} of {proposed.proposer.agency}"
        if signed_by is None and self.wants_signed(proposed.decision):
            yield f"{proposed.decision} was proposed by {proposed.proposer.agency} unsigned, and has to be signed"


def _maker(envelope: PrivateEnvelope) -> tuple[object, ...]:
    """What the events of one decision have in common."""
    return envelope.decision_id, envelope.command_type, envelope.actor, envelope.decided_at


class _Document(msgspec.Struct):
    """What publishing and amending a charter have in common."""

    charter: dict[str, object]


def _proposes(envelope: PrivateEnvelope, event: DecisionProposed) -> bool:
    """Whether the command is the one that was proposed, or proposes it by name."""
    if envelope.command is None or envelope.command_type != "propose":
        return (envelope.command_type, envelope.command) == (event.decision, event.command)
    asked = msgspec.json.decode(envelope.command, type=Propose)
    return (asked.decision, asked.command) == (event.decision, msgspec.json.decode(event.command))
