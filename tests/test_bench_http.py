"""The load generator of `make bench`, which the service is measured by, and the processor time beside it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE
from urllib.parse import unquote

import pytest

from ops.bench import http_load, machine, pages, stream, stream_readers


def test_an_answer_is_whole_once_its_length_is_there() -> None:
    answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nserver: granian\r\n\r\n{}"
    assert http_load.length_of(answer[:20]) is None
    assert http_load.length_of(answer) == len(answer)
    unchanged = b'HTTP/1.1 304 Not Modified\r\nETag: "0"\r\n\r\n'
    assert http_load.length_of(unchanged) == len(unchanged)


def test_an_address_has_many_spellings_that_mean_the_same() -> None:
    found = list(pages.spellings("/ko/p/standings", "stage", "s-1"))
    assert len(set(found)) == 8
    assert {unquote(each) for each in found} == {"/ko/p/standings?stage=s-1"}


def test_a_page_needs_its_style_and_scripts() -> None:
    page = '<link rel="stylesheet" href="/s.css"><link rel="icon" href="/i.svg"><script type="module" src="/t.js">'
    assert pages.loaded_with(page) == {"/s.css", "/t.js"}


@pytest.fixture
def answering() -> Iterator[tuple[str, int, list[bytes]]]:
    """A server on the loopback that answers 201, but 409 to a body of `no`; and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(409 if bodies[-1] == b"no" else 201)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "127.0.0.1", server.server_port, bodies
        server.shutdown()
        thread.join()


def _request(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize(("connections", "number"), [(3, 10), (4, 2)])
def test_the_load_is_sent_once_and_every_answer_is_timed(
    answering: tuple[str, int, list[bytes]], connections: int, number: int
) -> None:
    host, port, bodies = answering
    sent = [b"%d" % each for each in range(number)]
    report = http_load.run(http_load.Load(host, port, connections, 201, [_request(each) for each in sent]))
    assert sorted(bodies) == sent
    assert len(report.latencies) == number
    assert 0 < max(report.latencies) <= report.seconds


def test_an_answer_of_another_status_is_not_counted(answering: tuple[str, int, list[bytes]]) -> None:
    host, port, _bodies = answering
    with pytest.raises(ValueError, match="409 Conflict"):
        http_load.run(http_load.Load(host, port, 1, 201, [_request(b"yes"), _request(b"no")]))


def test_processor_time_is_that_of_processes_started_so() -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", busy, "busy-one"], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        spent = machine.processor_seconds({"busy": "busy-one", "idle": "no-such-argument"})
        process.communicate(b"\n")
    assert 0.1 < spent["busy"] < 5
    assert spent["idle"] == 0


def test_readers_of_a_stream_note_when_they_had_read_how_far() -> None:
    """Wherever what is sent is cut: each event counts once, and an id without an event for none."""
    pieces = [
        *(b"HTTP/1.1 200 OK\r\n", b"\r\n18\r\nretry: 1\nid: 4\n\n", b"\r\nid: 5\ndata: {}\n\nid: ", b"6\nda"),
        *(b"ta: {}\n\n", b"\r\nid: 7\n\n", b"\r\nid: 8\ndata: {}\n\n"),
    ]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def send() -> None:
            connection, _address = server.accept()
            with connection:
                connection.recv(100)
                for each in pieces:
                    connection.sendall(each)
                    time.sleep(0.02)

        sending = threading.Thread(target=send)
        sending.start()
        asked = stream_readers.Asked("127.0.0.1", server.getsockname()[1], 1, b"GET / HTTP/1.1\r\n\r\n", 8)
        (read,) = stream_readers.run(asked)
        sending.join()
    assert (read.events, [position for _when, position in read.seen]) == (3, [5, 6, 8])
    began = read.seen[0][0] - 0.5
    assert stream.longest_gap(read, began) == pytest.approx(500)
