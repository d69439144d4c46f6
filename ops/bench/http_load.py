"""Sends requests over so many connections, each its next one as soon as the last is answered: a process of its own.

One thread that waits for sockets and knows as much of HTTP/1.1 as our own answers need, so that it costs little beside
what it measures.
"""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import msgspec

from ops.bench.rounds import NotMeasuredError

ANSWER_SECONDS: Final = 30.0
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_WITHOUT_BODY: Final = b"http/1.1 304 "


class Load(msgspec.Struct, frozen=True):
    """What is to be sent, each the whole of a request, and the status that each answer is to have."""

    host: str
    port: int
    connections: int
    status: int
    requests: list[bytes]


class Report(msgspec.Struct, frozen=True):
    """`seconds`: from the first request to the last answer. `processor_seconds`: of this process, meanwhile."""

    seconds: float
    processor_seconds: float
    latencies: list[float]


class _Connection:
    """One request at a time."""

    def __init__(self, load: Load) -> None:
        self.socket = socket.create_connection((load.host, load.port), ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._status = b"HTTP/1.1 %d " % load.status
        self._received = b""
        self._sent_at = 0.0

    def send(self, request: bytes) -> None:
        self._received = b""
        self._sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> float | None:
        """Seconds since the request, once all of the answer is there. Raises `ValueError` for any but the right one."""
        some = self.socket.recv(65536)
        self._received += some
        if not some:
            raise ValueError("the connection was closed")
        length = length_of(self._received)
        if length is None or len(self._received) < length:
            return None
        if not self._received.startswith(self._status):
            raise ValueError(self._received[:2000].decode(errors="replace"))
        return time.perf_counter() - self._sent_at


def length_of(received: bytes) -> int | None:
    """Bytes of the whole answer; `None` until its headers are there."""
    end = received.find(_END)
    if end < 0:
        return None
    headers = received[:end].lower()
    if headers.startswith(_WITHOUT_BODY):
        return end + len(_END)
    return end + len(_END) + int(headers.partition(_LENGTH)[2].partition(b"\r\n")[0])


def send(load: Load) -> Report:
    """Send all of it from a process of its own. Raises `NotMeasuredError`."""
    command = [sys.executable, "-m", "ops.bench.http_load"]
    done = subprocess.run(command, input=msgspec.msgpack.encode(load), capture_output=True, check=False)
    if done.returncode:
        raise NotMeasuredError(f"the load was not taken ({done.stderr.decode().strip().splitlines()[-1][:500]})")
    return msgspec.msgpack.decode(done.stdout, type=Report)


def run(load: Load) -> Report:
    """Send all of it. Raises `ValueError` for an answer of another status, `TimeoutError` if none comes."""
    requests = iter(load.requests)
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        connections = [_Connection(load) for _each in range(load.connections)]
        for each in connections:
            stack.enter_context(each.socket)
        began, processor_began = time.perf_counter(), time.process_time()
        for each, request in zip(connections, requests, strict=False):
            each.send(request)
            selector.register(each.socket, selectors.EVENT_READ, each)
        latencies = list(_answers(selector, requests, len(load.requests)))
        return Report(time.perf_counter() - began, time.process_time() - processor_began, latencies)


def _answers(selector: selectors.BaseSelector, requests: Iterator[bytes], number: int) -> Iterator[float]:
    while number:
        ready = selector.select(ANSWER_SECONDS)
        if not ready:
            raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} seconds")
        for key, _events in ready:
            latency = key.data.receive()
            if latency is None:
                continue
            yield latency
            number -= 1
            request = next(requests, None)
            if request is not None:
                key.data.send(request)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.msgpack.encode(run(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Load))))
