"""Receivers of webhooks in a process of their own: one that takes each, one that never answers."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def receivers() -> Iterator[tuple[int, int, Callable[[], None]]]:
    """The port of who takes webhooks, that of who hangs, and what ends both."""
    child = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline()), int(child.stdout.readline()), child.kill
    finally:
        child.kill()
        child.wait()


def receive(*, hanging: bool) -> int:
    """The port of a server that answers 204, or never."""
    server = socket.create_server(("127.0.0.1", 0), backlog=512)

    def one(connection: socket.socket) -> None:
        if hanging:
            time.sleep(3600)
        with contextlib.suppress(OSError, IndexError), connection:
            got = b""
            while True:
                while b"\r\n\r\n" not in got:
                    got += _more(connection)
                head, _, got = got.partition(b"\r\n\r\n")
                length = next(each for each in head.lower().split(b"\r\n") if each.startswith(b"content-length"))
                while len(got) < int(length.partition(b":")[2]):
                    got += _more(connection)
                got = got[int(length.partition(b":")[2]) :]
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    def serve() -> None:
        while True:
            connection, _address = server.accept()
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


def _more(connection: socket.socket) -> bytes:
    """What comes next. Raises `ConnectionError` at the end."""
    got = connection.recv(65536)
    if not got:
        raise ConnectionError
    return got


if __name__ == "__main__":
    for each in (False, True):
        print(receive(hanging=each), flush=True)
    sys.stdin.read()
