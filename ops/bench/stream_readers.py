"""So many readers of a stream of server-sent events, in a process of its own that notes when each had read how far.

One thread that waits for sockets, so that it costs little beside what it measures. It says `ready` once every reader is
answered, and tells what it noted once each has read as far as asked.
"""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import msgspec

from ops.bench.rounds import NotMeasuredError

PATIENCE: Final = 60.0
_ID: Final = re.compile(rb"\nid: (\d+)\ndata")
_ANSWERED: Final = b"\nid: "


class Asked(msgspec.Struct, frozen=True):
    """`request`: the whole of it, the same for each reader. `upto`: the last position that each is to read."""

    host: str
    port: int
    readers: int
    request: bytes
    upto: int


class Read(msgspec.Struct, frozen=True):
    """What a reader read. `seen`: when up to which position. `events`: how many."""

    seen: list[tuple[float, int]]
    events: int


class _Reader:
    def __init__(self, asked: Asked) -> None:
        self.socket = socket.create_connection((asked.host, asked.port), PATIENCE)
        self.socket.sendall(asked.request)
        self.seen: list[tuple[float, int]] = []
        self.events = 0
        self._rest = b""

    def begin(self) -> None:
        """Read until the stream has said where it begins. Raises `ValueError` for another answer."""
        while _ANSWERED not in self._rest:
            self._rest += self._some()
            if not self._rest.startswith(b"HTTP/1.1 200 "[: len(self._rest)]):
                raise ValueError(self._rest[:500].decode(errors="replace"))

    def receive(self) -> int:
        """Read what is there; the last position that was read."""
        self._rest += self._some()
        now, end = time.time(), self._rest.rfind(b"\n\n")
        found = _ID.findall(self._rest, 0, max(0, end))
        if found:
            self.seen.append((now, int(found[-1])))
            self.events += len(found)
            self._rest = self._rest[end:]
        return self.seen[-1][1] if self.seen else 0

    def _some(self) -> bytes:
        some = self.socket.recv(1 << 18)
        if not some:
            raise ValueError("the stream was ended")
        return some


@contextmanager
def reading(asked: Asked) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once all readers are answered. Raises `NotMeasuredError`."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.msgpack.encode(asked))
            process.stdin.close()
            process.stdin = None
            if process.stdout.readline() != b"ready\n":
                raise _reason(process.communicate()[1])
            yield process
        finally:
            process.kill()


def what_was_read(process: subprocess.Popen[bytes]) -> list[Read]:
    """By each reader. Raises `NotMeasuredError`."""
    found, wrong = process.communicate()
    if process.returncode:
        raise _reason(wrong)
    return msgspec.msgpack.decode(found, type=list[Read])


def _reason(wrong: bytes) -> NotMeasuredError:
    said = wrong.decode().strip().splitlines() or ["it ended"]
    return NotMeasuredError(f"not all of it was read ({said[-1][:500]})")


def run(asked: Asked) -> list[Read]:
    """Raises `ValueError` for an answer of another status or a stream that ends, `TimeoutError` if nothing comes."""
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        readers = [_Reader(asked) for _each in range(asked.readers)]
        for each in readers:
            stack.enter_context(each.socket)
            each.begin()
            selector.register(each.socket, selectors.EVENT_READ, each)
        sys.stdout.buffer.write(b"ready\n")
        sys.stdout.buffer.flush()
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError(f"nothing came within {PATIENCE:.0f} seconds")
            for key, _events in ready:
                if key.data.receive() >= asked.upto:
                    selector.unregister(key.data.socket)
        return [Read(each.seen, each.events) for each in readers]


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.msgpack.encode(run(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Asked))))
