"""`sillok up`: servers, API, worker and beat as children of one process, until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import Popen
from types import FrameType
from typing import Final

import httpx
import msgspec

from service.child_processes import end, last_words, start_process
from service.delivery.channels import require_signable
from service.embedded import EmbeddedPostgres, EmbeddedRedis, only_one
from service.serving import granian
from service.settings import Settings
from service.storage.migrate import migrate
from service.storage.wake_ups import require_broker

READY_SECONDS: Final = 60.0
STOP_SECONDS: Final = {
    **{"beat": 2.0, "worker": 7.0, "sealer": 2.0, "witnesses": 2.0, "deliveries": 2.0, "signer": 1.0, "api": 6.0}
}
"""How long a child may take to end what it does; with the servers', less than half a minute at worst."""

CELERY: Final = ("celery", "--app", "workers.app", "--quiet")
_QUIETLY: Final = ("--loglevel", "WARNING", "--without-gossip", "--without-mingle")
WORKER: Final = ("worker", "--concurrency", "2", *_QUIETLY)
SIGNER: Final = ("service.signer",)
SEALER: Final = ("celery", "--app", "workers.sealing", "--quiet", "worker", "--pool", "solo", *_QUIETLY)
WITNESSES: Final = ("celery", "--app", "workers.witnesses", "--quiet", "worker", "--pool", "solo", *_QUIETLY)
DELIVERIES: Final = ("celery", "--app", "workers.deliveries", "--quiet", "worker", "--pool", "solo", *_QUIETLY)
BEAT: Final = ("beat", "--loglevel", "WARNING", "--pidfile=")

Tell = Callable[[str], None]


class SupervisorError(Exception):
    """Something that was started does not run; the sentence says what and where to look."""


class _Stopped(BaseException):
    """SIGINT or SIGTERM: not an error, and nobody below may take it for one."""


class _Signals:
    """SIGINT and SIGTERM, once: they raise `_Stopped`, but never between the start of a process and its register."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._held = False
        self._came = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Within, the first of them raises `_Stopped`; a second one must not cut the stopping short."""
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, they wait for the end of the block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._came:
            raise _Stopped

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._came:
            return
        self._came = True
        self._tell("stopping")
        if not self._held:
            raise _Stopped


@dataclass
class Child:
    """A process of ours, with its log. `again` starts another in its place; without, nothing can go on when it ends."""

    name: str
    process: Popen[bytes]
    log: Path
    again: Callable[[], Popen[bytes]] | None = None

    def stop(self) -> None:
        """End it, bounded."""
        end(self.process, (signal.SIGTERM, STOP_SECONDS[self.name]))


def run(settings: Settings, *, tell: Tell, when_ready: Callable[[Settings], None]) -> None:
    """Start everything, call `when_ready` once decisions can be taken, and stay until SIGINT or SIGTERM.

    Raises `SettingsError`, `EmbeddedServerError`, `SupervisorError`, `MigrationError`, `BrokerError`, and whatever
    `when_ready` raises; all that was started is stopped first, in any case.
    """
    require_signable(settings)
    signals = _Signals(tell)
    with signals.caught():
        try:
            with ExitStack() as stack:
                lock = stack.enter_context(only_one(settings.home))
                _require_free(settings.host, settings.port)
                settings.logs.mkdir(parents=True, exist_ok=True)
                settings, children = _start_servers(settings, stack, signals, lock, tell)
                for name in migrate(settings.require_database()):
                    tell(f"migration {name}")
                children += _start_children(settings, stack, signals, lock, tell)
                _wait_ready(settings, children)
                when_ready(settings)
                _watch(children, signals, tell)
        except _Stopped:
            tell("stopped")


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SupervisorError(
                f"{host}:{port} cannot be used ({error.strerror}): set PORT to a free one, HOST to an address of this"
                " machine."
            ) from None


def _start_servers(
    settings: Settings, stack: ExitStack, signals: _Signals, lock: int, tell: Tell
) -> tuple[Settings, list[Child]]:
    """The settings with the addresses of the servers that had to be started."""
    children = []
    if settings.database_url is None:
        tell("starting PostgreSQL")
        log = settings.logs / "postgres.log"
        postgres = EmbeddedPostgres(settings.home / "postgres", log, lock)
        with signals.held():
            stack.callback(postgres.stop)
            settings = msgspec.structs.replace(settings, database_url=postgres.start())
        if postgres.process is not None:
            children.append(Child("PostgreSQL", postgres.process, log))
    if settings.redis_url is None:
        tell("starting Redis")
        log = settings.logs / "redis.log"
        redis = EmbeddedRedis(settings.home / "redis", log, lock)
        with signals.held():
            stack.callback(redis.stop)
            settings = msgspec.structs.replace(settings, redis_url=redis.start())
        if redis.process is not None:
            children.append(Child("Redis", redis.process, log, partial(_restart_redis, redis)))
    else:
        require_broker(settings.redis_url)
    return settings, children


def _start_children(settings: Settings, stack: ExitStack, signals: _Signals, lock: int, tell: Tell) -> list[Child]:
    environment = {
        **os.environ,
        "SILLOK_HOME": str(settings.home),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "DATABASE_URL": settings.require_database(),
        "REDIS_URL": settings.require_redis(),
    }
    # The signer is told of no server: whoever has its process has not the ledger as well.
    of_signer = {name: value for name, value in environment.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    api = granian("service.app:create_app", settings.host, settings.port)
    api += ["--workers-kill-timeout", "5", "--respawn-failed-workers"]
    worker, beat = [*CELERY, *WORKER], [*CELERY, *BEAT, "--schedule", str(settings.home / "beat-schedule")]
    children = []
    every: list[tuple[str, Sequence[str]]] = [("api", api), ("signer", SIGNER), ("sealer", SEALER)]
    if settings.witness_policy() is not None:
        every.append(("witnesses", WITNESSES))
    every += [("deliveries", DELIVERIES), ("worker", worker), ("beat", beat)]
    for name, arguments in every:
        tell(f"starting {name}")
        log = settings.logs / f"{name}.log"
        start = partial(
            start_process,
            [sys.executable, "-m", *arguments],
            log,
            when_parent_dies=signal.SIGTERM,
            environment=of_signer if name == "signer" else environment,
            keep_open=lock,
        )
        with signals.held():
            # Decisions go on without workers and signer, so these are started again. Without the API nothing does.
            child = Child(name, start(), log, None if name == "api" else start)
            # In the reverse order of their start: beat, workers, signer, API, and the servers last.
            stack.callback(child.stop)
        children.append(child)
    return children


def _restart_redis(redis: EmbeddedRedis) -> Popen[bytes]:
    redis.start()
    assert redis.process is not None
    return redis.process


def _wait_ready(settings: Settings, children: list[Child]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(trust_env=False, timeout=2) as client:
        while True:
            _require_alive(children)
            try:
                if client.get(f"{settings.address}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise SupervisorError(f"The API did not get ready: see {settings.logs / 'api.log'}.")
            time.sleep(0.1)


def _watch(children: list[Child], signals: _Signals, tell: Tell) -> None:
    while True:
        _require_alive([child for child in children if child.again is None])
        for child in children:
            if child.again is not None and child.process.poll() is not None:
                tell(f"{child.name} ended with status {child.process.returncode}, see {child.log}: starting it again")
                with signals.held():
                    child.process = child.again()
        time.sleep(1)


def _require_alive(children: list[Child]) -> None:
    for child in children:
        if child.process.poll() is not None:
            raise SupervisorError(
                f"{child.name} ended with status {child.process.returncode}: see {child.log}; its last words:\n"
                f"{last_words(child.log, 5)}"
            )
