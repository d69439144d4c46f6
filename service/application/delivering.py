"""Delivering notices to channels beside the inbox: from the database, by a schedule that is published.

Notices go to an endpoint in their order, one at a time. What is due is taken together, sent each in a thread, and what
came of it kept together. A worker that is killed between sending and keeping sends again once its claim has run out,
under the same id. Nothing is recorded as delivered that was not answered so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

import structlog

from domain.deadlines import instant
from service.application.delivery_ports import (
    SEND_SECONDS,
    Answer,
    Channel,
    ChannelName,
    Claim,
    DeliveryStore,
    Message,
    Settled,
    Tried,
    Waiting,
)
from service.application.ports import LedgerUnavailableError

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=each) for each in (2, 5, 10, 14, 20, 24)),
)
"""How long after an attempt that failed the next one is made (the schedule of Standard Webhooks, over three days)."""
JITTER: Final = 0.1
"""By so much of it at most a wait is longer, so that not all who failed at once are tried at once."""
LONGEST_WAIT: Final = timedelta(hours=24)
"""However long an endpoint asks us to wait."""
HELD: Final = timedelta(minutes=1)
CLAIM: Final = timedelta(seconds=6 * SEND_SECONDS)
"""So long a worker has an endpoint; after that another one takes it."""
UNSEALED: Final = timedelta(seconds=10)
"""So long a notice waits for its receipt; after that it goes without."""
_LOOK: Final = timedelta(milliseconds=50)

_log = structlog.get_logger()

Progress = Literal["current", "more"]


class Deliver:
    """The use case; one object a process. `receipt`: of a position; none while that is not sealed.

    `jitter`: from 0 to 1. `slots`: so many are sent at once, each in one of `threads`; endpoints where nothing gets
    through have half of them at most, so that they delay nobody else.
    """

    def __init__(
        self,
        store: DeliveryStore,
        channels: Mapping[ChannelName, Channel],
        receipt: Callable[[int], str | None],
        threads: Executor,
        *,
        slots: int,
        now: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._store = store
        self._channels = channels
        self._receipt = receipt
        self._threads = threads
        self._slots = slots
        self._now = now
        self._jitter = jitter
        self._lock = threading.Lock()
        self._busy = 0
        self._slow = 0
        self._tried: list[Tried] = []

    def start(self) -> list[Future[None]]:
        """Keep what was answered since, and begin what is due, as far as there are slots.

        Raises `LedgerUnavailableError`; what was answered is then kept the next time.
        """
        self.settle()
        now = self._now()
        with self._lock:
            free, slow = self._slots - self._busy, self._slots // 2 - self._slow
        begun = self._begin(now, free, failing=False)
        return begun + self._begin(now, min(free - len(begun), slow), failing=True)

    def settle(self) -> None:
        """Keep what was answered since. Raises `LedgerUnavailableError`."""
        with self._lock:
            tried, self._tried = self._tried, []
        if not tried:
            return
        try:
            self._store.settle(tried, self._now())
        except LedgerUnavailableError as error:
            with self._lock:
                self._tried = [*tried, *self._tried]
            _log.warning("what was answered cannot be kept yet", attempts=len(tried), error=str(error))
            raise

    def progress(self, within: timedelta = _LOOK) -> Progress:
        """`more`: something is being sent, was answered, or is to be sent within that time."""
        return "more" if self._busy or self._tried or self._store.due(self._now() + within) else "current"

    def _begin(self, now: datetime, limit: int, *, failing: bool) -> list[Future[None]]:
        if limit <= 0:
            return []
        taken = self._store.take(now, until=now + CLAIM, limit=limit, failing=failing)
        with self._lock:
            self._busy += len(taken)
            self._slow += len(taken) if failing else 0
        return [self._threads.submit(self._one, claim, waiting, failing) for claim, waiting in taken]

    def _one(self, claim: Claim, waiting: Waiting, failing: bool) -> None:
        tried: Tried | None = None
        try:
            answer, now = self._sent(waiting), self._now()
            settled = self._settled(waiting, answer, now)
            tried = Tried(claim=claim, delivery=waiting.delivery, settled=settled, at=now)
        except LedgerUnavailableError as error:
            _log.warning("nothing was sent; it is tried again", endpoint=claim.endpoint, error=str(error))
        except Exception as error:
            _log.error("a delivery failed here; it is tried again", endpoint=claim.endpoint, exc_info=error)
            raise
        finally:
            with self._lock:
                self._tried += [] if tried is None else [tried]
                self._busy -= 1
                self._slow -= 1 if failing else 0

    def _sent(self, waiting: Waiting) -> Answer:
        now, target = self._now(), waiting.target
        receipt = None
        if (notice := waiting.notice) is not None:
            receipt = self._receipt(notice.position)
            if receipt is None and now < waiting.queued_at + UNSEALED:
                return Answer(result="held", says="waits for its receipt", wait=_LOOK)
        channel = self._channels.get(target.channel)
        if channel is None:
            return Answer(result="held", says="nothing is set here to send it by")
        return channel.send(target, message_of(waiting, receipt), now)

    def _settled(self, waiting: Waiting, answer: Answer, now: datetime) -> Settled:
        says, wait = answer.says, min(answer.wait or timedelta(0), LONGEST_WAIT)
        if answer.result == "delivered":
            return Settled(state="delivered", answer=says, confirmed=answer.confirmed)
        if answer.result == "held":
            return Settled(state="pending", answer=says, counts=False, next_attempt_at=now + (wait or HELD))
        if answer.result == "gone":
            return Settled(state="dead", answer=says, disabled=says)
        if answer.result == "refused" or (waiting.content is None and waiting.summary is None):
            return Settled(state="dead", answer=says)
        if waiting.attempts >= len(SCHEDULE):
            failed = f"nothing got through by {instant(now)}: {says}"
            return Settled(state="dead", answer=says, disabled=failed)
        planned = SCHEDULE[waiting.attempts] * (1 + JITTER * self._jitter())
        return Settled(state="pending", answer=says, next_attempt_at=now + max(planned, wait))


def message_of(waiting: Waiting, receipt: str | None) -> Message:
    """What is sent. Its id is from the notice's hash, so that a receiver knows one that comes twice."""
    target, notice = waiting.target, waiting.notice
    said = partial(Message, programme=target.programme, data_set=target.data_set, at=waiting.queued_at)
    if waiting.disabled is not None:
        return said(id=f"disabled_{waiting.delivery}", disabled=waiting.disabled)
    if waiting.summary is not None:
        return said(id=f"summary_{target.endpoint}_{waiting.summary.day}", summary=waiting.summary)
    if notice is None or waiting.sha256 is None:
        return said(id=f"test_{waiting.delivery}", challenge=target.secrets[0].challenge())
    sha256 = waiting.sha256.hex()
    return said(
        id=f"notice_{sha256[:32]}",
        programme=notice.programme,
        data_set=notice.data_set,
        notice=notice,
        sha256=sha256,
        receipt=receipt,
    )
