"""Webhooks: a signed POST, and what the answers mean."""

from __future__ import annotations

import functools
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore
import msgspec

from domain.envelope import DataSet
from service.application.delivery_ports import SEND_SECONDS, Answer, Message, Target
from service.application.notice_messages import cloud_event
from service.application.webhook_signing import signed_headers
from service.delivery.connections import Answered, Connections
from service.delivery.reach import REACHES, Reach, Resolve, UnreachableAddressError, addresses, require_reachable
from service.delivery.trust import trusted

MEDIA_TYPE: Final = "application/cloudevents+json; charset=utf-8"
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
        # What was allowed for one reach is not for another.
        self._connections = {each: Connections(lambda: context or trusted()) for each in REACHES}

    def require_reachable(self, address: str, data_set: DataSet) -> None:
        """See `Channel.require_reachable`."""
        require_reachable(address, self._reach(address, live=data_set == "live"))

    def send(self, target: Target, message: Message, now: datetime) -> Answer:
        """See `Channel.send`."""
        body = cloud_event(target, message)
        headers = {"content-type": MEDIA_TYPE, "user-agent": "Sillok", "accept": "*/*"}
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

    def _post(self, target: Target, message: Message, body: bytes, headers: dict[str, str]) -> Answered:
        reach = self._reach(target.address, live=target.data_set == message.data_set == "live")
        host, port = require_reachable(target.address, reach)
        where = functools.partial(addresses, host, port, reach, self._resolve)
        return self._connections[reach].post(target.address, headers, body, self._seconds, where)

    def close(self) -> None:
        """Let go of connections that are kept."""
        for each in self._connections.values():
            each.close()

    def _reach(self, address: str, *, live: bool) -> Reach:
        """A programme that is not live reaches nobody outside; and nobody reaches this machine without being let."""
        if self._loopback and (not live or _is_on_this_machine(address)):
            return "loopback"
        if not live:
            raise UnreachableAddressError("a programme that is not live tells nobody outside")
        return "global"


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
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) - now
