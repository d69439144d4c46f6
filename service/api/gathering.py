"""Decisions that many requests ask for at the same time: those that come while others are made are made together."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, NamedTuple

from domain.charter import require_programme_id
from service.application.deciding import Submission
from service.application.in_flight import Name, RequestInFlightError
from service.application.lines import Sent
from service.application.ports import LedgerUnavailableError
from service.application.recording import Accepted

TOGETHER: Final = 128
"""Decisions that are made together at most."""
WAITING: Final = 4_096
"""How many may wait for their turn; further ones are refused."""
PATIENCE_SECONDS: Final = 20.0
"""How long a decision waits for its turn."""
BELIEVED_SECONDS: Final = 1.0
"""Whose decision has waited longer is asked again who it is, before it is made."""

Outcome = Accepted | Exception


class _Asked(NamedTuple):
    submission: Submission
    outcome: asyncio.Future[Accepted | None]
    expires: float
    believed_until: float


class _WaitedError(Exception):
    """It is the decision's turn, and whoever asked for it is to be asked again first."""


async def _nobody_else() -> None:
    """Of whom nothing has to be asked again."""


class Gather:
    """For one event loop. `together`: what becomes of some, `None` for one that is to be made by itself, which `alone`
    does; both wait for the database, in `threads`.
    """

    def __init__(
        self,
        together: Callable[[Sequence[Submission]], Sequence[Outcome | None]],
        alone: Callable[[Submission], Accepted],
        threads: Executor,
    ) -> None:
        self._together = together
        self._alone = alone
        self._threads = threads
        self._waiting: deque[_Asked] = deque()
        self._names: set[Name] = set()
        self._making = False

    async def take(
        self, submission: Submission, require_known: Callable[[], Awaitable[None]] = _nobody_else
    ) -> Accepted:
        """Make the decision. Raises as `SubmitDecision` does, and as `require_known`, which is asked about a decision
        that had to wait: whether whoever asked for it still may.
        """
        require_programme_id(submission.programme)
        name = Sent(submission=submission).name
        if name in self._names:
            raise RequestInFlightError(submission.idempotency_key)
        self._names.add(name)
        try:
            # How long a consortium's takes is to tell nothing of those of others.
            shared = submission.actor.party == "agency" and submission.unchanged_since is None
            made = await self._turn(submission, require_known) if shared else None
            if made is None:
                loop = asyncio.get_running_loop()
                made = await loop.run_in_executor(self._threads, self._alone, submission)
            return made
        finally:
            self._names.discard(name)

    async def _turn(self, submission: Submission, require_known: Callable[[], Awaitable[None]]) -> Accepted | None:
        if len(self._waiting) >= WAITING:
            raise LedgerUnavailableError(f"{WAITING} decisions are waiting already", outcome_unknown=False)
        loop, now = asyncio.get_running_loop(), time.monotonic()
        asked = _Asked(submission, loop.create_future(), now + PATIENCE_SECONDS, now + BELIEVED_SECONDS)
        self._waiting.append(asked)
        self._make()
        try:
            return await asked.outcome
        except _WaitedError:
            await require_known()
        again = _Asked(submission, loop.create_future(), asked.expires, asked.expires)
        self._waiting.appendleft(again)
        self._make()
        return await again.outcome

    def _make(self) -> None:
        """Begin with those that wait, unless others are being made."""
        if self._making or not (asked := self._next()):
            return
        submissions = [each.submission for each in asked]
        try:
            making = asyncio.get_running_loop().run_in_executor(self._threads, self._together, submissions)
        except RuntimeError:  # the threads are closed
            for each in asked:
                _settle(each, LedgerUnavailableError("the service is stopping", outcome_unknown=False))
            return
        self._making = True
        making.add_done_callback(partial(self._made, asked))

    def _next(self) -> list[_Asked]:
        asked: list[_Asked] = []
        now = time.monotonic()
        while self._waiting and len(asked) < TOGETHER:
            each = self._waiting.popleft()
            if each.expires < now:
                _settle(each, LedgerUnavailableError("the ledger is busy: no turn in time", outcome_unknown=False))
            elif each.believed_until < now:
                _settle(each, _WaitedError())
            else:
                asked.append(each)
        return asked

    def _made(self, asked: Sequence[_Asked], making: asyncio.Future[Sequence[Outcome | None]]) -> None:
        self._making = False
        self._make()
        error = making.exception()
        outcomes = making.result() if error is None else [error] * len(asked)
        for each, outcome in zip(asked, outcomes, strict=True):
            _settle(each, outcome)


def _settle(asked: _Asked, outcome: Outcome | BaseException | None) -> None:
    if asked.outcome.done():  # whoever asked is gone
        return
    if isinstance(outcome, BaseException):
        asked.outcome.set_exception(outcome)
    else:
        asked.outcome.set_result(outcome)
