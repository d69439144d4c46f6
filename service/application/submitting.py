"""Submitting a decision: read its boundary, decide, append under the condition that nothing in it has changed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import msgspec
from eventsourcing.dcb.api import DCBAppendCondition
from eventsourcing.persistence import IntegrityError

from domain.boundary import Boundary
from domain.charter import require_programme_id
from domain.deadlines import instant
from domain.decision import Command, Decision, Ruling
from domain.envelope import Actor, PrivateEnvelope, encode_envelope
from domain.event import decode_data, encode_data
from domain.proposal_events import DecisionProposed
from domain.refusal import Refusal
from domain.rulebook import DECISIONS
from service.application.bodies import MalformedBodyError, parse_command
from service.application.deciding import Considered, Deciding, Submission
from service.application.facts import as_dcb
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


class UnknownDecisionError(LookupError):
    """No decision of that name."""


class RequestInFlightError(Exception):
    """The same idempotency key is being worked on in this process."""


class ContendedError(Exception):
    """Others kept deciding on the same facts; nothing was recorded, and trying again is safe."""


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

    def __init__(self, ledger: Ledger, wake_ups: WakeUps, deciding: Deciding) -> None:
        self._ledger = ledger
        self._wake_ups = wake_ups
        self._sources = deciding.sources
        self._deciding = deciding
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
            try:
                command = parse_command(decision, submission.body)
                accepted = self._append(submission, decision, command, fingerprint)
            except (Refusal, MalformedBodyError, ContendedError):
                # What was recorded before is answered as it was then, whatever is true by now.
                recorded = self._recorded(client, submission, fingerprint)
                if recorded is None:
                    raise
                return recorded
        self._wake_ups.wake(submission.programme)
        return accepted

    def _recorded(self, client: str, submission: Submission, fingerprint: bytes) -> Accepted | None:
        """What the idempotency key stands for already. Raises `IdempotencyKeyReusedError`."""
        found = self._ledger.find(client, submission.programme, submission.idempotency_key)
        if found is None:
            return None
        appended, first_fingerprint = found
        if first_fingerprint != fingerprint:
            raise IdempotencyKeyReusedError(submission.idempotency_key)
        return self._accepted(appended)

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
        with self._deciding.considered(submission, decision, command) as considered:
            ruling = considered.ruling()
        first = ruling.events[0]
        request = AppendRequest(
            events=self._new_events(submission, considered, ruling),
            decision_id=considered.decision_id,
            condition=DCBAppendCondition(fail_if_events_match=as_dcb(considered.query), after=considered.case.position),
            decided_at=considered.case.decided_at,
            idempotency=IdempotencyKey(
                client=client_of(submission.actor),
                programme=submission.programme,
                key=submission.idempotency_key,
                fingerprint=fingerprint,
            ),
        )
        return request, first if isinstance(first, DecisionProposed) else None

    def _new_events(self, submission: Submission, considered: Considered, ruling: Ruling) -> list[NewEvent]:
        decision, command, case = considered.decision, considered.command, considered.case
        new = []
        for number, event in enumerate(ruling.events):
            event_id = self._sources.identifier()
            tags = event.tags(submission.programme)
            envelope = PrivateEnvelope(
                event_id=str(event_id),
                tags=tags,
                data_set=ruling.data_set,
                decided_at=instant(case.decided_at),
                actor=submission.actor,
                attribution=command.attribution,
                source=command.source,
                decided_by=command.decided_by,
                decision_id=case.decision_id,
                command_type=decision.type,
                command=submission.body.decode() if number == 0 else None,
                boundary=Boundary(considered.query, case.position),
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


def client_of(actor: Actor) -> str:
    """Whose idempotency keys these are: two keys of an agency share them, an agency and a consortium never do."""
    return actor.agency if actor.party == "agency" else f"{actor.party}:{actor.agency}"
