"""Submitting many decisions together: all are recorded, by one append, or none; each sees those before it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Final, NamedTuple
from uuid import UUID

from eventsourcing.persistence import IntegrityError

from domain.boundary import Boundary, Query
from domain.decision import Fact, Ruling
from domain.envelope import Actor, decode_provenance
from domain.refusal import Refusal
from service.application.bodies import MalformedBodyError
from service.application.deciding import Deciding, Question, asked
from service.application.in_flight import InFlight
from service.application.lines import ReadLine, read_line
from service.application.ports import (
    Appended,
    AppendRequest,
    IdempotencyKey,
    Ledger,
    NewEvent,
    StaleDecisionError,
    WakeUps,
)
from service.application.recording import Accepted, accepted, appended_before, client_of, new_events, replayed
from service.application.shared_facts import SharedFacts
from service.application.submitting import ATTEMPTS, ContendedError, UnknownDecisionError, decision_of

LINES: Final = 10_000
"""That are recorded together at most."""


class TogetherNotYoursError(Refusal):
    """Decisions that are recorded together, or not at all, are those of an agency."""

    KIND = "forbidden"


class BatchRefusedError(Exception):
    """One of the decisions is refused, so none is recorded. `line`: its number, from 1. `error`: why."""

    def __init__(self, line: int, error: Exception) -> None:
        super().__init__(f"line {line}: {error}")
        self.line = line
        self.error = error


class _MovedError(Exception):
    """Something was recorded while facts were read."""


class _Decided(NamedTuple):
    request: AppendRequest
    rulings: list[tuple[UUID, Ruling]]


class SubmitTogether:
    """The use case. Safe to call from many threads."""

    def __init__(self, ledger: Ledger, wake_ups: WakeUps, deciding: Deciding, in_flight: InFlight) -> None:
        self._ledger = ledger
        self._wake_ups = wake_ups
        self._deciding = deciding
        self._in_flight = in_flight

    def __call__(self, programme: str, actor: Actor, key: str, lines: Sequence[bytes]) -> list[Accepted]:
        """Take the decisions, once for the key; what became of each, in order.

        Raises `BatchRefusedError` for the first that is refused, `TogetherNotYoursError`, `IdempotencyKeyReusedError`,
        `RequestInFlightError`, `ContendedError`, `LedgerUnavailableError`; in every case but an unknown outcome nothing
        was recorded.
        """
        if actor.party != "agency":
            raise TogetherNotYoursError(
                f"{actor.agency} submits each decision by itself",
                rule="A decision of a consortium stands: among others, it could be tried out at no cost.",
            )
        named = IdempotencyKey(client=client_of(actor), programme=programme, key=key, fingerprint=_fingerprint(lines))
        with self._in_flight.alone((named.client, programme, key)):
            try:
                taken = self._append(partial(_read, lines, programme, actor, key), named)
            except (BatchRefusedError, ContendedError):
                # As for a single decision: what was recorded before is answered as it was then.
                appended = appended_before(self._ledger, named)
                if appended is None:
                    raise
                return self._recorded(appended)
        self._wake_ups.wake(programme)
        return taken

    def _append(self, read: Callable[[], Iterator[ReadLine | Exception]], named: IdempotencyKey) -> list[Accepted]:
        for _attempt in range(ATTEMPTS):
            try:
                # Read anew each time, which is rare: else all would be kept beside what is sent.
                decided = self._decide(read(), named)
                appended = self._ledger.append(decided.request)
            except (IntegrityError, StaleDecisionError, _MovedError):
                continue
            if appended.replayed:
                return self._recorded(appended)
            answers, position = [], appended.first_position
            for decision_id, ruling in decided.rulings:
                answers.append(accepted(decision_id, ruling, position))
                position += len(ruling.events)
            return answers
        raise ContendedError("decisions together")

    def _decide(self, lines: Iterator[ReadLine | Exception], named: IdempotencyKey) -> _Decided:
        """Decide one after the other, on the facts of one snapshot and on what was decided before.

        Positions of what was decided before are foreseen: then nothing at all may be recorded meanwhile. As long as no
        decision depends on another one, only what their boundaries hold.
        """
        facts = SharedFacts(self._deciding.events)
        found = list(_asked(lines, facts))
        head = position = facts.read()
        decided_at = self._deciding.sources.now()
        events: list[NewEvent] = []
        rulings: list[tuple[UUID, Ruling]] = []
        depended_on: dict[Fact, None] = {}
        foreseen = False
        for number, each in enumerate(found, start=1):
            if isinstance(each, Exception):
                raise BatchRefusedError(number, each)
            line, known = each
            try:
                question = known or _with_prior(line, facts, head)
                folded = question.folded
                depends = facts.changed(folded)
                foreseen = foreseen or depends
                query = facts.query(folded)
                considered = self._deciding.consider(question, query, position if depends else head, decided_at)
                ruling = considered.ruling()
            except (Refusal, UnknownDecisionError) as error:
                raise BatchRefusedError(number, error) from error
            new = new_events(considered, ruling, self._deciding.sources)
            for made, event in zip(new, ruling.events, strict=True):
                position += 1
                facts.take(made.type, made.tags, position, event)
            events += new
            rulings.append((considered.decision_id, ruling))
            depended_on.update(dict.fromkeys(folded))
        whole = Query() if foreseen else facts.query(depended_on)
        request = AppendRequest(
            events=events,
            decision_id=rulings[0][0],
            condition=Boundary(whole, head),
            decided_at=decided_at,
            idempotency=named,
        )
        return _Decided(request, rulings)

    def _recorded(self, appended: Appended) -> list[Accepted]:
        """What was recorded together before."""
        events = self._ledger.read(after=appended.first_position - 1, upto=appended.last_position)
        by_decision = groupby(events, key=lambda each: decode_provenance(each.envelope).decision_id)
        return [replayed(UUID(decision_id), list(own)) for decision_id, own in by_decision]


def _fingerprint(lines: Sequence[bytes]) -> bytes:
    """Over what is asked: no single decision has it."""
    hashed = hashlib.sha256(b"together\x00")
    for line in lines:
        hashed.update(hashlib.sha256(line).digest())
    return hashed.digest()


def _read(lines: Sequence[bytes], programme: str, actor: Actor, key: str) -> Iterator[ReadLine | Exception]:
    """Each line, up to the first that is none, with what is wrong with that."""
    for number, line in enumerate(lines, start=1):
        try:
            yield read_line(line, programme, actor, key, number)
        except (MalformedBodyError, Refusal) as error:
            yield error
            return


def _asked(
    lines: Iterator[ReadLine | Exception], facts: SharedFacts
) -> Iterator[tuple[ReadLine, Question | None] | Exception]:
    """Each line, up to the first that is none, with what it depends on; `None` where only its prior fact says that."""
    for line in lines:
        if isinstance(line, Exception):
            yield line
            return
        try:
            yield line, None if line.prior else line.question().on(facts.shared)
        except (Refusal, UnknownDecisionError) as error:
            yield error
            return


def _with_prior(line: ReadLine, facts: SharedFacts, head: int) -> Question:
    """What a decision depends on that has a prior fact. Raises `_MovedError`, a `Refusal`."""
    submission, command = line.submission, line.command()
    decision = decision_of(submission.decision_type)
    assert decision.prior is not None
    prior = facts.shared(decision.prior(command, submission.programme))
    _read_up_to(head, facts)
    question = asked(submission, decision, command, prior).on(facts.shared)
    _read_up_to(head, facts)
    return question


def _read_up_to(head: int, facts: SharedFacts) -> None:
    if facts.read() != head:
        raise _MovedError
