"""Webhooks: a signed POST to an address that was looked up once, with an end to how long it may take."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpcore
import msgspec

from domain.envelope import DataSet
from service.application.delivery_ports import SEND_SECONDS, Answer, Message, Target
from service.application.notice_messages import cloud_event
from service.application.webhook_signing import signed_headers
from service.delivery.reach import Reach, Resolve, UnreachableAddressError, addresses, require_reachable
from service.delivery.trust import trusted

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"
_BODY: Final = 16 * 1024
_GONE: Final = 410


class Webhooks:
    """`Channel` over HTTP. `loopback`: whether this machine may be reached at all; `resolve`: asks for addresses."""

    def __init__(
        self,
        *,
        loopback: bool,
        resolve: Resolve | None = None,
        seconds: float = SEND_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._loopback = loopback
        self._resolve = resolve
        self._seconds = seconds
        self._context = context

    def require_reachable(self, address: str, data_set: DataSet) -> None:
        """See `Channel.require_reachable`."""
        require_reachable(address, self._reach(address, live=data_set == "live"))

    def send(self, target: Target, message: Message, now: datetime) -> Answer:
        """See `Channel.send`."""
        body = cloud_event(target, message)
        headers = {"content-type": MEDIA_TYPE, "user-agent": "Sillok", "connection": "close", "accept": "*/*"}
        headers |= signed_headers(target.secrets, message.id, body, now)
        try:
            status, found, content = self._post(target, message, body, headers)
        except UnreachableAddressError as error:
            return Answer(result="failed", says=f"not sent: {error}")
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            return Answer(result="failed", says=f"no answer: {_why(error)}")
        says = f"status {status}"
        if 200 <= status < 300:
            given_back = message.challenge is not None and _challenge(content) == message.challenge
            return Answer(
                result="delivered", says=f"{says}, challenge given back" if given_back else says, confirmed=given_back
            )
        if status == _GONE:
            return Answer(result="gone", says=f"{says}: gone")
        if 300 <= status < 400:
            says += ": redirects are not followed"
        return Answer(result="failed", says=says, wait=_retry_after(found, now))

    def _post(
        self, target: Target, message: Message, body: bytes, headers: dict[str, str]
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        reach = self._reach(target.address, live=target.data_set == message.data_set == "live")
        host, port = require_reachable(target.address, reach)
        deadline = time.monotonic() + self._seconds
        backend = _Pinned(addresses(host, port, reach, self._resolve), deadline)
        context = self._context or trusted()
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=backend) as pool,
            pool.stream("POST", target.address, headers=list(headers.items()), content=body) as answer,
        ):
            found = b""
            for piece in answer.iter_stream():
                found += piece
                if len(found) > _BODY:
                    break
            return answer.status, answer.headers, found[:_BODY]

    def _reach(self, address: str, *, live: bool) -> Reach:
        """A programme that is not live reaches nobody outside; and nobody reaches this machine without being let."""
        if self._loopback and (not live or _is_on_this_machine(address)):
            return "loopback"
        if not live:
            raise UnreachableAddressError("a programme that is not live tells nobody outside")
        return "global"


class _Pinned(httpcore.NetworkBackend):
    """Connects to addresses that were looked up before, whatever the host's name is; all ends at `deadline`."""

    def __init__(self, found: Iterable[str], deadline: float) -> None:
        self._found = list(found)
        self._deadline = deadline
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
            left = _left(self._deadline) / (len(self._found) - number)
            try:
                return _Bounded(
                    self._backend.connect_tcp(each, port, left, local_address, socket_options), self._deadline
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if each == self._found[-1]:
                    raise
        raise httpcore.ConnectError("it has no address")


class _Bounded(httpcore.NetworkStream):
    """A stream that is over at `deadline`, however slowly it goes on."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Bounded(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("it took too long")
    return left


def _is_on_this_machine(url: str) -> bool:
    try:
        require_reachable(url, "loopback")
    except UnreachableAddressError:
        return False
    return True


def _why(error: Exception) -> str:
    """In words of ours: what a library says may hold what a stranger sent."""
    if isinstance(error, httpcore.TimeoutException):
        return "it took too long"
    if isinstance(error, httpcore.ConnectError) and any(isinstance(each, ssl.SSLError) for each in error.args):
        return "its certificate is not valid for it"
    if isinstance(error, httpcore.ConnectError):
        return "nobody takes the connection"
    if isinstance(error, httpcore.ProtocolError):
        return "it does not speak HTTP"
    return "the connection broke off"


def _challenge(content: bytes) -> str | None:
    try:
        found = msgspec.json.decode(content, type=dict[str, str])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found.get("challenge")


def _retry_after(headers: list[tuple[bytes, bytes]], now: datetime) -> timedelta | None:
    """What `Retry-After` asks for, in seconds or as a date."""
    text = next((value.decode("latin-1").strip() for name, value in headers if name.lower() == b"retry-after"), "")
    if text.isascii() and text.isdecimal() and len(text) < 8:
        return timedelta(seconds=int(text))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) - now
