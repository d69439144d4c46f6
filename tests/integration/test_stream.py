"""Following the ledger, over HTTP, from an API process that can be killed."""

from __future__ import annotations

import asyncio
import json
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
import pytest

from domain.disclosure import PUBLIC
from service.api import event_feed, stream
from service.api.event_feed import Place
from service.api.slow_clients import STRANGERS
from service.application.cloud_events import Wanted
from tests.integration.api_process import ApiProcess
from tests.integration.conftest import Running
from tests.integration.working import eventually
from tests.playing import REHEARSAL, lines_of

STREAM = "/v1/ledger/stream"
LINES = 120
"""Of the rehearsal, that every test finds played: each comes to one event. With what tests add they fit into a page."""


@dataclass
class Follower:
    """Reads server-sent events as the standard has it. `last`: the last id; `events`: position and CloudEvent."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    last: int | None = None
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def follow(self, enough: Callable[[], bool], pause: float = 0.0) -> None:
        """Read until it is enough, or the stream ends."""
        headers = {**self.headers, **({} if self.last is None else {"Last-Event-ID": str(self.last)})}
        with (
            httpx.Client(trust_env=False, timeout=20) as client,
            client.stream("GET", self.url + STREAM, headers=headers, params=self.parameters) as answer,
        ):
            if answer.status_code != 200:
                raise AssertionError(answer.read())
            assert answer.headers["content-type"].startswith("text/event-stream")
            data: list[str] = []
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last = int(value)
                elif name == "data":
                    data.append(value)
                elif not line:
                    if data:
                        assert self.last is not None
                        self.events.append((self.last, json.loads("\n".join(data))))
                    data = []
                    if enough():
                        return
                    time.sleep(pause)

    @property
    def positions(self) -> list[int]:
        return [position for position, _event in self.events]


@pytest.fixture
def api(shared_api: ApiProcess) -> ApiProcess:
    """An API process over a ledger into which the beginning of the rehearsal was played."""
    if shared_api.running.head() == 0:
        shared_api.running.play(REHEARSAL, lines_of(REHEARSAL)[:LINES])
    return shared_api


@contextmanager
def playing(running: Running, count: int = 20) -> Iterator[int]:
    """So many more decisions, made meanwhile; at which position they end."""
    head = running.head()
    with ThreadPoolExecutor(1) as thread:
        played = thread.submit(running.play, REHEARSAL, lines_of(REHEARSAL)[head : head + count])
        yield head + count
        played.result()


def follower_of(api: ApiProcess, **parameters: Any) -> Follower:
    return Follower(api.url, parameters={name: str(value) for name, value in parameters.items()})


def test_a_follower_sees_what_pages_show_in_order_and_once(api: ApiProcess) -> None:
    follower = follower_of(api, after=0)
    with playing(api.running) as last:
        follower.follow(lambda: follower.last == last)
    assert follower.positions == list(range(1, last + 1))
    assert [event for _position, event in follower.events] == api.page()


def test_nothing_is_missed_or_doubled_when_the_service_is_killed_and_comes_back(api: ApiProcess) -> None:
    """The follower comes back with the last id that it read, a slow one among them."""
    followers = [follower_of(api, after=0) for _ in range(3)]
    pauses = (0.0, 0.01, 0.02)

    def follow(follower: Follower, pause: float, last: int) -> None:
        until = time.monotonic() + 60
        while follower.last != last and time.monotonic() < until:
            try:
                follower.follow(lambda: follower.last == last, pause)
            except httpx.TransportError:
                time.sleep(0.1)

    with ThreadPoolExecutor(3) as threads:
        with playing(api.running) as last:
            following = [
                threads.submit(follow, each, pause, last) for each, pause in zip(followers, pauses, strict=True)
            ]
            for share in (0.25, 0.75):
                eventually(lambda: (followers[-1].last or 0) > share * last, 60)  # noqa: B023 — called at once
                api.kill()
                api.start()
        for each in following:
            each.result()
    for follower in followers:
        assert follower.positions == list(range(1, last + 1))


def test_each_sees_what_they_may_see(api: ApiProcess) -> None:
    headers = {"Authorization": f"Bearer {api.running.keys.auditor}"}
    auditor = Follower(api.url, headers, {"after": "0"})
    public = follower_of(api, after=0)
    with playing(api.running) as last, ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda each: each.follow(lambda: each.last == last), (auditor, public)))
    assert [event for _position, event in auditor.events] == api.page(headers)
    assert [event for _position, event in public.events] == api.page()
    assert any(event.get("withheld") for _position, event in public.events)
    assert not any(event.get("withheld") for _position, event in auditor.events)


@pytest.mark.parametrize(
    "wanted", [{"type": "TeamEnrolled"}, {"tag": f"team:{REHEARSAL}/upstage"}, {"programme": REHEARSAL}]
)
def test_a_follower_may_want_some_only_and_is_told_how_far_the_ledger_was_looked_through(
    api: ApiProcess, wanted: dict[str, str]
) -> None:
    head = api.running.head()
    follower = follower_of(api, after=0, **wanted)
    follower.follow(lambda: follower.last == head)
    assert [event for _position, event in follower.events] == api.page(None, **wanted)
    assert len(follower.events) > 0


def test_an_empty_last_id_is_none(api: ApiProcess) -> None:
    asked = {"params": {"after": "3"}, "headers": {"Last-Event-ID": b""}, "trust_env": False}
    with httpx.stream("GET", api.url + STREAM, **asked) as answer:  # type: ignore[arg-type]
        assert next(line for line in answer.iter_lines() if line.startswith("id")) == "id: 3"


def test_it_begins_now_if_nothing_else_is_said(api: ApiProcess) -> None:
    head = api.running.head()
    follower, opened = follower_of(api), threading.Event()

    def enough() -> bool:
        opened.set()
        return bool(follower.events)

    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(follower.follow, enough)
        assert opened.wait(20)
        assert (follower.last, follower.events) == (head, [])
        with playing(api.running, 1):
            following.result()
    assert follower.positions == [head + 1]


@pytest.mark.parametrize(
    ("last", "parameters", "problem"),
    [
        ("900", {}, "invalid-parameter"),
        ("-1", {}, "invalid-parameter"),
        ("١", {}, "invalid-parameter"),
        ("9" * 30, {}, "invalid-parameter"),
        ("", {"after": "900"}, "invalid-parameter"),
        (None, {"after": "900"}, "invalid-parameter"),
        (None, {"after": "x"}, "invalid-parameter"),
        (None, {"limit": "1"}, "invalid-parameter"),
        (None, {"type": "Nothing"}, "invalid-parameter"),
        (None, {"tag": "team"}, "invalid-parameter"),
        (None, {"programme": "nope"}, "unknown-programme"),
        (None, {"tag": "team:nope/ant"}, "unknown-programme"),
    ],
)
def test_a_wrong_beginning_is_refused_at_once(
    shared: Running, last: str | None, parameters: dict[str, str], problem: str
) -> None:
    headers = {} if last is None else {"Last-Event-ID": last.encode()}
    answer = shared.client.get(STREAM, params=parameters, headers=headers)  # type: ignore[arg-type]
    assert answer.json()["type"] == f"/problems/{problem}"
    assert answer.status_code == (404 if problem == "unknown-programme" else 400)


def test_a_stream_ends_with_the_credential_that_it_was_opened_with(
    api: ApiProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RECHECK_SECONDS", 0.0)
    running, head = api.running, api.running.head()
    answers = iter((True, True, False))

    async def same_reader() -> bool:
        return next(answers)

    async def read() -> list[bytes]:
        feed = running.service.parts.feed
        wanted = Wanted(PUBLIC, type_="TeamEnrolled", programme=REHEARSAL)
        return [each async for each in stream.chunks(feed, wanted, Place(3, since=3, upto=head), same_reader)]

    monkeypatch.setattr(event_feed, "IDLE_SECONDS", 0.01)
    begin, found, nothing = asyncio.run(read())
    assert begin == b"retry: 1000\nid: 3\n\n"
    assert [line for line in found.decode().splitlines() if line.startswith("id")] == [
        *("id: 4", "id: 5", "id: 6"),
        f"id: {head}",
    ]
    assert nothing == b"id: %d\n\n" % head


def test_whoever_asks_for_the_head_only_does_not_wait(api: ApiProcess) -> None:
    answer = httpx.head(api.url + STREAM, trust_env=False, timeout=5)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_process_with_followers_stops_in_time(api: ApiProcess) -> None:
    followers = [follower_of(api, after=0) for _ in range(5)]
    with ThreadPoolExecutor(5) as threads:
        following = [threads.submit(_until_lost, each) for each in followers]
        eventually(lambda: all(each.last is not None for each in followers), 20)
        began = time.monotonic()
        api.process.terminate()
        api.process.wait(20)
        assert time.monotonic() - began < 10
        for each in following:
            each.result()


def _until_lost(follower: Follower) -> None:
    with suppress(httpx.TransportError):
        follower.follow(lambda: False)


def test_who_takes_nothing_costs_no_memory_and_delays_nobody(api: ApiProcess) -> None:
    """Followers that never read, from the first event on, beside one that does."""
    head = api.running.head()
    process = psutil.Process(api.process.pid)

    def memory() -> int:
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))

    follower = follower_of(api, after=0)
    follower.follow(lambda: follower.last == head)
    before = memory()
    idle = []
    for _ in range(200):
        connection = socket.create_connection(("127.0.0.1", int(api.url.rpartition(":")[2])))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"GET {STREAM}?after=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        idle.append(connection)
    again = follower_of(api, after=0)
    again.follow(lambda: again.last == head)
    assert again.positions == follower.positions
    assert memory() - before < 100_000_000
    for connection in idle:
        connection.close()


def test_however_many_connections_one_address_opens_a_decision_is_taken(api: ApiProcess) -> None:
    """One more than it may hold without a credential, each with half a body, and as many that say nothing at all."""
    half = b"POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\ngrant"
    with many_files(), ExitStack() as stack, selectors.DefaultSelector() as selector:
        for said in (b"", half) * (STRANGERS + 1):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", api.port), timeout=20))
            connection.sendall(said)
            selector.register(connection, selectors.EVENT_READ)
        ((answered, _events),) = selector.select(20)
        answer = answered.fileobj.recv(10_000)  # type: ignore[union-attr]
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"/problems/too-many-at-once" in answer
        line = lines_of(REHEARSAL)[api.running.head()]
        decided = httpx.post(
            f"{api.url}/v1/programmes/{REHEARSAL}/decisions/{line.decision}",
            json=line.body,
            headers=api.running.as_agency(line.agency or ""),
            trust_env=False,
            timeout=20,
        )
        assert decided.status_code == 201, decided.text


@contextmanager
def many_files() -> Iterator[None]:
    """Enough for the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3 * STRANGERS), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
