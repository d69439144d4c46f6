"""UmaDB: a server of its own, from its Python package, on the same disk, called over the loopback."""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from ops.bench.peers import python_packages
from ops.bench.rounds import Append, NotMeasuredError, by_threads, timed
from ops.bench.setting import Server, Setting
from ops.bench.systems import BatchRate, Rate
from ops.bench.workload import ENVELOPE, TYPE, Sheet, made, sheets
from service.child_processes import end, last_words, start_process
from service.storage.identifiers import uuid7

START_SECONDS: Final = 20
REQUEST: Final = 2_000
"""Events of this size that one request takes: its server refuses more than 4 MiB. Larger ones go in pieces, each
recorded apart."""


@contextmanager
def running(setting: Setting, server: Server, name: str) -> Iterator[tuple[Any, str]]:
    """Its Python module, and the address of a server of it with empty data. Raises `NotMeasuredError`."""
    packages = python_packages(setting.home)
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
    try:
        umadb = importlib.import_module("umadb")
    except ImportError as error:
        raise NotMeasuredError(f"it does not run on this machine ({error})") from error
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    log = server.folder / f"{name}.log"
    process = start_process(
        [
            *(sys.executable, "-c", "from umadb.umadb_server_cli import main; main()"),
            *("--listen", address, "--db-path", server.folder / f"{name}.uma"),
        ],
        log,
        when_parent_dies=signal.SIGTERM,
        environment={**os.environ, "PYTHONPATH": str(packages)},
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                umadb.Client(f"http://{address}").head()
                break
            except Exception as error:  # its client has no common error of its own
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NotMeasuredError(f"its server does not start ({last_words(log)[:200]})") from error
                time.sleep(0.05)
        yield umadb, f"http://{address}"
    finally:
        end(process, (signal.SIGTERM, 5))


@contextmanager
def appends(setting: Setting, server: Server) -> Iterator[Rate]:
    """Each thread with a client of its own and the same condition."""
    with running(setting, server, "umadb") as (umadb, address):

        @contextmanager
        def client(clients: int) -> Iterator[Append]:
            opened = umadb.Client(address)
            new, after = made(lambda sheet: ([event(umadb, sheet)], query(umadb, sheet)), clients), opened.head() or 0

            def append() -> None:
                nonlocal after
                events, asked = next(new)
                after = opened.append(events, umadb.AppendCondition(fail_if_events_match=asked, after=after))

            yield append
            opened.close()

        yield lambda clients, seconds: by_threads(clients, partial(client, clients), seconds=seconds)


@contextmanager
def batches(setting: Setting, server: Server) -> Iterator[BatchRate]:
    """Many events under one condition; see `REQUEST`."""
    with running(setting, server, "umadb_batches") as (umadb, address):
        client = umadb.Client(address)

        def rate(size: int, number: int) -> float:
            new, after = sheets(), client.head() or 0
            pieces = [min(REQUEST, size - begun) for begun in range(0, size, REQUEST)]
            given = [list(itertools.islice(new, piece)) for _each in range(number) for piece in pieces]
            requests = [([event(umadb, one) for one in each], query(umadb, each[-1])) for each in given]

            def work() -> None:
                nonlocal after
                for events, asked in requests:
                    after = client.append(events, umadb.AppendCondition(fail_if_events_match=asked, after=after))

            return size * number / timed(work)

        yield rate


def event(umadb: Any, of: Sheet) -> Any:
    return umadb.Event(event_type=TYPE, data=ENVELOPE + of.data, tags=list(of.tags), uuid=uuid7())


def query(umadb: Any, of: Sheet) -> Any:
    return umadb.Query(items=[umadb.QueryItem(types=list(item.types), tags=list(item.tags)) for item in of.items])
