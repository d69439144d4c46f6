"""The whole service: API, worker, beat and Redis as `make run` starts them, over a database of the benchmark's."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg

from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.standings import STANDINGS
from ops.bench.rounds import NotMeasuredError
from ops.bench.setting import place_of
from ops.bench.workload import PROGRAMME
from service import supervisor
from service.application.identity import Role
from service.entrance import open_administering
from service.settings import Settings

POLL_SECONDS: Final = 0.002
VIEWS: Final = (STANDINGS, AUDIT_TRAIL)

Connection = psycopg.Connection[tuple[Any, ...]]


class _DoneError(Exception):
    """Everything is to be stopped."""


def run_service(url: str, home: Path, work: Callable[[Settings], None]) -> None:
    """Start it over a database, let `work` go on once it is ready, and stop it."""
    place = place_of(url)
    database = f"postgresql://{place['user']}@/{place['dbname']}?host={quote(place['host'])}&port={place['port']}"
    settings = Settings(home=home, host="127.0.0.1", port=_free_port(), database_url=database, redis_url=None)

    def when_ready(ready: Settings) -> None:
        work(ready)
        raise _DoneError

    try:
        supervisor.run(settings, tell=lambda _line: None, when_ready=when_ready)
    except _DoneError:
        return
    raise KeyboardInterrupt  # which it took for itself


def key_of(settings: Settings, role: Role, subject: str) -> str:
    """A new key."""
    with open_administering(settings) as administering:
        return administering.keys.issue(role, subject, operator="benchmark")


def visible(connection: Connection) -> int:
    """The position up to which both views of the programme can be read."""
    found = connection.execute(
        "SELECT min(position), count(*) FROM views.build WHERE partition = %s AND view = ANY (%s) AND state = 'live'",
        (PROGRAMME, [view.name for view in VIEWS]),
    ).fetchone()
    return found[0] if found is not None and found[1] == len(VIEWS) else 0


def sealed_size(connection: Connection, patience: float) -> int:
    """Wait until a checkpoint covers the ledger; its size. Raises `NotMeasuredError` when patience ends."""
    deadline = time.monotonic() + patience
    while True:
        row = connection.execute(
            "SELECT h.position, (SELECT max(size) FROM seal.checkpoint) FROM ledger.head h"
        ).fetchone()
        assert row is not None
        if row[0] == row[1]:
            return int(row[0])
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"the last checkpoint covered {row[1]} after {patience:.0f} s")
        time.sleep(0.1)


def head_of(connection: Connection) -> int:
    """The ledger's last position."""
    row = connection.execute("SELECT position FROM ledger.head").fetchone()
    assert row is not None
    return int(row[0])


def watch(connection: Connection, upto: int | Callable[[], int | None], patience: float) -> list[tuple[float, int]]:
    """When which position became visible, until `upto` is. Raises `NotMeasuredError` when patience ends."""
    seen: list[tuple[float, int]] = []
    deadline = time.monotonic() + patience
    while True:
        position, now = visible(connection), time.time()
        if not seen or position > seen[-1][1]:
            seen.append((now, position))
        until = upto if isinstance(upto, int) else upto()
        if until is not None and position >= until:
            return seen
        if time.monotonic() > deadline:
            raise NotMeasuredError(f"the views stood at {position} after {patience:.0f} s")
        time.sleep(POLL_SECONDS)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
