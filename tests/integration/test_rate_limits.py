"""Limits: of one client, and of guessing from one address, with Redis and without."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar.enums import ScopeType
from litestar.testing import TestClient
from litestar.types import ASGIApp, Receive, Scope, Send
from structlog.testing import capture_logs

from service.api.application import create_application
from service.api.origins import Origins
from service.application import access
from service.bootstrap import Service, open_service
from service.cli.demonstration import ensure_keys
from service.cli.play import Keys
from service.embedded import EmbeddedRedis
from service.settings import Settings
from service.storage import rate_limits
from service.storage.rate_limits import MinuteLimit, NoCounter, RedisCounter
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL, lines_of

PATH = f"/v1/programmes/{REHEARSAL}/teams"
CLIENT, FAILURES, ASKERS = 30, 10, 16
LONG = "slk_0123456789abcdef." + "A" * 43


class Clock:
    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "redis", tmp_path / "redis.log")
    yield server
    server.stop()


@pytest.fixture
def counter(redis: EmbeddedRedis) -> Iterator[RedisCounter]:
    opened = RedisCounter(redis.start(), "sillok:test")
    yield opened
    opened.close()


def spent(limit: MinuteLimit, who: str, times: int) -> int:
    """How many of so many were let through."""
    return sum(limit.spend(who) is None for _ in range(times))


def test_so_much_a_minute_for_each(counter: RedisCounter) -> None:
    clock = Clock()
    limit = MinuteLimit("requests", 250, counter, now=clock)
    assert limit.exhausted("a") is None
    assert spent(limit, "a", 300) == 250
    assert spent(limit, "b", 300) == 250
    clock.now += 59.5
    assert limit.spend("a") == limit.exhausted("a") == 1
    clock.now += 0.5
    assert limit.exhausted("a") is None
    assert spent(limit, "a", 300) == 250


def test_only_what_was_taken_from_the_common_count_is_spent_at_once(counter: RedisCounter) -> None:
    clock = Clock()
    limit = MinuteLimit("requests", 200, counter, now=clock)
    assert not limit.spend_at_once("a")
    assert limit.spend("a") is None
    assert [limit.spend_at_once("a"), limit.spend_at_once("a"), limit.spend_at_once("b")] == [True, False, False]
    let_through = sum(limit.spend_at_once("a") or limit.spend("a") is None for _ in range(300))
    assert let_through == 200 - 2
    clock.now += 60
    assert not limit.spend_at_once("a")


def test_processes_share_what_there_is(counter: RedisCounter) -> None:
    limits = [MinuteLimit("requests", 250, counter, now=Clock()) for _ in range(3)]
    taken = [spent(limit, "a", 100) for limit in limits]
    assert sum(taken) == 250


def test_without_redis_each_process_counts_for_itself(redis: EmbeddedRedis, counter: RedisCounter) -> None:
    clock = Clock()
    limit = MinuteLimit("requests", 250, counter, now=clock)
    assert spent(limit, "a", 100) == 100
    redis.stop()
    with capture_logs() as lines:
        assert spent(limit, "a", 300) == 150
    assert [line["log_level"] for line in lines] == ["warning"]
    clock.now += 60
    assert spent(limit, "a", 300) == 250
    assert spent(MinuteLimit("requests", 5, NoCounter(), now=clock), "a", 300) == 5


class From:
    """Requests that come from the address that a header of the test's own names."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            peer = dict(scope["headers"]).get(b"test-peer", b"192.0.2.1").decode()
            scope["client"] = (peer, 1)
        await self.app(scope, receive, send)


@pytest.fixture
def limited(
    database: str, tmp_path: Path, redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Service, Keys, TestClient[From]]]:
    """A service with low limits, over Redis; its minutes are days, so that none ends while a test runs."""
    monkeypatch.setattr(rate_limits, "WINDOW_SECONDS", 86_400)
    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 600.0)
    settings = Settings(
        home=tmp_path,
        host="127.0.0.1",
        port=8000,
        database_url=database,
        redis_url=redis.start(),
        requests_a_minute=CLIENT,
        failures_a_minute=FAILURES,
    )
    keys = ensure_keys(settings, lines_of(REHEARSAL))
    service = open_service(settings)
    app = From(create_application(service.parts))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield service, keys, client
    service.close()


def get(client: httpx.Client, key: str, peer: str = "192.0.2.1") -> httpx.Response:
    return client.get(PATH, headers={"Authorization": f"Bearer {key}", "Test-Peer": peer})


async def statuses_of(app: ASGIApp, key: str, times: int) -> list[int]:
    """Ask so many times, by several at once, without a client that takes longer than the answer."""
    found: list[int] = []
    headers = [(b"host", b"testserver.local"), (b"authorization", f"Bearer {key}".encode())]
    scope: dict[str, Any] = {"type": ScopeType.HTTP, "http_version": "1.1", "method": "GET", "scheme": "http"}
    scope |= {"path": PATH, "raw_path": PATH.encode(), "query_string": b"", "root_path": "", "headers": headers}

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    async def ask(left: Iterator[int]) -> None:
        for _each in left:
            await app(cast("Scope", {**scope, "state": {}}), receive, send)

    left = iter(range(times))
    await asyncio.gather(*(ask(left) for _each in range(ASKERS)))
    return found


def waits(response: httpx.Response) -> None:
    expect(response, 429, "too-many-requests")
    assert 1 <= int(response.headers["retry-after"]) <= rate_limits.WINDOW_SECONDS


def test_ten_thousand_failed_logins_are_refused_and_lock_out_nobody_elsewhere(
    limited: tuple[Service, Keys, TestClient[From]],
) -> None:
    service, keys, client = limited
    head = service.ledger.head()
    with capture_logs() as lines:
        statuses = [get(client, LONG).status_code]
        statuses += asyncio.run(statuses_of(client.app, LONG, 9_999))
    assert set(statuses) == {401, 429}
    assert statuses[0] == 401
    assert FAILURES <= statuses.count(401) < FAILURES + ASKERS, "those that come at once are tried together"
    audited = [line for line in lines if line.get("logger") == "sillok.audit"]
    assert len(audited) == 10_000
    assert {line["address"] for line in audited} == {"192.0.2.1"}
    assert LONG.partition(".")[2] not in str(audited[:50])
    assert service.ledger.head() == head
    assert get(client, keys.auditor, "192.0.2.2").status_code == 404
    assert get(client, keys.agencies["msit"], "2001:db8::1").status_code == 404


def test_an_address_that_failed_too_often_is_not_even_tried(limited: tuple[Service, Keys, httpx.Client]) -> None:
    """What came in before goes on for a while: whoever shares an address with a guesser is not thrown out at once."""
    _service, keys, client = limited
    assert get(client, keys.auditor).status_code == 404
    last = next(answer for _ in range(FAILURES + 1) if (answer := get(client, LONG)).status_code == 429)
    waits(last)
    assert get(client, keys.auditor).status_code == 404
    waits(get(client, keys.agencies["msit"]))
    waits(
        client.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": "a.b.c",
            },
            headers={"Test-Peer": "192.0.2.1"},
        )
    )


def test_a_client_that_asks_too_much_waits_and_others_do_not(
    limited: tuple[Service, Keys, httpx.Client], redis: EmbeddedRedis
) -> None:
    _service, keys, client = limited
    for agency in ("msit", "tta"):
        if agency == "tta":
            redis.stop()
        answers = [get(client, keys.agencies[agency]) for _ in range(CLIENT + 1)]
        assert {answer.status_code for answer in answers} == {404, 429}
        waits(next(answer for answer in answers if answer.status_code == 429))
        assert get(client, keys.agencies["nipa"]).status_code == 404


def test_decisions_go_on_without_redis(limited: tuple[Service, Keys, httpx.Client], redis: EmbeddedRedis) -> None:
    _service, keys, client = limited
    redis.stop()
    line = lines_of(REHEARSAL)[0]
    headers = {"Authorization": f"Bearer {keys.agencies['msit']}", "Idempotency-Key": "one"}
    path = f"/v1/programmes/{REHEARSAL}/decisions/{line.decision}"
    assert client.post(path, json=line.body, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("peer", "said", "found"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("2001:db8:1:2:3::4", [], "2001:db8:1:2::/64"),
        ("unix", ["198.51.100.7"], "unix"),
        ("", [], ""),
    ],
)
def test_a_proxy_is_believed_if_it_is_one_of_ours(peer: str, said: list[str], found: str) -> None:
    assert Origins(["10.0.0.0/8"]).of(peer, said) == found
