"""Reacting: whatever follows by itself is decided, as any decision is, once.

What is due is told by what is recorded and by the time, not by what a worker remembers: one that was killed, or that
races another, finds what was decided already, and the request's own name (`Due.key`) records nothing twice. Only this
reacts; neither a rebuild, a replay nor a what-if comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
import structlog

from domain.charter import CharterInForce
from domain.deadlines import moment
from domain.decision import Fact
from domain.due import Due, Known, common
from domain.envelope import Actor
from domain.reactions import actor_of, following, is_due
from domain.refusal import Refusal
from domain.system import SYSTEM
from service.application.deciding import Submission
from service.application.facts import read_facts
from service.application.ports import IdempotencyKeyReusedError, Ledger
from service.application.reaction_ports import Held, ReactionStore, Standing
from service.application.recording import Accepted, client_of

Outcome = Literal["current", "more", "busy"]
"""`current`: nothing is due that is not refused. `more`: something was decided, from which more may follow. `busy`:
another worker has the programme."""

AGAIN: Final = timedelta(hours=1)
"""After so long what was refused is tried again, also where nothing was recorded since: it may rest on the day."""

_CLIENT: Final = client_of(Actor(SYSTEM, "", "system"))
_log: Final = structlog.get_logger()


class React:
    """The use case. `submit`: makes a decision, as for anybody (`SubmitDecision`)."""

    def __init__(
        self,
        ledger: Ledger,
        store: ReactionStore,
        submit: Callable[[Submission], Accepted],
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._submit = submit
        self._now = now

    def __call__(self, programme: str) -> Outcome:
        """Decide what is due. Raises `LedgerUnavailableError`, `ContendedError`; what was not decided is, next time."""
        with self._store.turn(programme) as turn:
            if turn is None:
                return "busy"
            now = self._now()
            head, found = self._following(programme, now)
            held: list[Held] = []
            for each in (each for each in found if is_due(each, now)):
                outcome = self._decide(programme, each)
                if outcome == "decided":
                    # What else is due is told by what is recorded by now; where this ends it is behind.
                    return "more"
                if isinstance(outcome, Held):
                    held.append(outcome)
            later = [moment(each.at) for each in found if each.at is not None and not is_due(each, now)]
            later += [now + AGAIN] if held else []
            turn.standing = Standing(position=head, due_at=min(later, default=None), held=tuple(held))
            return "current"

    def coming(self, programme: str) -> Sequence[Due]:
        """What follows by now or later, and is not decided or proposed. Raises `LedgerUnavailableError`."""
        return self._following(programme, self._now())[1]

    def _following(self, programme: str, now: datetime) -> tuple[int, list[Due]]:
        charter, facts = CharterInForce(programme), common(programme)
        _query, head = read_facts(self._ledger, (charter,))
        if not charter.position or not charter.charter.reactions:
            return head, []
        read_facts(self._ledger, facts)

        def read(looked_at: Sequence[Fact]) -> None:
            read_facts(self._ledger, looked_at)

        every = list(following(Known(charter.charter, *facts, now), read))
        recorded = self._ledger.find(_CLIENT, programme, [each.key for each in every]) if every else {}
        return head, [each for each in every if each.key not in recorded]

    def _decide(self, programme: str, each: Due) -> Literal["decided", "before"] | Held:
        """`before`: another worker was first."""
        submission = Submission(
            programme=programme,
            decision_type=each.decision,
            body=msgspec.json.encode(each.body, order="deterministic"),
            actor=actor_of(each),
            idempotency_key=each.key,
            follows=each.follows,
        )
        try:
            return "before" if self._submit(submission).replayed else "decided"
        except IdempotencyKeyReusedError:
            return "before"  # on another day, with another first day
        except Refusal as error:
            _log.warning("what follows is held", programme=programme, reaction=each.key, because=str(error))
            return Held(reaction=each.reaction, follows=each.follows, subject=each.subject, because=str(error))
