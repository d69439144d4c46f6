"""To whom the service connects on somebody else's word, and to whom it does not, however the address is written."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from service.application.delivery_ports import Answer, Message, Target
from service.application.webhook_signing import fresh_secrets
from service.delivery.reach import UnreachableAddressError, addresses, look_up, require_reachable
from service.delivery.webhooks import Webhooks
from tests.integration.receiving import receiving

NOW = datetime.now(UTC)
PRIVATE = {
    "private": ["10.0.0.1", "172.16.0.1", "192.168.1.1", "fc00::1", "fd12:3456::1"],
    "loopback": ["127.0.0.1", "127.255.0.1", "::1"],
    "unspecified": ["0.0.0.0", "::"],
    "link-local": ["169.254.169.254", "fe80::1"],
    "CGNAT": ["100.64.0.1", "100.127.255.255"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8"],
    "IPv4-compatible": ["::7f00:1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"],
    "6to4 and Teredo": ["2002:7f00:1::", "2001:0:7f00:1::", "192.88.99.1"],
    "multicast, reserved, documentation": ["224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "2001:db8::1"],
    "protocol assignments": ["192.0.0.9"],
}
EVERY_PRIVATE = [each for found in PRIVATE.values() for each in found]


@pytest.mark.parametrize("address", EVERY_PRIVATE)
def test_an_address_that_not_everybody_reaches_is_refused_in_a_url_and_behind_a_name(address: str) -> None:
    written = f"[{address}]" if ":" in address else address
    with pytest.raises(UnreachableAddressError):
        require_reachable(f"https://{written}/hook", "global")
    with pytest.raises(UnreachableAddressError):
        addresses("hooks.example.org", 443, "global", lambda _host, _port: [address])
    with pytest.raises(UnreachableAddressError):
        addresses("hooks.example.org", 443, "global", lambda _host, _port: ["8.8.8.8", address])


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://2130706433/", id="decimal"),
        pytest.param("https://134744072/", id="decimal, global"),
        pytest.param("https://0x7f000001/", id="hexadecimal"),
        pytest.param("https://0x7f.0.0.1/", id="hexadecimal in parts"),
        pytest.param("https://017700000001/", id="octal"),
        pytest.param("https://0177.0.0.1/", id="octal in parts"),
        pytest.param("https://127.1/", id="short"),
        pytest.param("https://127.0.0.1./", id="with a dot at its end"),
        pytest.param("https://example.0x7f/", id="name that ends in a number"),
        pytest.param("https://[::1%25lo]/", id="zone"),
        pytest.param("https://[fe80::1%25eth0]/", id="zone of a link"),
        pytest.param("https://localhost/", id="name of this machine"),
        pytest.param("https://db/", id="name without a dot"),
        pytest.param("https://user@hooks.example.org/", id="user"),
        pytest.param("https://user:password@hooks.example.org/", id="user and password"),
        pytest.param("https://@hooks.example.org/", id="empty user"),
        pytest.param("https://hooks.example.org@127.0.0.1/", id="user that looks like a host"),
        pytest.param("https://hooks.example.org:8443/", id="odd port"),
        pytest.param("https://hooks.example.org:80/", id="port of HTTP"),
        pytest.param("https://hooks.example.org:99999/", id="no port"),
        pytest.param("http://hooks.example.org/", id="in clear"),
        pytest.param("ftp://hooks.example.org/", id="another scheme"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("https://hooks.example.org\\@127.0.0.1/", id="backslash"),
        pytest.param("https://hooks.example.org/ x", id="blank"),
        pytest.param("https://hooks.example.org/\r\nHost: x", id="line break"),
        pytest.param("https://hooks.example.org/\t", id="tab, which some parsers drop"),
        pytest.param("https://hooks.example.org/#x", id="fragment"),
        pytest.param("https://ⓔxample.org/", id="letters that normalise"),
        pytest.param("https://127。0。0。1/", id="full stops that normalise"),
        pytest.param("https:///hook", id="no host"),
        pytest.param("https://[::1/", id="half a bracket"),
        pytest.param(f"https://hooks.example.org/{'x' * 2000}", id="long"),
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(UnreachableAddressError):
        require_reachable(url, "global")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hooks.example.org/hook?team=1", "hooks.example.org"),
        ("https://hooks.example.org:443", "hooks.example.org"),
        ("https://HOOKS.example.org/", "hooks.example.org"),
        ("https://xn--hj2b.example.kr/", "xn--hj2b.example.kr"),
        ("https://8.8.8.8/", "8.8.8.8"),
        ("https://[2606:4700::1111]/", "2606:4700::1111"),
    ],
)
def test_what_anybody_reaches_is_taken(url: str, host: str) -> None:
    assert require_reachable(url, "global") == (host, 443)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://hooks.example.org/", "http://localhost.example.org/"])
def test_where_this_machine_may_be_reached_nobody_else_is(url: str) -> None:
    with pytest.raises(UnreachableAddressError):
        require_reachable(url, "loopback")
    with pytest.raises(UnreachableAddressError):
        addresses("localhost", 80, "loopback", lambda _host, _port: ["127.0.0.1", "8.8.8.8"])


@pytest.mark.parametrize("found", [[], ["no address"]])
def test_a_name_without_an_address_is_refused(found: list[str]) -> None:
    with pytest.raises(UnreachableAddressError):
        addresses("hooks.example.org", 443, "global", lambda _host, _port: found)


def test_a_name_that_nobody_knows_has_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert look_up("hooks.example.org", 443) == []


def sent(webhooks: Webhooks, address: str, *, live: bool = True) -> Answer:
    data_set = "live" if live else "rehearsal"
    of = {"endpoint": "endpoint-1", "programme": "p", "team": "ant", "channel": "webhook", "language": "ko"}
    target = Target(**of, data_set=data_set, state="active", address=address, secrets=fresh_secrets())  # type: ignore[arg-type]
    message = Message(id="test_1", programme="p", data_set=data_set, at=NOW, challenge="c")  # type: ignore[arg-type]
    return webhooks.send(target, message, NOW)


class Rebinding:
    """A name that has one address the first time that it is looked up, and others after that."""

    def __init__(self, *found: str) -> None:
        self.found = list(found)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return [self.found[min(self.asked, len(self.found)) - 1]]


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is rebound between look-up and connection gains nothing, since there is no second look-up."""
    tried: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_arguments: object, **_options: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    rebinding = Rebinding("8.8.8.8", "127.0.0.1")
    answer = sent(Webhooks(loopback=False, resolve=rebinding), "https://hooks.example.org/")
    assert (answer.result, answer.says) == ("failed", "no answer: nobody takes the connection")
    assert (tried, rebinding.asked) == ([("8.8.8.8", 443)], 1)


def test_a_name_that_is_rebound_to_this_machine_is_refused_next_time() -> None:
    with receiving() as receiver:
        answer = sent(Webhooks(loopback=False, resolve=Rebinding("127.0.0.1")), "https://hooks.example.org/")
    assert answer.says == "not sent: it is at an address that not everybody reaches"
    assert receiver.posted == []


@pytest.mark.parametrize("live", [True, False])
def test_this_machine_is_reached_only_where_a_setting_allows_it(live: bool) -> None:
    with receiving() as receiver:
        assert sent(Webhooks(loopback=False), receiver.url, live=live).says.startswith("not sent: ")
        assert receiver.posted == []
        assert sent(Webhooks(loopback=True), receiver.url, live=live).result == "delivered"


def test_a_programme_that_is_not_live_reaches_nobody_outside() -> None:
    for loopback in (True, False):
        rebinding = Rebinding("8.8.8.8")
        answer = sent(Webhooks(loopback=loopback, resolve=rebinding), "https://hooks.example.org/", live=False)
        assert answer.says.startswith("not sent: ")
        assert rebinding.asked == 0


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with receiving() as receiver:
        assert sent(Webhooks(loopback=True), receiver.url).result == "delivered"
