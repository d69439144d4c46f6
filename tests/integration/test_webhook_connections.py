"""Connections of webhooks are kept for what goes there next, and looked up anew for each that is made."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpcore
import pytest

from service.delivery import connections
from service.delivery.connections import Connections


@dataclass
class Receiver:
    """Who takes webhooks. `each`: so many of one connection, which then is closed; `late`: once another one comes.

    `taken`: how many of each connection.
    """

    each: int
    late: bool = False
    url: str = ""
    taken: list[int] = field(default_factory=list)
    looked_up: int = 0

    def where(self) -> list[str]:
        self.looked_up += 1
        return ["127.0.0.1"]

    def post(self, out: Connections, *, body: bytes = b"{}") -> int:
        return out.post(self.url, {"content-type": "application/json"}, body, 5, self.where).status

    def serve(self, connection: socket.socket) -> None:
        self.taken.append(0)
        at = len(self.taken) - 1
        with contextlib.suppress(OSError), connection:
            while self.taken[at] < self.each:
                received = b""
                while not received.endswith(b"{}"):
                    if not (piece := connection.recv(65536)):
                        return
                    received += piece
                self.taken[at] += 1
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            if self.late:
                connection.recv(65536)


@contextmanager
def receiving(each: int, *, late: bool = False) -> Iterator[tuple[Receiver, Connections]]:
    found = Receiver(each, late)
    out = Connections(ssl.create_default_context)
    with socket.create_server(("127.0.0.1", 0)) as server:
        found.url = f"http://127.0.0.1:{server.getsockname()[1]}/"

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=found.serve, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield found, out
        finally:
            out.close()


def test_what_goes_to_a_receiver_next_goes_by_the_connection_that_there_is() -> None:
    with receiving(each=9) as (receiver, out):
        assert [receiver.post(out) for _ in range(3)] == [204] * 3
        assert (receiver.taken, receiver.looked_up) == ([3], 1)


@pytest.mark.parametrize("late", [False, True])
def test_where_the_receiver_closed_it_meanwhile_another_is_made_which_looks_up_anew(late: bool) -> None:
    """Also where that shows only once it was written to."""
    with receiving(each=1, late=late) as (receiver, out):
        assert [receiver.post(out) for _ in range(3)] == [204] * 3
        assert (receiver.taken, receiver.looked_up) == ([1] * 3, 3)


def test_one_that_is_old_is_not_used_so_that_a_name_is_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(each=9) as (receiver, out):
        receiver.post(out)
        monkeypatch.setattr(connections, "KEPT_SECONDS", 0.0)
        receiver.post(out)
        assert (receiver.taken, receiver.looked_up) == ([1, 1], 2)


def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST", 1)
    with receiving(each=9) as (one, out), receiving(each=9) as (two, _other):
        assert [each.post(out) for each in (one, two, two, one)] == [204] * 4
        assert (one.looked_up, two.looked_up) == (2, 1)


def test_what_a_new_connection_breaks_off_has_failed() -> None:
    with receiving(each=0) as (receiver, out):
        with pytest.raises((httpcore.NetworkError, httpcore.ProtocolError)):
            receiver.post(out)
        assert receiver.looked_up == 1
