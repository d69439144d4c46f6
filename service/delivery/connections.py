"""Connections of webhooks: to an address that was looked up once, with an end to how long an exchange takes.

One is kept for each receiver for a while, so that what goes there next need not connect anew. It stays at the address
that was looked up and allowed when it was made; each that is made looks again.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

import httpcore

KEPT_SECONDS: Final = 30.0
"""So long at most a connection is used: whoever moves to another address is found there after that."""
MOST: Final = 256
"""So many are kept at most; those that were used last."""
_BODY: Final = 16 * 1024


class Answered(NamedTuple):
    """Status, headers and body, of which no more is read than is looked at."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Kept(NamedTuple):
    connection: httpcore.HTTPConnection
    clock: _Clock
    made_at: float


class Connections:
    """Those of one process. Safe to call from many threads."""

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def post(
        self, url: str, headers: dict[str, str], body: bytes, seconds: float, addresses: Callable[[], Sequence[str]]
    ) -> Answered:
        """Send it within so long. `addresses`: looks up where a new connection may go to.

        Raises what `httpcore` does, and what `addresses` does. What a kept connection broke off before its answer is
        sent once more by a new one: the receiver closed it meanwhile.
        """
        deadline = time.monotonic() + seconds
        if (kept := self._taken(url)) is not None:
            with contextlib.suppress(httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError):
                return self._exchanged(kept, url, headers, body, deadline)
        clock = _Clock(deadline)
        origin = httpcore.URL(url).origin
        connection = httpcore.HTTPConnection(
            origin,
            ssl_context=self._context() if origin.scheme == b"https" else None,
            network_backend=_Pinned(addresses(), clock),
            keepalive_expiry=KEPT_SECONDS,
        )
        return self._exchanged(_Kept(connection, clock, time.monotonic()), url, headers, body, deadline)

    def close(self) -> None:
        """Let go of those that are kept."""
        with self._lock:
            kept, self._kept = self._kept, {}
        for each in kept.values():
            each.connection.close()

    def _exchanged(self, kept: _Kept, url: str, headers: dict[str, str], body: bytes, deadline: float) -> Answered:
        kept.clock.deadline = deadline
        found = b""
        try:
            with kept.connection.stream("POST", url, headers=list(headers.items()), content=body) as answer:
                for piece in answer.iter_stream():
                    found += piece
                    if len(found) > _BODY:
                        break
            answered = Answered(answer.status, answer.headers, found[:_BODY])
        except BaseException:
            kept.connection.close()
            raise
        self._give_back(url, kept)
        return answered

    def _taken(self, url: str) -> _Kept | None:
        """One that may be used, which nobody else has then."""
        with self._lock:
            kept = self._kept.pop(url, None)
        if kept is None or _usable(kept):
            return kept
        kept.connection.close()
        return None

    def _give_back(self, url: str, kept: _Kept) -> None:
        over = [kept]
        if _usable(kept):
            with self._lock:
                over = [self._kept.pop(each) for each in [*self._kept][: max(len(self._kept) - MOST + 1, 0)]]
                if (before := self._kept.pop(url, None)) is not None:
                    over.append(before)
                self._kept[url] = kept
        for each in over:
            each.connection.close()


def _usable(kept: _Kept) -> bool:
    """Whether it is open, waits for nothing, and is not too old."""
    connection = kept.connection
    idle = connection.is_available() and not connection.is_closed() and not connection.has_expired()
    return idle and time.monotonic() - kept.made_at < KEPT_SECONDS


class _Clock:
    """When the exchange that goes on ends."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def left(self) -> float:
        """In seconds. Raises `httpcore.ReadTimeout` once it is over."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("it took too long")
        return left


class _Pinned(httpcore.NetworkBackend):
    """Connects to addresses that were looked up before, whatever the host's name is; all ends when the clock says."""

    def __init__(self, found: Iterable[str], clock: _Clock) -> None:
        self._found = list(found)
        self._clock = clock
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        for number, each in enumerate(self._found):
            # The last one has all of the time that is left, those before it a share.
            left = self._clock.left() / (len(self._found) - number)
            try:
                return _Bounded(self._backend.connect_tcp(each, port, left, local_address, socket_options), self._clock)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if each == self._found[-1]:
                    raise
        raise httpcore.ConnectError("it has no address")


class _Bounded(httpcore.NetworkStream):
    """A stream that is over when the clock says, however slowly it goes on."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._clock.left())
        return _Bounded(stream, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
