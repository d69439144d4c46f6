"""Submitting a decision: read its boundary, decide, append under the condition that nothing in it has changed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition
from eventsourcing.persistence import IntegrityError

from domain import decision as deciding
from domain.boundary import Boundary
from domain.charter import require_programme_id
from domain.deadlines import instant
from domain.decision import Case, Command, CountersignatureRequiredError, Decision, Ruling
from domain.envelope import Actor, PrivateEnvelope, encode_envelope
from domain.event import decode_data, encode_data
from domain.keys import Keys
from domain.proposals import DecisionProposed, propose
from domain.refusal import InvalidCommandError
from domain.rulebook import DECISIONS, prepare
from domain.shape_faults import misshapen
from domain.signatures import Signed, Verify, read_signature, require_signature
from service.application.facts import KeptFacts, as_dcb, read_facts
from service.application.json_text import repeated_key
from service.application.ports import (
    Appended,
    AppendRequest,
    IdempotencyKey,
    IdempotencyKeyReusedError,
    Ledger,
    NewEvent,
    StaleDecisionError,
    WakeUps,
)

ATTEMPTS: Final = 12
"""How often a decision is taken again when its boundary keeps changing under it."""


class MalformedBodyError(ValueError):
    """The body is not JSON at all, or not in UTF-8."""


class UnknownDecisionError(LookupError):
    """No decision of that name."""


class RequestInFlightError(Exception):
    """The same idempotency key is being worked on in this process."""


class ContendedError(Exception):
    """Others kept deciding on the same facts; nothing was recorded, and trying again is safe."""


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


class Recorded(msgspec.Struct, frozen=True):
    """An event of an accepted decision."""

    position: int
    type: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that is in the ledger. `replayed`: it was there before this request.

    `proposed`: what now waits for another agency, if that is what the decision came to.
    """

    decision_id: UUID
    events: tuple[Recorded, ...]
    replayed: bool
    proposed: DecisionProposed | None = None


class SubmitDecision:
    """The use case. Safe to call from many threads."""

    def __init__(self, ledger: Ledger, wake_ups: WakeUps, sources: Sources, verify: Verify) -> None:
        self._ledger = ledger
        self._facts = KeptFacts(ledger)
        self._wake_ups = wake_ups
        self._sources = sources
        self._verify = verify
        self._in_flight: set[tuple[str, str, str]] = set()
        self._in_flight_lock = threading.Lock()

    def __call__(self, submission: Submission) -> Accepted:
        """Take the decision, once for each idempotency key.

        Raises a `Refusal`, `MalformedBodyError`, `UnknownDecisionError`, `IdempotencyKeyReusedError`,
        `RequestInFlightError`, `ContendedError`, `LedgerUnavailableError`; in every case but an unknown outcome
        nothing was recorded.
        """
        decision = DECISIONS.get(submission.decision_type)
        if decision is None:
            raise UnknownDecisionError(submission.decision_type)
        require_programme_id(submission.programme)
        fingerprint = hashlib.sha256(submission.decision_type.encode() + b"\x00" + submission.body).digest()
        client = client_of(submission.actor)
        with self._alone(client, submission.programme, submission.idempotency_key):
            found = self._ledger.find(client, submission.programme, submission.idempotency_key)
            if found is not None:
                appended, first_fingerprint = found
                if first_fingerprint != fingerprint:
                    raise IdempotencyKeyReusedError(submission.idempotency_key)
                return self._accepted(appended)
            command = parse_command(decision, submission.body)
            accepted = self._append(submission, decision, command, fingerprint)
        self._wake_ups.wake(submission.programme)
        return accepted

    @contextmanager
    def _alone(self, *key: str) -> Iterator[None]:
        name = (key[0], key[1], key[2])
        with self._in_flight_lock:
            if name in self._in_flight:
                raise RequestInFlightError(key[2])
            self._in_flight.add(name)
        try:
            yield
        finally:
            with self._in_flight_lock:
                self._in_flight.discard(name)

    def _append(self, submission: Submission, decision: Decision, command: Command, fingerprint: bytes) -> Accepted:
        for _attempt in range(ATTEMPTS):
            request, proposed = self._decide(submission, decision, command, fingerprint)
            try:
                appended = self._ledger.append(request)
            except (IntegrityError, StaleDecisionError):
                continue
            if appended.replayed:
                return self._accepted(appended)
            return Accepted(
                decision_id=appended.decision_id,
                events=tuple(Recorded(appended.first_position + i, new.type) for i, new in enumerate(request.events)),
                replayed=False,
                proposed=proposed,
            )
        raise ContendedError(decision.type)

    def _decide(
        self, submission: Submission, decision: Decision, command: Command, fingerprint: bytes
    ) -> tuple[AppendRequest, DecisionProposed | None]:
        """Read the boundary, decide, and make the request to append; what it proposes. Raises a `Refusal`."""
        programme = submission.programme
        decided_at = self._sources.now()
        prior = None if decision.prior is None else decision.prior(command, programme)
        if prior is not None:
            read_facts(self._ledger, (prior,))
        charter_fact, facts = prepare(decision, command, programme, prior)
        signature = None if submission.signature is None else read_signature(submission.signature)
        keys = Keys(programme)
        folded = tuple(dict.fromkeys((charter_fact, *facts, *([keys] if signature else []))))
        decision_id = self._sources.identifier()
        with self._facts.read(folded) as (known, query, head):
            facts = tuple(known[each] for each in facts)
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
            try:
                ruling = deciding.rule_on(decision, command, facts, case=case)
            except CountersignatureRequiredError:
                ruling = propose(decision, command, submission.body.decode(), facts, case=case)
        first = ruling.events[0]
        request = AppendRequest(
            events=self._new_events(
                submission, decision, command, ruling, decision_id, Boundary(query, head), decided_at
            ),
            decision_id=decision_id,
            condition=DCBAppendCondition(fail_if_events_match=as_dcb(query), after=head),
            decided_at=decided_at,
            idempotency=IdempotencyKey(
                client=client_of(submission.actor),
                programme=programme,
                key=submission.idempotency_key,
                fingerprint=fingerprint,
            ),
        )
        return request, first if isinstance(first, DecisionProposed) else None

    def _new_events(
        self,
        submission: Submission,
        decision: Decision,
        command: Command,
        ruling: Ruling,
        decision_id: UUID,
        boundary: Boundary,
        decided_at: datetime,
    ) -> list[NewEvent]:
        new = []
        for number, event in enumerate(ruling.events):
            event_id = self._sources.identifier()
            tags = event.tags(submission.programme)
            envelope = PrivateEnvelope(
                event_id=str(event_id),
                tags=tags,
                data_set=ruling.data_set,
                decided_at=instant(decided_at),
                actor=submission.actor,
                attribution=command.attribution,
                source=command.source,
                decided_by=command.decided_by,
                decision_id=str(decision_id),
                command_type=decision.type,
                command=submission.body.decode() if number == 0 else None,
                boundary=boundary,
                rules_hash=ruling.rules_hash,
                decider=f"{decision.type}/{decision.version}",
                signature=submission.signature if number == 0 else None,
            )
            new.append(
                NewEvent(
                    programme=submission.programme,
                    type=event.TYPE,
                    version=event.VERSION,
                    event_id=event_id,
                    tags=tags,
                    salt=self._sources.salt(),
                    envelope=encode_envelope(envelope),
                    data=encode_data(event),
                )
            )
        return new

    def _accepted(self, appended: Appended) -> Accepted:
        found = list(self._ledger.read(after=appended.first_position - 1, upto=appended.last_position))
        first = decode_data(found[0].type, found[0].version, found[0].data)
        return Accepted(
            decision_id=appended.decision_id,
            events=tuple(Recorded(each.position, each.type) for each in found),
            replayed=appended.replayed,
            proposed=first if isinstance(first, DecisionProposed) else None,
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


def client_of(actor: Actor) -> str:
    """Whose idempotency keys these are: two keys of an agency share them, an agency and a consortium never do."""
    return actor.agency if actor.party == "agency" else f"{actor.party}:{actor.agency}"


T = TypeVar("T")


def parse_command(decision: Decision, body: bytes) -> Command:
    """The command in a body. Raises as `parse_body`."""
    return parse_body(decision.command, body, of=decision.type)


def parse_body(type_: type[T], body: bytes, *, of: str) -> T:
    """The JSON of a body; `of`: what the specification calls it.

    Raises `MalformedBodyError`, or `InvalidCommandError` with every field at fault.
    """
    try:
        document = msgspec.json.decode(body)
        repeated = repeated_key(body.decode())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise MalformedBodyError("the body is nested too deeply") from error
    if repeated is not None:
        raise InvalidCommandError(
            f"{repeated.pointer}: {repeated.key[:80]!r} stands twice",
            rule="Each field is given once: the bytes are kept as they were sent, and must say the same to everybody.",
            pointer=repeated.pointer,
        )
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise misshapen(document, type_, of=of) from error
