"""What signatures are held against, as a ledger says it: who has which keys, what has to be signed, what was proposed.

Whoever could make this up could make up the signatures, so each event is held against its command, and the command
against the charter; what is decided of keys and proposals is decided again.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Final

import msgspec

from domain.amendments import AmendCharter, given_to_two
from domain.as_asked import differing
from domain.boundary import tag
from domain.charter import CHARTER_EVENTS, CharterAmended, CharterInForce, CharterPublished, PublishCharter
from domain.charter_document import Charter, canonical, parse
from domain.decision import (
    DECISION_OF,
    DECISIONS,
    Case,
    Command,
    Decision,
    Fact,
    folding,
    require_attribution,
    require_mandate,
)
from domain.envelope import Actor, PrivateEnvelope, followed
from domain.event import Event
from domain.keys import KeyRegistered, KeyRevoked, Keys
from domain.notices import NoticeServed, is_taken_from_others
from domain.opened_stages import OpenedStages
from domain.proposal_events import (
    DecisionApproved,
    DecisionProposed,
    DecisionRejected,
    Proposal,
    ProposalWithdrawn,
)
from domain.proposals import Approve, Propose, require_approvable
from domain.record import SCORE_EVENTS
from domain.refusal import Refusal
from domain.releases import Releases
from domain.teams import Roster


class _Asked(msgspec.Struct, frozen=True):
    """What was asked for, and by whom: of what was approved, by who had proposed it."""

    decision: Decision
    command: Command
    by: Actor


class SignedFor:
    """A fold over the events of one programme, by position. `wants_any_signed`: whether the charter in force does."""

    def __init__(self, programme: str) -> None:
        self.programme = programme
        self.wants_any_signed = False
        self.keys = Keys(programme)
        self._charter = CharterInForce(programme)
        self._roster = Roster(programme)
        self._opened = OpenedStages(programme)
        self._fold = folding((self.keys, self._charter, self._roster, self._opened))
        self._tags = (tag("programme", programme),)  # whatever tags an event is recorded with
        self._releases = Releases()
        self._proposals: dict[str, tuple[Proposal, str | None]] = {}
        self._approved: tuple[int, PrivateEnvelope, DecisionProposed] | None = None
        self._due = False  # what was approved is to come next
        self._let: set[tuple[object, ...]] = set()  # what the charter in force lets be made
        self._by_one: set[str] = set()  # types of events that it lets one agency decide

    def wants_signed(self, decision: str) -> bool:
        """Whether the charter in force, if there is one, has the decision signed."""
        return bool(self._charter.position) and self._charter.charter.wants_signed(decision)

    def decision_of(self, proposal: str) -> str | None:
        """What was proposed."""
        return self._proposals[proposal][0].proposed.decision if proposal in self._proposals else None

    def take(self, position: int, event: Event, envelope: PrivateEnvelope, signed_by: str | None) -> None:
        """What the event says counts from here on."""
        if isinstance(event, SCORE_EVENTS):  # by far the most, and nothing is held against them
            return
        match event:
            case DecisionProposed():
                proposal = Proposal(self.programme, event.proposal)
                proposal.apply(position, event)
                self._proposals[event.proposal] = proposal, signed_by
            case DecisionApproved() | DecisionRejected() | ProposalWithdrawn():
                proposal, _ = self._proposals[event.proposal]
                proposal.apply(position, event)
                if isinstance(event, DecisionApproved):
                    self._approved, self._due = (position, envelope, proposal.proposed), True
            case _:
                self._releases.take(event)
                self._fold(event.TYPE, self._tags, position, event)
                if isinstance(event, CHARTER_EVENTS):
                    self.wants_any_signed = bool(self._charter.charter.signed)
                    self._let.clear()
                    self._by_one.clear()

    def faults(self, position: int, event: Event, envelope: PrivateEnvelope, signed_by: str | None) -> list[str]:
        """Where the event is not what its command comes to. `signed_by`: the key that the command was signed with."""
        found: list[str] = []
        try:
            for each in self._faults(position, event, envelope, signed_by):
                found.append(each)  # what was found before a refusal stays
        except Refusal as refusal:
            found.append(refusal.detail)
        return found

    def _faults(self, position: int, event: Event, envelope: PrivateEnvelope, signed_by: str | None) -> Iterator[str]:
        if not self._charter.position and not isinstance(event, CharterPublished):
            yield "a programme begins with its charter"
            return
        approved, due, self._due = self._approved_before(position, envelope), self._due, False
        if due and approved is None:
            yield "what was approved before it did not follow"
            return
        if envelope.causation is not None:
            yield from _causation_faults(position, envelope)
        proposal = event if isinstance(event, DecisionProposed) else None
        proposed = approved if proposal is None else proposal
        if proposed is None:
            name, text, by = envelope.command_type, envelope.command, envelope.actor
        else:
            name, text, by = proposed.decision, proposed.command, proposed.proposer
        if name is None or text is None:
            yield "an event of no decision"
            return
        if proposal is None and name != DECISION_OF.get(event.TYPE):
            yield f"{name} does not come to {event.TYPE}"
            return
        decision = DECISIONS.get(name)
        if decision is None or (proposed is not None and not decision.mandated):
            yield f"{name} is never proposed"
            return
        asked = _Asked(decision, _reader(decision.command)(text), by)
        charter = parse(event.document.encode()) if isinstance(event, CharterPublished) else self._charter.charter
        self._require_allowed(asked, charter)
        if proposal is not None:
            yield from self._proposal_faults(proposal, envelope, signed_by)
            yield from _attribution_faults(
                asked.command if envelope.command_type == name else _by_name(envelope), envelope
            )
            return
        if proposed is None:
            if self._takes_two(event):
                yield f"{name} of {by.agency} is not countersigned"
                return
            yield from _attribution_faults(asked.command, envelope)
        if others := differing(asked.command, event):
            yield f"{event.TYPE} has another {', '.join(others)} than {name} of {by.agency}"
            return
        if isinstance(event, SCORE_EVENTS):
            return
        yield from self._releases.faults(event, charter, by)
        match event:
            case KeyRegistered() | KeyRevoked():
                yield from self._decided_again(event, asked, envelope, signed_by, self.keys, self._roster)
            case DecisionRejected() | ProposalWithdrawn():
                yield from self._decided_again(event, asked, envelope, signed_by, self._proposal(event.proposal))
            case CharterPublished() | CharterAmended():
                yield from self._charter_faults(event, asked.command)
            case DecisionApproved():
                yield from self._approval_faults(event, asked.command, envelope, signed_by)
            case NoticeServed():
                if is_taken_from_others(event, by, followed(envelope.causation), envelope.decider):
                    yield f"{event.notice} is the id of another notice, which is served by itself"
            case _:
                pass

    def _approved_before(self, position: int, envelope: PrivateEnvelope) -> DecisionProposed | None:
        """What was proposed, if the event follows its approval in the same decision."""
        if self._approved is None or envelope.command is not None:
            return None
        at, approval, proposed = self._approved
        return proposed if at + 1 == position and _maker(approval) == _maker(envelope) else None

    def _require_allowed(self, asked: _Asked, charter: Charter) -> None:
        """Raise a `Refusal` unless it is attributed as the charter has it, and made by whom it names.

        What an agency may do by the charter in force is looked up once.
        """
        command, by = asked.command, asked.by
        same = (asked.decision.type, by, command.attribution, command.decided_by, command.source is None)
        if same in self._let:
            return
        require_attribution(command, charter)
        if asked.decision.mandated or by.party == "system":
            require_mandate(asked.decision, command, by, charter)
        if by.party == "agency" and self._charter.position and charter is self._charter.charter:
            self._let.add(same)

    def _takes_two(self, event: Event) -> bool:
        """Whether the decision is countersigned whenever it is made, which the charter in force says once."""
        if event.TYPE in self._by_one:
            return False
        takes_two = self._is_given_to_two(event)
        if not (takes_two or isinstance(event, CHARTER_EVENTS)):
            self._by_one.add(event.TYPE)
        return takes_two

    def _is_given_to_two(self, event: Event) -> bool:
        """What is reported never is."""
        if not self._charter.position or (charter := self._charter.charter).data_set == "public-record":
            return False
        if isinstance(event, CharterAmended) and (
            self._opened.fields or given_to_two(parse(event.document.encode())) != given_to_two(charter)
        ):
            return True
        decision = DECISION_OF[event.TYPE]
        return decision == "record-deviation" or charter.countersigned(decision)

    def _proposal(self, proposal: str) -> Proposal:
        return self._proposals.get(proposal, (Proposal(self.programme, proposal), None))[0]

    def _case(self, envelope: PrivateEnvelope, signed_by: str | None) -> Case:
        return Case(
            programme=self.programme,
            actor=envelope.actor,
            decided_at=datetime.fromisoformat(envelope.decided_at),
            position=0,
            decision_id=envelope.decision_id or "",
            charter=self._charter.charter,
            rules_hash=self._charter.rules_hash,
            signed_by=signed_by,
        )

    def _decided_again(
        self, event: Event, asked: _Asked, envelope: PrivateEnvelope, signed_by: str | None, *facts: Fact
    ) -> Iterator[str]:
        """It comes to this: only its owner's, vouched for, and the last key stays; of a proposal that waits."""
        again = tuple(asked.decision.decide(asked.command, self._case(envelope, signed_by), *facts))
        if again != (event,):
            yield f"{event.TYPE} says something else than {asked.decision.type} of {asked.by.agency}"

    def _charter_faults(self, event: CharterPublished | CharterAmended, command: Command) -> Iterator[str]:
        """It is the document that was submitted, and takes no protection away."""
        assert isinstance(command, PublishCharter | AmendCharter)
        if canonical(command.charter).decode() != event.document:
            yield "the charter is not the one of its command"
            return
        if not self._charter.position:
            return
        if isinstance(event, CharterPublished):
            yield "a charter is published once"
        before, now = self._charter.charter, parse(event.document.encode())
        for gone in (each for each in before.signed if each not in now.signed):
            yield f"{gone} is signed no more"
        if now.data_set != before.data_set:
            yield f"{before.data_set} stays what it is"

    def _proposal_faults(
        self, event: DecisionProposed, envelope: PrivateEnvelope, signed_by: str | None
    ) -> Iterator[str]:
        if event.proposal in self._proposals:
            yield f"{event.proposal} was proposed before"
        if event.proposer != envelope.actor or not _proposes(envelope, event):
            yield f"{envelope.actor.agency} did not propose this"
        if hashlib.sha256(event.command.encode()).hexdigest() != event.command_hash:
            yield "the proposal's hash is not that of its command"
        if event.signed_by not in (None, signed_by):
            yield f"the proposal is not signed with {event.signed_by}"
        named = self._charter.charter.countersigners(event.decision, event.proposer.agency)
        if not {*event.awaiting} <= {*named}:
            yield f"the charter has others countersign {event.decision} of {event.proposer.agency}"

    def _approval_faults(
        self, event: DecisionApproved, command: Command, envelope: PrivateEnvelope, signed_by: str | None
    ) -> Iterator[str]:
        """It names what was proposed and waits, by its hash, and is another's."""
        assert isinstance(command, Approve)
        proposal = self._proposal(event.proposal)
        require_approvable(command, self._case(envelope, signed_by), proposal)
        proposed = proposal.proposed
        if (event.decision, event.proposer) != (proposed.decision, proposed.proposer):
            yield "it approves what was not proposed"
        if self._proposals[event.proposal][1] is None and self.wants_signed(proposed.decision):
            yield f"{proposed.decision} was proposed by {proposed.proposer.agency} unsigned, and has to be signed"


@functools.cache
def _reader(command: type[Command]) -> Callable[[str], Command]:
    return msgspec.json.Decoder(command).decode


def _maker(envelope: PrivateEnvelope) -> tuple[object, ...]:
    """What the events of one decision have in common."""
    made = envelope.decision_id, envelope.command_type, envelope.actor, envelope.decided_at
    return (*made, *_attributed(envelope))


_attributed: Final = attrgetter("attribution", "source", "decided_by")
"""Of an envelope, or of a command."""


def _attribution_faults(sent: Command, envelope: PrivateEnvelope) -> Iterator[str]:
    """Whose decision it is said to be, the command of the request says."""
    if _attributed(sent) != _attributed(envelope):
        yield f"it is attributed to others than {envelope.command_type} of {envelope.actor.agency} says"


def _causation_faults(position: int, envelope: PrivateEnvelope) -> Iterator[str]:
    """Only what the system decides follows by itself, and from what was recorded before."""
    if envelope.actor.party != "system":
        yield f"it is said to follow by itself, and {envelope.actor.agency} decided it"
    elif not 0 < (followed(envelope.causation) or 0) < position:
        yield "it follows from nothing that was recorded before"


def _by_name(envelope: PrivateEnvelope) -> Propose:
    """The request by which a decision was proposed by name."""
    return msgspec.json.decode(envelope.command or "", type=Propose)


def _proposes(envelope: PrivateEnvelope, event: DecisionProposed) -> bool:
    """Whether the command is the one that was proposed, or proposes it by name."""
    if envelope.command is None or envelope.command_type != "propose":
        return (envelope.command_type, envelope.command) == (event.decision, event.command)
    asked = _by_name(envelope)
    return (asked.decision, asked.command) == (event.decision, msgspec.json.decode(event.command))
