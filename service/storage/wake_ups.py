"""Wake-ups for the workers, over Redis: sent from a thread of their own, and lost without harm."""

from __future__ import annotations

import threading
import time
from typing import Final

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from psycopg.conninfo import conninfo_to_dict
from redis import Redis
from redis.exceptions import RedisError

ADVANCE_TASK: Final = "sillok.advance"
REBUILD_TASK: Final = "sillok.rebuild"
ERASE_TASK: Final = "sillok.erase"
NOTIFY_TASK: Final = "sillok.notify"
REACT_TASK: Final = "sillok.react"
DELIVER_TASK: Final = "sillok.deliver"
SEAL_TASK: Final = "sillok.seal"
COSIGN_TASK: Final = "sillok.cosign"
EXPIRES_SECONDS: Final = 30
TASK_SECONDS: Final = 300
"""A task that takes longer is killed, and given out again."""
_WAITS_SECONDS: Final = 5
"""So long at most one task that was lost keeps others like it from being sent; the schedule sends after that."""
_VIEWS_SECONDS: Final = 0.01
"""Between two wake-ups for the views: about what one takes, so that no two workers are after the same views."""
_SEALING_SECONDS: Final = 0.1
"""Between two for sealing."""
_FOLLOWING_SECONDS: Final = 0.25
"""Between two for notices and what follows by itself, of which nobody sees the quarter of a second."""

TRANSPORT_OPTIONS: Final = {
    # Far above any task's time limit: Redis hands a task out again after this, and tasks are idempotent besides.
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "retry_policy": {"max_retries": 0},
}


def queue_of(database_url: str | None) -> str:
    """The queue of a deployment: of two that share a Redis, neither is to take what the other is woken for."""
    name = None if database_url is None else conninfo_to_dict(database_url).get("dbname")
    return f"sillok:{name}" if name else "sillok"


def seal_queue_of(database_url: str | None) -> str:
    """The queue of its sealer."""
    return f"{queue_of(database_url)}:seal"


def witness_queue_of(database_url: str | None) -> str:
    """The queue of the worker that asks its witnesses."""
    return f"{queue_of(database_url)}:witnesses"


def delivery_queue_of(database_url: str | None) -> str:
    """The queue of the worker that sends notices out."""
    return f"{queue_of(database_url)}:deliver"


class BrokerError(Exception):
    """Redis cannot be used; the sentence says what to do."""


def require_broker(redis_url: str) -> None:
    """Raise `BrokerError` unless Redis answers: for who starts workers, since decisions go on without it."""
    try:
        client = Redis.from_url(redis_url.replace("redis+socket://", "unix://", 1), socket_connect_timeout=5)
        try:
            client.ping()
        finally:
            client.close()
    except (RedisError, ValueError, OSError) as error:
        raise BrokerError(
            f"Redis does not answer at REDIS_URL ({' '.join(str(error).split()).rstrip('.')}): start it there, or leave"
            " REDIS_URL unset to have one started."
        ) from error


class Sender:
    """Sends a task unless the same one waits already: one that looks for news finds all of it, however much there is.

    Redis may forget what waits, or remember what was lost: a task too many is harmless, the schedule makes up for one
    too few.
    """

    def __init__(self, app: Celery, redis_url: str) -> None:
        self._app = app
        url = redis_url.replace("redis+socket://", "unix://", 1)
        self._redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=10)

    def send(self, task: str, *arguments: str, queue: str | None = None) -> None:
        """`queue`: if it is another than one's own.

        Raises `OperationalError`, `RedisError` or `OSError` if the broker cannot be used.
        """
        if self._redis.set(self._waits(task, arguments, queue), b"", nx=True, ex=_WAITS_SECONDS):
            self._app.send_task(task, args=arguments, queue=queue, expires=EXPIRES_SECONDS, retry=False)

    def taken(self, task: str, *arguments: str) -> None:
        """To be called by a task before it looks for news: what comes from now on is worth another one."""
        self._redis.delete(self._waits(task, arguments, None))

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()

    def _waits(self, task: str, arguments: tuple[str, ...], queue: str | None) -> str:
        return ":".join((queue or self._app.conf.task_default_queue, task, *arguments))


class News:
    """What some tasks are to be told: at once, and then not again for `seconds`. `queue`: if it is another's.

    Whoever is woken looks for all the news there is, so that under load fewer wake-ups do as much.
    """

    def __init__(self, seconds: float, *tasks: str, queue: str | None = None) -> None:
        self.tasks = tasks
        self.queue = queue
        self._seconds = seconds
        self._arguments: set[tuple[str, ...]] = set()
        self._due = 0.0

    def add(self, *arguments: str) -> None:
        """There is news, for a task with these arguments."""
        self._arguments.add(arguments)

    def waits(self, now: float) -> float | None:
        """So many seconds until there is something to tell; `None` if there is no news."""
        return max(0.0, self._due - now) if self._arguments else None

    def take(self, now: float) -> list[tuple[str, ...]]:
        """The arguments of what is to be told, in order."""
        taken, self._arguments = sorted(self._arguments), set()
        self._due = now + self._seconds
        return taken


class CeleryWakeUps:
    """Sends `sillok.seal` for news, and `sillok.advance`, `sillok.notify` and `sillok.react` for every programme that
    has some.

    What goes to endpoints has `sillok.deliver`.
    """

    def __init__(self, broker_url: str, database_url: str) -> None:
        self._app = Celery("sillok-wake-ups", broker=broker_url, set_as_current=False)
        self._app.conf.update(
            broker_transport_options=TRANSPORT_OPTIONS,
            broker_connection_retry=False,
            task_default_queue=queue_of(database_url),
            task_ignore_result=True,
            task_serializer="json",
        )
        self._sender = Sender(self._app, broker_url)
        self._views = News(_VIEWS_SECONDS, ADVANCE_TASK)
        self._following = News(_FOLLOWING_SECONDS, NOTIFY_TASK, REACT_TASK)
        self._sealing = News(_SEALING_SECONDS, SEAL_TASK, queue=seal_queue_of(database_url))
        self._outgoing = News(_FOLLOWING_SECONDS, DELIVER_TASK, queue=delivery_queue_of(database_url))
        self._every = (self._views, self._following, self._sealing, self._outgoing)
        self._changed = threading.Condition()
        self._closed = False
        self._failing = False
        self._log = structlog.get_logger()
        self._thread = threading.Thread(target=self._run, name="wake-ups", daemon=True)
        self._thread.start()

    def wake(self, programme: str) -> None:
        """See `WakeUps.wake`."""
        with self._changed:
            self._views.add(programme)
            self._following.add(programme)
            self._sealing.add()
            self._changed.notify()

    def deliver(self) -> None:
        """Have what is to go to endpoints sent, soon."""
        with self._changed:
            self._outgoing.add()
            self._changed.notify()

    def close(self) -> None:
        """Send what waits, once, and stop."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=5)
        self._sender.close()
        self._app.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed:
                    waits = [seconds for each in self._every if (seconds := each.waits(time.monotonic())) is not None]
                    if waits and min(waits) == 0:
                        break
                    self._changed.wait(min(waits, default=None))
                now, closed = time.monotonic(), self._closed
                told = [(each, each.take(now)) for each in self._every if closed or each.waits(now) == 0]
            for news, taken in told:
                for arguments in taken:
                    for task in news.tasks:
                        self._send(task, *arguments, queue=news.queue)
            if closed:
                return

    def _send(self, task: str, *arguments: str, queue: str | None = None) -> None:
        try:
            self._sender.send(task, *arguments, queue=queue)
        except (OperationalError, RedisError, OSError) as error:
            if not self._failing:
                self._log.warning("workers cannot be woken; their schedule goes on", error=str(error))
            self._failing = True
        else:
            self._failing = False
