"""Deciding, without recording: the facts that a submitted decision depends on, and what it comes to on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import msgspec

from domain.boundary import Query
from domain.decision import Case, Command, CountersignatureRequiredError, Decision, Fact, Ruling, rule_on
from domain.ed25519 import Verify
from domain.envelope import Actor
from domain.keys import Keys
from domain.proposals import propose
from domain.rulebook import prepare
from domain.signatures import Signed, read_signature, require_signature
from service.application.facts import KeptFacts, read_facts
from service.application.ports import Ledger


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where time, ids and randomness come from. `salt`: 16 random bytes. `identifier`: a UUIDv7."""

    now: Callable[[], datetime]
    identifier: Callable[[], UUID]
    salt: Callable[[], bytes]


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What an agency sent: the exact bytes of the body, its own name for the request, and its signature if any."""

    programme: str
    decision_type: str
    body: bytes
    actor: Actor
    idempotency_key: str
    signature: str | None = None


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with the facts that it is to be made on. `query`: its boundary; `case.position`: the head then."""

    decision: Decision
    command: Command
    body: bytes
    facts: tuple[Fact, ...]
    case: Case
    decision_id: UUID
    query: Query

    def ruling(self) -> Ruling:
        """What the decision comes to: its events or, if it waits for a second agency, its proposal.

        Raises a `Refusal`.
        """
        try:
            return rule_on(self.decision, self.command, self.facts, case=self.case)
        except CountersignatureRequiredError:
            return propose(self.decision, self.command, self.body.decode(), self.facts, case=self.case)


class Deciding:
    """Safe to call from many threads."""

    def __init__(self, ledger: Ledger, sources: Sources, verify: Verify) -> None:
        self._ledger = ledger
        self.sources = sources
        self._verify = verify
        self._facts = KeptFacts(ledger)

    @contextmanager
    def considered(self, submission: Submission, decision: Decision, command: Command) -> Iterator[Considered]:
        """Read the decision's boundary, and check the signature if there is one.

        The facts are this decision's own only within the context. Raises a `Refusal`, `LedgerUnavailableError`.
        """
        programme = submission.programme
        decided_at = self.sources.now()
        prior = None if decision.prior is None else decision.prior(command, programme)
        if prior is not None:
            read_facts(self._ledger, (prior,))
        charter_fact, facts = prepare(decision, command, programme, prior)
        signature = None if submission.signature is None else read_signature(submission.signature)
        keys = Keys(programme)
        folded = tuple(dict.fromkeys((charter_fact, *facts, *([keys] if signature else []))))
        decision_id = self.sources.identifier()
        with self._facts.read(folded) as (known, query, head):
            case = Case(
                programme=programme,
                actor=submission.actor,
                decided_at=decided_at,
                position=head,
                decision_id=str(decision_id),
                charter=charter_fact.charter,
                rules_hash=charter_fact.rules_hash,
            )
            if signature is not None:
                signed_by = require_signature(signature, _signed(submission, case), command, keys, self._verify)
                case = msgspec.structs.replace(case, signed_by=signed_by)
            yield Considered(
                decision=decision,
                command=command,
                body=submission.body,
                facts=tuple(known[each] for each in facts),
                case=case,
                decision_id=decision_id,
                query=query,
            )


def _signed(submission: Submission, case: Case) -> Signed:
    """What a signature of the submission has to be over."""
    return Signed(
        programme=submission.programme,
        decision=submission.decision_type,
        command=submission.body,
        actor=submission.actor,
        request=submission.idempotency_key,
        decided_at=case.decided_at,
    )
