"""One recorded decision, made again: on exactly the events that its boundary names, by the decider that made it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from domain.boundary import Boundary, Query, QueryItem
from domain.checkpoint import Checkpoint
from domain.deadlines import moment
from domain.decision import DECISIONS, Case, Command, Decision, Fact, Ruling, decider_of, rule_on
from domain.discretion import Discretion, discretion
from domain.ed25519 import Verify
from domain.effects import as_proposed, command_of, countersigned, decided_anew
from domain.envelope import Actor, PrivateEnvelope, decode_envelope, encode_envelope, followed
from domain.event import Event, UnknownEventError, decode_data, encode_data
from domain.foreseen import Foreseen
from domain.history import History
from domain.keys import Keys
from domain.proposal_events import DecisionProposed, Proposal
from domain.proposals import Approve, Propose, ruled
from domain.reactions import by_itself, is_held
from domain.readings import Facts, NotReproducedError, OwnReading, SharedReading
from domain.recorded import envelope_of
from domain.refusal import Refusal
from domain.rulebook import prepare
from domain.signatures import Signed, read_signature, require_signature
from domain.views import Occurrence
from domain.views.effects import ahead, changes_after

Sealed = Callable[[int], Checkpoint | None]


class Stored(Protocol):
    """An event as it is in the ledger."""

    @property
    def position(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def envelope(self) -> bytes: ...
    @property
    def data(self) -> bytes: ...


class NotReExecutableError(Exception):
    """This release does not know the decider, or what it decided."""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that was made again, and what it was made on."""

    decision: Decision
    command: Command
    facts: tuple[Fact, ...]
    case: Case
    ruling: Ruling
    history: History
    before: int

    def discretion(self) -> Discretion:
        """What of the outcome was chosen: of what is proposed or approved, what was proposed."""
        if is_held(self.case.actor):
            return Discretion(chosen=())
        settled = self._settled()

        def make(decision: Decision, command: Command) -> Sequence[Event]:
            _charter, facts = prepare(decision, command, settled.case.programme)
            stood = SharedReading(self.history, self.before).folded(*facts)
            return ruled(decision, command, "", tuple(stood), case=settled.case).events

        return discretion(settled.decision, settled.command, settled.ruling.events, settled.case.programme, make)

    def _settled(self) -> Again:
        first, case = self.ruling.events[0], self.case
        if isinstance(self.command, Approve):
            proposal, *facts = self.facts
            assert isinstance(proposal, Proposal)
            proposed = proposal.proposed
            return msgspec.structs.replace(
                self,
                decision=DECISIONS[proposed.decision],
                command=command_of(proposed),
                facts=tuple(facts),
                case=msgspec.structs.replace(as_proposed(proposed, case), countersigned_by=case.actor),
                ruling=msgspec.structs.replace(self.ruling, events=self.ruling.events[1:]),
            )
        if isinstance(first, DecisionProposed):
            inner = self.command.inner() if isinstance(self.command, Propose) else (self.decision, self.command)
            assumed = countersigned(case, first.awaiting[0])
            ruling = rule_on(*inner, self.facts, case=assumed)
            return msgspec.structs.replace(self, decision=inner[0], command=inner[1], case=assumed, ruling=ruling)
        return self


class Said(msgspec.Struct, frozen=True, gc=False):
    """What a decision is made again from, of an envelope; `after`, of its boundary alone."""

    event_id: str
    tags: tuple[str, ...]
    decided_at: str
    actor: Actor
    decision_id: str | None = None
    command_type: str | None = None
    command: str | None = None
    causation: str | None = None
    boundary: _After | None = None
    decider: str | None = None
    signature: str | None = None


class _After(msgspec.Struct, frozen=True, gc=False):
    after: int


class Recorded(msgspec.Struct, frozen=True):
    """A decision as it is in the ledger: its events, and what the envelope of each says."""

    programme: str
    events: Sequence[Stored]
    said: Sequence[Said]

    @property
    def first(self) -> int:
        return self.events[0].position

    def again(self, history: History, verify: Verify, sealed: Sealed, *, exact: bool = False) -> Again:
        """The decision, made again, with the same events.

        `history`: what stood before it. `exact`: it reads its boundary for itself, whatever others have read. Raises
        `NotReproducedError`, `NotReExecutableError`, `UnreadableEventError`, and the `Refusal` that the rules give.
        """
        said = self.said[0]
        if said.command is None or said.command_type is None or said.boundary is None:
            raise NotReproducedError(self.first, "an event of no decision")
        decision = self._decider()
        command = self._command(decision, said.command)
        if not exact and not (isinstance(command, Approve) and command.effects is not None):
            try:
                shared = SharedReading(history, self.first - 1)
                made = self._make(decision, command, said.command, history, shared, verify, sealed)
                if shared.last <= said.boundary.after < self.first and self._same(made, shared.needed):
                    return made
            except Refusal:
                pass  # what its own boundary has is what counts
        envelopes = [decode_envelope(each.envelope) for each in self.events]
        boundary = envelopes[0].boundary
        assert boundary is not None
        own = OwnReading(history, boundary, self.first - 1)
        own.require_unchanged()
        made = self._make(decision, command, said.command, history, own, verify, sealed)
        self._require_same(made, envelopes)
        return made

    def read(self, history: History) -> int:
        """How many events the boundary names."""
        boundary = decode_envelope(self.events[0].envelope).boundary
        assert boundary is not None
        return len(history.matching(boundary.query.items or (QueryItem(),), upto=boundary.after))

    def _make(
        self,
        decision: Decision,
        command: Command,
        body: str,
        history: History,
        facts: Facts,
        verify: Verify,
        sealed: Sealed,
    ) -> Again:
        said = self.said[0]
        assert said.boundary is not None
        signature = None if said.signature is None else read_signature(said.signature)
        prior = None
        if decision.prior is not None:
            (prior,) = facts.folded(decision.prior(command, self.programme))
        charter, needed = prepare(decision, command, self.programme, prior)
        wanted = dict.fromkeys((charter, *needed, *(() if signature is None else (Keys(self.programme),))))
        found = dict(zip(wanted, facts.folded(*wanted), strict=True))
        case = Case(
            programme=self.programme,
            actor=said.actor,
            decided_at=moment(said.decided_at),
            position=said.boundary.after,
            decision_id=said.decision_id or "",
            charter=found[charter].charter,
            rules_hash=found[charter].rules_hash,
            sealed=sealed,
            follows=followed(said.causation) if said.actor.party == "system" else None,
        )
        if signature is not None:
            signed = Signed(
                programme=self.programme,
                decision=decision.type,
                command=body.encode(),
                actor=said.actor,
                request=signature.header.jti,  # the ledger does not say it again
                decided_at=case.decided_at,
            )
            keys = found[next(reversed(wanted))]
            case = msgspec.structs.replace(case, signed_by=require_signature(signature, signed, command, keys, verify))
        given = tuple([found[each] for each in needed])
        if isinstance(command, Approve) and command.effects is not None:
            case = msgspec.structs.replace(case, foreseen=_foreseen(given, case, history))
        ruling = ruled(decision, command, body, given, case=case)
        return Again(
            decision=decision,
            command=command,
            facts=given,
            case=case,
            ruling=ruling,
            history=history,
            before=self.first - 1,
        )

    def _decider(self) -> Decision:
        said = self.said[0]
        name, _slash, version = (said.decider or "").partition("/")
        if name != said.command_type or not version.isdecimal():
            raise NotReproducedError(self.first, f"{said.decider} is no decider of {said.command_type}")
        found = decider_of(name, int(version))
        if found is None:
            raise NotReExecutableError(f"{said.decider} is not in this release")
        try:
            return by_itself(found, said.actor)
        except LookupError as error:
            raise NotReExecutableError(str(error)) from error

    def _command(self, decision: Decision, body: str) -> Command:
        try:
            found: Command = _decoder(decision.command).decode(body)
        except msgspec.DecodeError as error:
            raise NotReproducedError(self.first, f"its command: {error}") from error
        return found

    def _same(self, made: Again, needed: tuple[QueryItem, ...]) -> bool:
        """Whether events and envelopes are, byte for byte, those that the decision comes to with that boundary."""
        if len(made.ruling.events) != len(self.events):
            return False
        boundary = Boundary(Query(needed), made.case.position)
        for number, (event, stored) in enumerate(zip(made.ruling.events, self.events, strict=True)):
            if (stored.type, stored.version, stored.position) != (event.TYPE, event.VERSION, self.first + number):
                return False
            if stored.data != encode_data(event):
                return False
            if stored.envelope != encode_envelope(self._envelope(number, event, made, boundary)):
                return False
        return True

    def _envelope(self, number: int, event: Event, made: Again, boundary: Boundary) -> PrivateEnvelope:
        first = self.said[0]
        return envelope_of(
            event,
            made.ruling,
            made.case,
            decision=made.decision,
            command=made.command,
            body=first.command if number == 0 else None,
            boundary=boundary,
            signature=first.signature if number == 0 else None,
            event_id=self.said[number].event_id,
        )

    def _require_same(self, made: Again, envelopes: Sequence[PrivateEnvelope]) -> None:
        """Raise unless the events and their envelopes are those that the decision comes to, and say what differs."""
        boundary = envelopes[0].boundary
        assert boundary is not None
        for number, (event, stored) in enumerate(itertools.zip_longest(made.ruling.events, self.events)):
            position = self.first + number
            if stored is None:
                raise NotReproducedError(position - 1, f"the decision comes to {event.TYPE} after it, too")
            if event is None:
                raise NotReproducedError(stored.position, f"the decision comes to no {stored.type}")
            if (stored.type, stored.position) != (event.TYPE, position):
                raise NotReproducedError(
                    stored.position, f"the decision comes to {event.TYPE} at position {position}, not to {stored.type}"
                )
            _require_data(stored, event)
            expected = self._envelope(number, event, made, boundary)
            if expected != envelopes[number]:
                differing = _differing(msgspec.structs.asdict(expected), msgspec.structs.asdict(envelopes[number]))
                raise NotReproducedError(position, f"its envelope has another {differing} than the decision")


def _foreseen(facts: Sequence[Any], case: Case, history: History) -> Foreseen | None:
    """What was foreseen of a proposal when it was approved; `None` where what refuses the decision says so itself."""
    proposal, *of_proposed = facts
    try:
        events = decided_anew(proposal.proposed, tuple(of_proposed), case=case).events
    except Refusal:
        return None
    before = [Occurrence(at, case.decided_at, each.VERSION, b"", each) for at, each in history.upto(case.position)]
    return changes_after(case.programme, before, ahead(case, events)).foreseen(events)


def _require_data(stored: Stored, event: Event) -> None:
    if stored.version == event.VERSION and stored.data == encode_data(event):
        return
    try:
        recorded = decode_data(stored.type, stored.version, stored.data)
    except UnknownEventError as error:
        raise NotReExecutableError(str(error)) from error
    except msgspec.DecodeError as error:
        raise NotReproducedError(stored.position, f"the {stored.type} cannot be read: {error}") from error
    if stored.version < event.VERSION and recorded == event:
        return
    differing = _differing(msgspec.structs.asdict(event), msgspec.structs.asdict(recorded))
    raise NotReproducedError(
        stored.position, f"the {stored.type} has {differing or 'other bytes'}, which the decision does not come to"
    )


def _differing(expected: dict[str, Any], recorded: dict[str, Any]) -> str:
    return ", ".join(each for each in expected if expected[each] != recorded[each])


@functools.cache
def _decoder(type_: type[Command]) -> msgspec.json.Decoder[Command]:
    """Kept: to look a type up takes as long as to decode a score."""
    return msgspec.json.Decoder(type_)
