"""`sillok up`: servers, API, worker and beat as children of one process, until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import httpx

from service.embedded import (
    EmbeddedPostgres,
    EmbeddedRedis,
    dies_with_parent,
    end,
    last_words,
    only_one,
)
from service.settings import Settings
from service.storage.migrate import migrate

READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 8.0

CELERY: Final = ("celery", "--app", "workers.app", "--quiet")
WORKER: Final = ("worker", "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle")
BEAT: Final = ("beat", "--loglevel", "WARNING", "--pidfile=")

Tell = Callable[[str], None]


class SupervisorError(Exception):
    """Something that was started does not run; the sentence says what and where to look."""


class _Stopped(BaseException):
    """SIGINT or SIGTERM: not an error, and nobody below may take it for one."""


class Child:
    """A process of ours, with its log."""

    def __init__(self, name: str, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A terminal's Ctrl-C reaches us only, and we stop our children in order.
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )

    def stop(self) -> None:
        end(self.process, signal.SIGTERM, _STOP_SECONDS)


def run(settings: Settings, *, tell: Tell, when_ready: Callable[[Settings], None]) -> None:
    """Start everything, call `when_ready` once decisions can be taken, and stay until SIGINT or SIGTERM.

    Raises `EmbeddedServerError`, `SupervisorError`, `MigrationError`, and whatever `when_ready` raises; all that was
    started is stopped first, in any case.
    """
    with _signals(), ExitStack() as stack:
        try:
            stack.enter_context(only_one(settings.home))
            settings.logs.mkdir(parents=True, exist_ok=True)
            _require_free(settings.host, settings.port)
            settings = _with_servers(settings, stack, tell)
            for name in migrate(settings.require_database()):
                tell(f"migration {name}")
            children = _start_children(settings, stack, tell)
            _wait_ready(settings, children)
            when_ready(settings)
            _watch(children)
        except _Stopped:
            tell("stopping")
    tell("stopped")


@contextmanager
def _signals() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Once is enough: a second Ctrl-C must not cut the stopping short and leave servers behind.
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SupervisorError(f"{host}:{port} cannot be used ({error.strerror}): set PORT to a free one.") from None


def _with_servers(settings: Settings, stack: ExitStack, tell: Tell) -> Settings:
    database_url, redis_url = settings.database_url, settings.redis_url
    if database_url is None:
        tell("starting PostgreSQL")
        postgres = EmbeddedPostgres(settings.home / "postgres", settings.logs / "postgres.log")
        stack.callback(postgres.stop)
        database_url = postgres.start()
    if redis_url is None:
        tell("starting Redis")
        redis = EmbeddedRedis(settings.home / "redis", settings.logs / "redis.log")
        stack.callback(redis.stop)
        redis_url = redis.start()
    return Settings(
        home=settings.home,
        host=settings.host,
        port=settings.port,
        database_url=database_url,
        redis_url=redis_url,
    )


def _start_children(settings: Settings, stack: ExitStack, tell: Tell) -> list[Child]:
    environment = {
        **os.environ,
        "SILLOK_HOME": str(settings.home),
        "DATABASE_URL": settings.require_database(),
        "REDIS_URL": settings.require_redis(),
    }
    api = ["granian", "--interface", "asgi", "--factory", "service.app:create_app", "--loop", "uvloop", "--no-ws"]
    api += ["--host", settings.host, "--port", str(settings.port), "--workers", "1", "--workers-kill-timeout", "5"]
    worker, beat = [*CELERY, *WORKER], [*CELERY, *BEAT, "--schedule", str(settings.home / "beat-schedule")]
    children = []
    for name, arguments in (("api", api), ("worker", worker), ("beat", beat)):
        tell(f"starting {name}")
        child = Child(name, arguments, environment, settings.logs / f"{name}.log")
        stack.callback(child.stop)
        children.append(child)
    return children


def address(settings: Settings) -> str:
    """Where the API answers."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    return f"http://{host}:{settings.port}"


def _wait_ready(settings: Settings, children: list[Child]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(trust_env=False, timeout=2) as client:
        while True:
            _require_alive(children)
            try:
                if client.get(f"{address(settings)}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise SupervisorError(f"The API did not get ready: see {children[0].log}.")
            time.sleep(0.1)


def _watch(children: list[Child]) -> None:
    while True:
        _require_alive(children)
        time.sleep(0.5)


def _require_alive(children: list[Child]) -> None:
    for child in children:
        if child.process.poll() is not None:
            raise SupervisorError(
                f"{child.name} ended with status {child.process.returncode}: see {child.log}; its last words:\n"
                f"{last_words(child.log, 5)}"
            )
