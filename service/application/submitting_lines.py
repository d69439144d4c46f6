"""Submitting many decisions line by line: each stands for itself, as if they were submitted one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from eventsourcing.persistence import IntegrityError

from domain.charter import PublishCharter
from domain.decision import Ruling
from domain.envelope import Actor
from domain.record import StageRecord
from domain.refusal import Refusal
from service.application.bodies import MalformedBodyError
from service.application.deciding import Deciding, Question
from service.application.in_flight import InFlight, RequestInFlightError
from service.application.kept_events import KeptEvents
from service.application.lines import ReadLine, read_line
from service.application.ports import (
    Appended,
    AppendRequest,
    IdempotencyKeyReusedError,
    Ledger,
    LedgerUnavailableError,
    StaleDecisionError,
    WakeUps,
)
from service.application.recording import (
    Accepted,
    accepted,
    accepted_before,
    append_request,
    client_of,
    idempotency_of,
)
from service.application.shared_facts import Place, SharedFacts, stands_at
from service.application.submitting import SubmitDecision

LINES: Final = 256
"""That are decided on one reading of their facts, and recorded together."""

Outcome = Accepted | Exception


class Answered(NamedTuple):
    """What became of a line: what was recorded, or the error that a single call would raise. `key`: if it is known."""

    key: str | None
    outcome: Outcome


class _Taken:
    """A line on its way. `again`: it is to be submitted by itself, since others decided on the same facts meanwhile."""

    __slots__ = ("again", "line", "outcome", "question", "request", "ruling")

    def __init__(self, line: ReadLine | None, outcome: Outcome | None = None) -> None:
        self.line = line
        self.outcome = outcome
        self.question: Question | None = None
        self.ruling: Ruling | None = None
        self.request: AppendRequest | None = None
        self.again = False


class SubmitLines:
    """The use case. Safe to call from many threads.

    Decisions that do not depend on each other are made on one reading of their facts and recorded by one call, each
    under its own condition. One that depends on a decision before it waits until that is recorded, and what cannot be
    decided so is submitted by itself.
    """

    def __init__(
        self,
        ledger: Ledger,
        wake_ups: WakeUps,
        deciding: Deciding,
        in_flight: InFlight,
        submit: SubmitDecision,
    ) -> None:
        self._ledger = ledger
        self._wake_ups = wake_ups
        self._deciding = deciding
        self._in_flight = in_flight
        self._submit = submit
        self._events = KeptEvents(ledger)

    def __call__(self, programme: str, actor: Actor, lines: Sequence[bytes | Exception]) -> list[Answered]:
        """What became of each line, in order; one that could not be taken in is the error that says why.

        Never raises for a line.
        """
        read = [_read(each, programme, actor) for each in lines]
        answers: list[Answered] = []
        size = LINES
        while len(answers) < len(read):
            found = self._run(read[len(answers) : len(answers) + size])
            # Where one line depends on another, the next ones often do, too.
            size = min(LINES, 2 * len(found))
            answers += found
        if any(isinstance(each.outcome, Accepted) for each in answers):
            self._wake_ups.wake(programme)
        return answers

    def _run(self, lines: Sequence[ReadLine | Exception]) -> list[Answered]:
        """What became of the first lines, as many as can be decided together."""
        facts = SharedFacts(self._events)
        taken = _taken(lines, facts)
        if not taken:
            (first, *_rest) = lines
            assert isinstance(first, ReadLine)
            return [Answered(first.line.key, self._alone(first))]
        names = {name_of(each.line) for each in taken if each.line is not None}
        with self._in_flight.claimed(names) as free:
            for each in taken:
                if each.line is not None and name_of(each.line) not in free:
                    each.outcome = RequestInFlightError(each.line.submission.idempotency_key)
            taken = self._decide(taken, facts)
            self._record(taken)
            self._recall(taken)
        return [self._answered(each) for each in taken]

    def _decide(self, taken: list[_Taken], facts: SharedFacts) -> list[_Taken]:
        """Decide as many of the lines as do not depend on what one of them records."""
        try:
            head = facts.read()
        except LedgerUnavailableError as error:
            for each in taken:
                each.outcome = each.outcome or error
            return taken
        read: set[Place] = set()
        written: set[Place] = set()
        for number, each in enumerate(taken):
            if each.question is None or each.outcome is not None:
                continue
            reads = facts.places(each.question.folded)
            if not written.isdisjoint(reads):
                return taken[:number]
            try:
                query = facts.query(each.question.folded)
                considered = self._deciding.consider(each.question, query, head, self._deciding.sources.now())
                ruling = considered.ruling()
                request = append_request(considered, ruling, self._deciding.sources)
            except Exception as error:  # noqa: BLE001 — it is this line's alone, and is told in its answer
                each.outcome = error
                continue
            writes = {place for event in request.events for place in stands_at(event.type, event.tags)}
            if not read.isdisjoint(writes):
                return taken[:number]
            each.request, each.ruling = request, ruling
            read |= reads
            written |= writes
        return taken

    def _record(self, taken: Sequence[_Taken]) -> None:
        """Record what was decided."""
        decided = [(each, each.request) for each in taken if each.request is not None]
        before: list[tuple[_Taken, Appended]] = []
        results = self._ledger.append_each([request for _each, request in decided]) if decided else []
        for (each, _request), result in zip(decided, results, strict=True):
            if isinstance(result, IntegrityError | StaleDecisionError):
                each.again = True
            elif isinstance(result, Exception):
                each.outcome = result
            elif result.replayed:
                before.append((each, result))
            else:
                assert each.ruling is not None
                each.outcome = accepted(result.decision_id, each.ruling, result.first_position)
        self._replay(before)

    def _recall(self, taken: Sequence[_Taken]) -> None:
        """What is refused now may have been recorded before: it is answered as it was then."""
        refused = {
            each.line.submission.idempotency_key: each
            for each in taken
            if each.line is not None and isinstance(each.outcome, Refusal | MalformedBodyError)
        }
        if not refused:
            return
        submission = next(each.line.submission for each in refused.values() if each.line is not None)
        try:
            found = self._ledger.find(client_of(submission.actor), submission.programme, list(refused))
        except LedgerUnavailableError as error:
            for each in refused.values():
                each.outcome = error
            return
        before: list[tuple[_Taken, Appended]] = []
        for key, (appended, fingerprint) in found.items():
            each = refused[key]
            assert each.line is not None
            if fingerprint == idempotency_of(each.line.submission).fingerprint:
                before.append((each, appended))
            else:
                each.outcome = IdempotencyKeyReusedError(key)
        self._replay(before)

    def _replay(self, before: Sequence[tuple[_Taken, Appended]]) -> None:
        try:
            answers: Sequence[Outcome] = accepted_before(self._ledger, [appended for _each, appended in before])
        except LedgerUnavailableError as error:
            answers = [error] * len(before)
        for (each, _appended), answer in zip(before, answers, strict=True):
            each.outcome = answer

    def _answered(self, each: _Taken) -> Answered:
        if each.line is None:
            assert each.outcome is not None
            return Answered(None, each.outcome)
        outcome = self._alone(each.line) if each.again else each.outcome
        assert outcome is not None
        return Answered(each.line.line.key, outcome)

    def _alone(self, line: ReadLine) -> Outcome:
        try:
            return self._submit(line.submission)
        except Exception as error:  # noqa: BLE001 — as in `_decide`
            return error


def _read(line: bytes | Exception, programme: str, actor: Actor) -> ReadLine | Exception:
    if isinstance(line, Exception):
        return line
    try:
        return read_line(line, programme, actor)
    except (MalformedBodyError, Refusal) as error:
        return error


def _taken(lines: Sequence[ReadLine | Exception], facts: SharedFacts) -> list[_Taken]:
    """The first lines, up to one that has to be submitted by itself, or after the line that has its key."""
    taken: list[_Taken] = []
    keys: set[str] = set()
    for line in lines:
        if isinstance(line, Exception):
            taken.append(_Taken(None, line))
            continue
        key = line.submission.idempotency_key
        if key in keys or line.prior:
            break
        each = _Taken(line)
        try:
            question = line.question()
        except Exception as error:  # noqa: BLE001 — as in `SubmitLines`
            each.outcome = error
        else:
            if isinstance(question.command, PublishCharter) or any(isinstance(f, StageRecord) for f in question.facts):
                break
            each.question = question.on(facts.shared)
        keys.add(key)
        taken.append(each)
    return taken


def name_of(line: ReadLine) -> tuple[str, str, str]:
    """Under which a line's request is in flight."""
    submission = line.submission
    return client_of(submission.actor), submission.programme, submission.idempotency_key
