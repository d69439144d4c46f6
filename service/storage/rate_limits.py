"""How much a minute: counted in Redis for all processes together, and by each for itself while Redis is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import Final, Protocol

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

WINDOW_SECONDS: Final = 60
_GONE_SECONDS: Final = 5.0
"""So long Redis is left alone after it did not answer."""
_BLOCKS: Final = 100
_MOST: Final = 100_000

_log = structlog.get_logger()


class Counter(Protocol):
    """Counts what all processes took."""

    def add(self, name: str, amount: int) -> int | None:
        """The count with this added; `None` if it cannot be told. Waits a fraction of a second at most."""
        ...


class NoCounter:
    """Each process counts for itself."""

    def add(self, name: str, amount: int) -> int | None:
        """Nothing is known of others."""
        return None


class RedisCounter:
    """Counts in Redis, under names of a deployment's own; they go two windows after they came."""

    def __init__(self, redis_url: str, prefix: str) -> None:
        url = redis_url.replace("redis+socket://", "unix://", 1)
        once = Retry(NoBackoff(), retries=0)
        self._redis = Redis.from_url(url, socket_connect_timeout=0.2, socket_timeout=0.2, retry=once)
        self._prefix = prefix
        self._gone_until = 0.0

    def add(self, name: str, amount: int) -> int | None:
        """See `Counter.add`."""
        if time.monotonic() < self._gone_until:
            return None
        key = f"{self._prefix}:{name}"
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.incrby(key, amount)
                pipeline.expire(key, 2 * WINDOW_SECONDS)
                count = int(pipeline.execute()[0])
        except (RedisError, OSError) as error:
            if self._gone_until == 0.0:
                _log.warning("limits are counted by each process for itself: Redis does not answer", error=str(error))
            self._gone_until = time.monotonic() + _GONE_SECONDS
            return None
        self._gone_until = 0.0
        return count

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()


@dataclass
class _Window:
    """Of one minute: what each may still take without asking, took in all as far as is known here, and may no more."""

    number: int
    left: dict[str, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)

    def take(self, who: str) -> bool:
        """One of what may be taken without asking, if any is left."""
        left = self.left.get(who, 0)
        if left > 0:
            self.left[who] = left - 1
        return left > 0


class MinuteLimit:
    """`Limit`: `most` in each minute of the clock. Taken from the common count a hundredth at a time.

    So a busy client costs a hundred round trips a minute, and `n` processes together may leave `n` hundredths unused.
    """

    def __init__(self, name: str, most: int, counter: Counter, *, now: Callable[[], float] = time.time) -> None:
        self._name = name
        self._most = most
        self._block = max(1, most // _BLOCKS)
        self._counter = counter
        self._now = now
        self._lock = threading.Lock()
        self._window = _Window(0)

    def spend(self, who: str) -> int | None:
        """See `Limit.spend`."""
        now = self._now()
        with self._lock:
            window = self._current(now)
            if window.take(who):
                return None
            if window.taken.get(who, 0) >= self._most:
                return _wait(now)
        together = self._counter.add(f"{self._name}:{who}:{window.number}", self._block)
        with self._lock:
            before = window.taken.get(who, 0) if together is None else together - self._block
            window.taken[who] = max(before + self._block, window.taken.get(who, 0))
            given = min(self._block, self._most - before)
            if given <= 0:
                return _wait(now)
            window.left[who] = window.left.get(who, 0) + given - 1
            return None

    def spend_at_once(self, who: str) -> bool:
        """See `Limit.spend_at_once`."""
        with self._lock:
            return self._current(self._now()).take(who)

    def exhausted(self, who: str) -> int | None:
        """See `Limit.exhausted`."""
        now = self._now()
        with self._lock:
            window = self._current(now)
            spent = window.taken.get(who, 0) >= self._most and window.left.get(who, 0) == 0
            return _wait(now) if spent else None

    def _current(self, now: float) -> _Window:
        number = int(now // WINDOW_SECONDS)
        if number != self._window.number or len(self._window.taken) > _MOST:
            self._window = _Window(number)
        return self._window


def _wait(now: float) -> int:
    return max(1, ceil(WINDOW_SECONDS - now % WINDOW_SECONDS))
