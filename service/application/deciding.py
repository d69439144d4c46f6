"""Deciding, without recording: the facts that a submitted decision depends on, and what it comes to on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.boundary import Query
from domain.charter_document import Charter
from domain.checkpoint import Checkpoint
from domain.decision import Case, CharterFact, Command, Decision, Fact, Ruling
from domain.disclosure import Reader
from domain.ed25519 import Verify
from domain.envelope import Actor
from domain.keys import Keys
from domain.proposals import ruled
from domain.refusal import Refusal
from domain.rulebook import prepare
from domain.signatures import Signature, Signed, read_signature, require_signature
from service.application.facts import KeptFacts, as_dcb, read_facts
from service.application.ports import Ledger


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where time, ids and randomness come from. `salt`: 16 random bytes. `identifier`: a UUIDv7."""

    now: Callable[[], datetime]
    identifier: Callable[[], UUID]
    salt: Callable[[], bytes]


class ChangedSinceError(Exception):
    """Something that the decision depends on has changed after the position up to which its maker looked at it."""


class ChangesNotYoursToReadError(Refusal):
    """What a decision depends on is followed by the agencies of the programme: others may not read all of it."""

    KIND = "forbidden"


class Submission(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an agency sent: the exact bytes of the body, its own name for the request, and its signature if any.

    `signed_as`: the request's name in the signature, if it is not its idempotency key. `unchanged_since`: a position;
    the decision is not made if what it depends on has changed after it. `follows`: the position of the event that a
    decision of the system follows from.
    """

    programme: str
    decision_type: str
    body: bytes
    actor: Actor
    idempotency_key: str
    signature: str | None = None
    signed_as: str | None = None
    unchanged_since: int | None = None
    follows: int | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A submitted decision and the facts that it depends on, `charter` and `keys` among them.

    `signature`: as it was read, if there is one, and `keys`: those registered in the programme.
    """

    submission: Submission
    decision: Decision
    command: Command
    charter: CharterFact
    facts: tuple[Fact, ...]
    signature: Signature | None
    keys: Keys

    @property
    def folded(self) -> tuple[Fact, ...]:
        """Every fact, once."""
        return tuple(dict.fromkeys((self.charter, *self.facts, *([self.keys] if self.signature else []))))

    def on(self, known: Callable[[Any], Any]) -> Question:
        """The same on the facts that `known` gives in the place of each."""
        return Question(
            submission=self.submission,
            decision=self.decision,
            command=self.command,
            charter=known(self.charter),
            facts=tuple([known(fact) for fact in self.facts]),
            signature=self.signature,
            keys=known(self.keys) if self.signature else self.keys,
        )


class Considered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A decision with the facts that it is to be made on. `query`: its boundary; `case.position`: the head then."""

    submission: Submission
    decision: Decision
    command: Command
    facts: tuple[Fact, ...]
    case: Case
    decision_id: UUID
    query: Query

    def ruling(self) -> Ruling:
        """See `domain.proposals.ruled`. Raises a `Refusal`."""
        return ruled(self.decision, self.command, self.submission.body.decode(), self.facts, case=self.case)


class Deciding:
    """Safe to call from many threads. `sealed`: the checkpoint of a size, if there is one."""

    def __init__(
        self, ledger: Ledger, sources: Sources, verify: Verify, sealed: Callable[[int], Checkpoint | None]
    ) -> None:
        self._ledger = ledger
        self.sources = sources
        self._verify = verify
        self._sealed = sealed
        self._facts = KeptFacts(ledger)
        self.events = self._facts.events

    @contextmanager
    def considered(self, submission: Submission, decision: Decision, command: Command) -> Iterator[Considered]:
        """Read the decision's boundary, and check the signature if there is one.

        The facts are this decision's own only within the context. Raises a `Refusal`, `ChangedSinceError`,
        `LedgerUnavailableError`.
        """
        decided_at = self.sources.now()
        prior = None if decision.prior is None else decision.prior(command, submission.programme)
        if prior is not None:
            read_facts(self._ledger, (prior,))
        question = asked(submission, decision, command, prior)
        with self._facts.read(question.folded) as (known, query, head):
            question = question.on(known.__getitem__)
            if submission.unchanged_since is not None:
                _require_insider(submission.actor, question.charter.charter)
                self._require_unchanged(submission.unchanged_since, query, head)
            yield self.consider(question, query, head, decided_at)

    def _require_unchanged(self, since: int, query: Query, head: int) -> None:
        if since > head:
            raise ChangedSinceError(f"position {since} is not reached: the ledger ends at {head}")
        for event in self._ledger.read(as_dcb(query), after=since, upto=head, limit=1):
            raise ChangedSinceError(
                f"what the decision depends on has changed: {event.type} is at position {event.position}, after {since}"
            )

    def consider(self, question: Question, query: Query, position: int, decided_at: datetime) -> Considered:
        """The decision on its facts, which are folded up to the position. Raises a `Refusal`."""
        submission = question.submission
        decision_id = self.sources.identifier()
        case = Case(
            programme=submission.programme,
            actor=submission.actor,
            decided_at=decided_at,
            position=position,
            decision_id=str(decision_id),
            charter=question.charter.charter,
            rules_hash=question.charter.rules_hash,
            sealed=self._sealed,
            follows=submission.follows,
        )
        if question.signature is not None:
            signed = _signed(submission, case)
            try:
                signed_by = require_signature(question.signature, signed, question.command, question.keys, self._verify)
            except Refusal as refusal:
                refusal.doubtful = True
                raise
            case = msgspec.structs.replace(case, signed_by=signed_by)
        return Considered(
            submission=submission,
            decision=question.decision,
            command=question.command,
            facts=question.facts,
            case=case,
            decision_id=decision_id,
            query=query,
        )


def asked(submission: Submission, decision: Decision, command: Command, prior: Fact | None = None) -> Question:
    """What the decision depends on; nothing is read. `prior`: its prior fact, folded, if it has one.

    Raises a `Refusal`.
    """
    charter, facts = prepare(decision, command, submission.programme, prior)
    return Question(
        submission=submission,
        decision=decision,
        command=command,
        charter=charter,
        facts=facts,
        signature=None if submission.signature is None else read_signature(submission.signature),
        keys=Keys(submission.programme),
    )


def _require_insider(actor: Actor, charter: Charter) -> None:
    """Raise unless who asks reads whatever a decision may depend on: else the answer tells what is under embargo."""
    if actor.party == "system" or not Reader(actor.party, actor.agency).within(charter).reads_embargoed:
        raise ChangesNotYoursToReadError(
            f"{actor.agency} may not ask what has changed in {charter.programme}",
            rule="If-Match is for the agencies of the programme.",
        )


def _signed(submission: Submission, case: Case) -> Signed:
    """What a signature of the submission has to be over."""
    return Signed(
        programme=submission.programme,
        decision=submission.decision_type,
        command=submission.body,
        actor=submission.actor,
        request=submission.signed_as or submission.idempotency_key,
        decided_at=case.decided_at,
    )
