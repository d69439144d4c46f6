"""Submitting a decision: read its boundary, decide, append under the condition that nothing in it has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from eventsourcing.persistence import IntegrityError

from domain.charter import require_programme_id
from domain.decision import Command, Decision
from domain.reactions import by_itself
from domain.refusal import Refusal
from domain.rulebook import DECISIONS
from service.application.bodies import MalformedBodyError, parse_command
from service.application.deciding import ChangedSinceError, Considered, Deciding, Submission
from service.application.in_flight import InFlight
from service.application.ports import (
    IdempotencyKey,
    Ledger,
    StaleDecisionError,
    WakeUps,
)
from service.application.recording import (
    Accepted,
    accepted,
    accepted_before,
    append_request,
    appended_before,
    idempotency_of,
)

ATTEMPTS: Final = 12
"""How often a decision is taken again when its boundary keeps changing under it."""


class UnknownDecisionError(LookupError):
    """No decision of that name."""


class ContendedError(Exception):
    """Others kept deciding on the same facts; nothing was recorded, and trying again is safe."""


class SubmitDecision:
    """The use case. Safe to call from many threads. `compared`: see `Foreseeing.compared`."""

    def __init__(
        self,
        ledger: Ledger,
        wake_ups: WakeUps,
        deciding: Deciding,
        in_flight: InFlight,
        compared: Callable[[Considered], Considered],
    ) -> None:
        self._ledger = ledger
        self._wake_ups = wake_ups
        self._deciding = deciding
        self._in_flight = in_flight
        self._compared = compared

    def __call__(self, submission: Submission) -> Accepted:
        """Take the decision, once for each idempotency key.

        Raises a `Refusal`, `MalformedBodyError`, `UnknownDecisionError`, `IdempotencyKeyReusedError`,
        `RequestInFlightError`, `ContendedError`, `ChangedSinceError`, `LedgerUnavailableError`; in every case but an
        unknown outcome nothing was recorded.
        """
        decision = by_itself(decision_of(submission.decision_type), submission.actor)
        require_programme_id(submission.programme)
        named = idempotency_of(submission)
        with self._in_flight.alone((named.client, named.programme, named.key)):
            if submission.actor.party != "agency":
                # Before anything is decided: how long a key that was used before takes tells nothing of the decision.
                recorded = self._recorded(named)
                if recorded is not None:
                    return recorded
            try:
                command = parse_command(decision, submission.body)
                taken = self._append(submission, decision, command)
            except (Refusal, MalformedBodyError, ContendedError, ChangedSinceError):
                # What was recorded before is answered as it was then, whatever is true by now.
                recorded = self._recorded(named)
                if recorded is None:
                    raise
                return recorded
        self._wake_ups.wake(submission.programme)
        return taken

    def _recorded(self, named: IdempotencyKey) -> Accepted | None:
        """What was recorded under the key before, if anything was. Raises `IdempotencyKeyReusedError`."""
        appended = appended_before(self._ledger, named)
        return None if appended is None else accepted_before(self._ledger, [appended])[0]

    def _append(self, submission: Submission, decision: Decision, command: Command) -> Accepted:
        for _attempt in range(ATTEMPTS):
            with self._deciding.considered(submission, decision, command) as considered:
                compared = self._compared(considered)
                ruling = compared.ruling()
            request = append_request(compared, ruling, self._deciding.sources)
            try:
                appended = self._ledger.append(request)
            except (IntegrityError, StaleDecisionError):
                continue
            if appended.replayed:
                return accepted_before(self._ledger, [appended])[0]
            return accepted(appended.decision_id, ruling, appended.first_position)
        raise ContendedError(decision.type)


def decision_of(decision_type: str) -> Decision:
    """The decision of that name. Raises `UnknownDecisionError`."""
    decision = DECISIONS.get(decision_type)
    if decision is None:
        raise UnknownDecisionError(decision_type)
    return decision
