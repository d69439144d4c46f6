"""Submitting many decisions, the lines of a request or what many requests hold: each stands for itself, as if they were
submitted one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

import structlog
from eventsourcing.persistence import IntegrityError

from domain.charter import PublishCharter
from domain.decision import Fact, Ruling
from domain.envelope import Actor
from domain.record import StageRecord
from domain.refusal import Refusal
from service.application.bodies import MalformedBodyError
from service.application.deciding import Deciding, Question, Submission
from service.application.in_flight import InFlight, Name, RequestInFlightError
from service.application.lines import Sent, read_line
from service.application.ports import (
    Appended,
    AppendRequest,
    IdempotencyKeyReusedError,
    Ledger,
    LedgerUnavailableError,
    NewEvent,
    StaleDecisionError,
    WakeUps,
)
from service.application.recording import (
    Accepted,
    accepted,
    accepted_before,
    append_request,
    idempotency_of,
)
from service.application.shared_facts import Place, SharedFacts, stands_at
from service.application.submitting import SubmitDecision, UnknownDecisionError

LINES: Final = 256
"""That are decided on one reading of their facts, and recorded together."""

Outcome = Accepted | Exception

_log = structlog.get_logger()


class Answered(NamedTuple):
    """What became of a line: what was recorded, or the error that a single call would raise. `key`: if it is known."""

    key: str | None
    outcome: Outcome


class _Taken:
    """A line on its way. `again`: it is to be submitted by itself, since others decided on the same facts
    meanwhile, or it could not be told whose fault it was that none came to anything."""

    __slots__ = ("again", "line", "outcome", "question", "request", "ruling")

    def __init__(self, line: Sent | None, outcome: Outcome | None = None) -> None:
        self.line = line
        self.outcome = outcome
        self.question: Question | None = None
        self.ruling: Ruling | None = None
        self.request: AppendRequest | None = None
        self.again = False


class _Run:
    """Lines that are decided together. `read` and `written`: where what they depend on stands, and what they record, of
    which `types`, and the empty one that stands for any.
    """

    def __init__(self, lines: list[_Taken]) -> None:
        self.lines = lines
        self.read: set[Place] = set()
        self.written: set[Place] = set()
        self.types = {""}
        self._facts: set[Fact] = set()
        self.claim = ExitStack()

    def depends_on(self, facts: SharedFacts, folded: Sequence[Fact]) -> None:
        """A line was decided on these."""
        for fact in folded:
            if fact not in self._facts:
                self._facts.add(fact)
                self.read.update(facts.places(fact))

    def records(self, event: NewEvent, places: Sequence[Place]) -> None:
        """A line comes to that event, which stands there."""
        self.written.update(places)
        self.types.add(event.type)

    def changes(self, facts: SharedFacts, fact: Fact) -> bool:
        """Whether what is recorded here stands where that fact looks."""
        if self.types.isdisjoint(facts.types(fact)):
            return False
        return not self.written.isdisjoint(facts.places(fact))

    @property
    def names(self) -> set[Name]:
        return {each.line.name for each in self.lines if each.line is not None}


class SubmitLines:
    """The use case. Safe to call from many threads.

    Decisions that do not depend on each other are made on one reading of their facts and recorded by one call, each
    under its own condition. One that depends on a decision before it waits until that is recorded, and what cannot be
    decided so is submitted by itself. While some are recorded, the next ones are decided.
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

    @contextmanager
    def begin(self, programme: str, actor: Actor) -> Iterator[Submitting]:
        """For the lines of one request. What was decided is recorded, answered or not."""
        recorder = ThreadPoolExecutor(1, thread_name_prefix="lines")
        try:
            yield Submitting(self, programme, actor, recorder)
        finally:
            recorder.shutdown(wait=False)

    def decide(self, lines: Sequence[Sent | Exception], before: _Run | None) -> _Run:
        """Decide the first lines, as many as depend neither on each other nor on `before`, which is being recorded.

        None, if the first one does, or has to be submitted by itself.
        """
        facts = SharedFacts(self._deciding.events)
        run = _Run(_taken(lines, facts, set() if before is None else before.names))
        self._decide(run, facts, before)
        if not run.lines:
            return run
        free = run.claim.enter_context(self._in_flight.claimed(run.names))
        for each in run.lines:
            if each.line is not None and each.line.name not in free:
                each.outcome, each.request = RequestInFlightError(each.line.submission.idempotency_key), None
        return run

    def record(self, run: _Run) -> list[Answered]:
        """Record what was decided: what became of each line."""
        self._recorded(run)
        answers: list[Answered] = []
        for each in run.lines:
            answers.append(self._answered(each))
            if each.again and isinstance(answers[-1].outcome, LedgerUnavailableError):
                # Each of the others would wait as long, in vain: whoever sent them is told, and sends them again.
                _give_up(run.lines[len(answers) :])
        return answers

    def gathered(self, submissions: Sequence[Submission]) -> list[Outcome | None]:
        """What became of decisions that came at the same time; `None` for one that is to be submitted by itself."""
        left = [Sent(submission=each) for each in submissions]
        outcomes: list[Outcome | None] = []
        while left:
            run = self.decide(left[:LINES], None)
            if run.lines:
                self._recorded(run)
                outcomes += [None if each.again else each.outcome for each in run.lines]
            else:
                outcomes.append(None)
            del left[: max(1, len(run.lines))]
        return outcomes

    def alone(self, line: Sent) -> Outcome:
        """Submit a line by itself."""
        try:
            return self._submit(line.submission)
        except Exception as error:  # noqa: BLE001 — it is this line's alone, and is told in its answer
            return error

    def _decide(self, run: _Run, facts: SharedFacts, before: _Run | None) -> None:
        """Decide the lines; those from the first on that depends on another one are left out."""
        try:
            head = facts.read()
        except LedgerUnavailableError as error:
            for each in run.lines:
                each.outcome = each.outcome or error
            return
        except Exception as error:  # noqa: BLE001 — of what one of them depends on; which, each finds out by itself
            _apart(run, error)
            return
        earlier = [run] if before is None else [run, before]
        decided_at = self._deciding.sources.now()
        for number, each in enumerate(run.lines):
            if each.question is None or each.outcome is not None:
                continue
            folded = each.question.folded
            if any(other.changes(facts, fact) for other in earlier for fact in folded):
                del run.lines[number:]
                return
            try:
                query = facts.query(folded)
                considered = self._deciding.consider(each.question, query, head, decided_at)
                ruling = considered.ruling()
                request = append_request(considered, ruling, self._deciding.sources)
            except Exception as error:  # noqa: BLE001 — as in `alone`
                each.outcome = _kept(error)
                continue
            writes = [(event, stands_at(event.type, event.tags)) for event in request.events]
            if any(not other.read.isdisjoint(places) for other in earlier for _event, places in writes):
                del run.lines[number:]
                return
            each.request, each.ruling = request, ruling
            run.depends_on(facts, folded)
            for event, places in writes:
                run.records(event, places)

    def _recorded(self, run: _Run) -> None:
        with run.claim:
            try:
                self._record(run.lines)
                self._recall(run.lines)
            except Exception as error:  # noqa: BLE001 — as in `_decide`; what is recorded stands under its key
                _apart(run, error)
        accepted = [each.line for each in run.lines if each.line is not None and isinstance(each.outcome, Accepted)]
        for programme in {each.submission.programme for each in accepted}:
            self._wake_ups.wake(programme)

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
        refused: dict[tuple[str, str], dict[str, _Taken]] = {}
        for each in taken:
            if each.line is not None and isinstance(each.outcome, Refusal | MalformedBodyError):
                client, programme, key = each.line.name
                refused.setdefault((client, programme), {})[key] = each
        for (client, programme), by_key in refused.items():
            self._recall_of(client, programme, by_key)

    def _recall_of(self, client: str, programme: str, refused: Mapping[str, _Taken]) -> None:
        try:
            found = self._ledger.find(client, programme, list(refused))
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
        outcome = self.alone(each.line) if each.again else each.outcome
        assert outcome is not None
        return Answered(each.line.submission.idempotency_key, outcome)


class Submitting:
    """The lines of one request, as they come. For one thread at a time."""

    def __init__(self, use: SubmitLines, programme: str, actor: Actor, recorder: ThreadPoolExecutor) -> None:
        self._use = use
        self._programme = programme
        self._actor = actor
        self._recorder = recorder
        self._before: tuple[_Run, Future[list[Answered]]] | None = None
        self._size = LINES

    @property
    def busy(self) -> bool:
        """Whether lines that were taken are not answered yet."""
        return self._before is not None

    def take(self, lines: Sequence[bytes | Exception]) -> list[Answered]:
        """Decide lines; one that could not be taken in is the error that says why.

        What became of lines that were taken before or now, in order, as far as that is known. Never raises for a line.
        """
        left = [_read(each, self._programme, self._actor) for each in lines]
        answers: list[Answered] = []
        while left:
            run = self._use.decide(left[: self._size], None if self._before is None else self._before[0])
            if run.lines:
                try:
                    answers += self.settle()
                    self._before = run, self._recorder.submit(self._use.record, run)
                except BaseException:  # also where the request has ended meanwhile, and nothing is recorded any more
                    run.claim.close()
                    raise
            elif self.busy:
                answers += self.settle()
                continue
            else:
                first = left[0]
                assert isinstance(first, Sent)
                answers.append(Answered(first.submission.idempotency_key, self._use.alone(first)))
            done = max(1, len(run.lines))
            # Where one line depends on another, the next ones often do, too.
            self._size = min(LINES, 2 * done)
            del left[:done]
        return answers

    def settle(self) -> list[Answered]:
        """What became of the lines that are not answered yet."""
        if self._before is None:
            return []
        _run, recording = self._before
        self._before = None
        return recording.result()


def _read(line: bytes | Exception, programme: str, actor: Actor) -> Sent | Exception:
    if isinstance(line, Exception):
        return line
    try:
        return read_line(line, programme, actor)
    except (MalformedBodyError, Refusal) as error:
        return _kept(error)


def _apart(run: _Run, error: Exception) -> None:
    """Lines that fail together are each submitted by themselves: it is the fault of one of them at most."""
    _log.warning("decisions made together failed: each is made by itself", error=repr(error))
    for each in run.lines:
        if each.line is not None and not isinstance(each.outcome, Accepted):
            each.again = True


def _give_up(lines: Sequence[_Taken]) -> None:
    """Lines that are to be submitted by themselves are not."""
    for each in lines:
        if each.again:
            each.again = False
            each.outcome = LedgerUnavailableError(
                "the ledger did not answer; retry with the same key", outcome_unknown=True
            )


def _kept(error: Exception) -> Exception:
    """An error that waits to be answered; a refusal without the frames that it came through: these hold it and all that
    was decided beside it, which would stay until the collector comes.
    """
    each: BaseException | None = (
        error if isinstance(error, Refusal | MalformedBodyError | UnknownDecisionError) else None
    )
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error


def _taken(lines: Sequence[Sent | Exception], facts: SharedFacts, names: set[Name]) -> list[_Taken]:
    """The first lines, up to one that has to be submitted by itself, or after another one of its name.

    `names`: of lines before them. A consortium's are all submitted by themselves, as what they take tells nothing then.
    """
    taken: list[_Taken] = []
    for line in lines:
        if isinstance(line, Exception):
            taken.append(_Taken(None, line))
            continue
        if line.name in names or line.prior or line.submission.actor.party != "agency":
            break
        each = _Taken(line)
        try:
            question = line.question()
            if isinstance(question.command, PublishCharter) or any(isinstance(f, StageRecord) for f in question.facts):
                break
            each.question = question.on(facts.shared)
        except Exception as error:  # noqa: BLE001 — as in `alone`
            each.outcome = _kept(error)
        names.add(line.name)
        taken.append(each)
    return taken
