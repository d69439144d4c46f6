"""Long answers over HTTP: whole, or asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from service.client import ServiceProblemError, Sillok, UnreachableError

BODY = b"a line\n" * 100_000


@contextmanager
def service(*statuses: int, cut: int = 0) -> Iterator[tuple[str, list[str]]]:
    """Answers with these statuses in turn, then 200, the first `cut` of them cut off. Which paths were asked for."""
    asked: list[str] = []
    waiting = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(waiting.pop(0) if waiting else 200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            whole = len(asked) > cut
            self.wfile.write(BODY if whole else BODY[:1_000])
            self.close_connection = not whole

        def log_message(self, format: str, *args: object) -> None:
            """Not on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/below", asked
        server.shutdown()


def test_an_answer_is_whole_from_many_threads() -> None:
    with service() as (url, asked), Sillok(url) as client, ThreadPoolExecutor(3) as threads:
        pages = list(threads.map(lambda after: client.export_page(programme="p q", after=after), range(6)))
    assert pages == [BODY] * 6
    assert sorted(asked) == [f"/below/v1/ledger/export?programme=p+q&after={n}&limit=2500" for n in range(6)]


def test_one_that_was_cut_off_or_refused_for_now_is_asked_for_again() -> None:
    with service(200, 503, cut=1) as (url, asked), Sillok(url) as client:
        assert client.leaves(after=0, upto=9) == BODY
    assert asked == ["/below/v1/ledger/leaves?after=0&upto=9"] * 3


def test_what_is_refused_is_told() -> None:
    with service(404) as (url, _asked), Sillok(url) as client, pytest.raises(ServiceProblemError):
        client.leaves(after=0, upto=9)


def test_a_service_that_is_gone_is_told() -> None:
    with service() as (url, _asked):
        pass
    with Sillok(url, patience=0.1) as client, pytest.raises(UnreachableError, match="Connect"):
        client.export_page()
