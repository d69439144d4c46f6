"""Receivers of notices on this machine: what they were sent, and answers that tests give them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from service.worker_bootstrap import Delivering

Answering = Callable[[Any], tuple[int, dict[str, str], bytes]]


@dataclass
class Posted:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Receiver:
    """`answer`: what to, as (status, headers, body); it may also wait. `posted`: what came."""

    url: str
    posted: list[Posted] = field(default_factory=list)
    answer: Answering = lambda _posted: (204, {}, b"")

    def answers(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.answer = lambda _posted: (status, headers or {}, body)

    def gives_back(self, posted: Posted) -> tuple[int, dict[str, str], bytes]:
        """What a receiver does that is there for these notices."""
        return 200, {}, msgspec.json.encode({"challenge": posted.event["data"].get("challenge", "")})


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver of webhooks, listening."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.posted.append(Posted(self.path, headers, body))
            status, given, content = found.answer(found.posted[-1])
            self.send_response(status)
            for name, value in given.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Receiver(f"http://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Clock:
    """The time, as a test has it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def on(self, **later: float) -> None:
        self.at += timedelta(**later)


def deliver(delivering: Delivering) -> None:
    """Send all that is due, and all that is due because of it."""
    while begun := delivering.deliver.start():
        for each in begun:
            each.result(timeout=30)


def until(check: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 20
    while not check():
        assert time.monotonic() < end
        time.sleep(0.005)
