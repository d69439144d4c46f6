"""The client that blocks."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

import httpx

from service.client.answers import Event, LineAnswer
from service.client.calls import PATIENCE_SECONDS, Calls
from service.client.credentials import Credential, Nobody
from service.client.downloads import DownloadTransport
from service.client.exchange import Answer, Exchange, Lost, Pause, Request
from service.client.following import STREAM, Following, answer_of, answered, requested
from service.client.lines import Line, portions
from service.client.problems import UnreachableError
from service.client.signing import SigningKey
from service.client.trust import trust

P = ParamSpec("P")
T = TypeVar("T")


def _method(call: Callable[Concatenate[Calls, P], Exchange[T]]) -> Callable[Concatenate[Sillok, P], T]:
    """A call of the service as a method that returns its answer."""

    def method(self: Sillok, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._go_through(call(self._calls, *args, **kwargs))

    functools.update_wrapper(method, call)
    return method


class Sillok:
    """A client of the service at `url`; proxies of the environment are not used. Safe to use from many threads.

    `signing`: the agency's own key, with which every decision is then signed. `patience`: for so many seconds a busy
    or absent service is asked again; a decision is sent again under the same key, so that it is recorded once.
    """

    def __init__(
        self,
        url: str,
        credential: Credential | None = None,
        *,
        signing: SigningKey | None = None,
        patience: float = PATIENCE_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.signing = signing
        self._calls = Calls(url.rstrip("/"), credential or Nobody(), signing, patience)
        trusted = trust(url)
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=30, transport=transport, verify=trusted)
        self._downloads = httpx.Client(base_url=url, trust_env=False, transport=transport or DownloadTransport(trusted))

    decide = _method(Calls.decide)
    approve = _method(Calls.approve)
    reject = _method(Calls.reject)
    withdraw = _method(Calls.withdraw)
    preview = _method(Calls.preview)
    check_disclosure = _method(Calls.check_disclosure)
    what_if = _method(Calls.what_if)
    proposal = _method(Calls.proposal)
    notice = _method(Calls.notice)
    register_endpoint = _method(Calls.register_endpoint)
    change_endpoint = _method(Calls.change_endpoint)
    remove_endpoint = _method(Calls.remove_endpoint)
    resend = _method(Calls.resend)
    submit_together = _method(Calls.submit_together)
    programmes = _method(Calls.programmes)
    view = _method(Calls.view)
    body = _method(Calls.body)
    standings = _method(Calls.standings)
    grants = _method(Calls.grants)
    audit_trail = _method(Calls.audit_trail)
    events_page = _method(Calls.events_page)
    receipt = _method(Calls.receipt)
    checkpoint = _method(Calls.checkpoint)
    tile = _method(Calls.tile)
    leaves = _method(Calls.leaves)
    export_page = _method(Calls.export_page)

    def submit_many(self, programme: str, lines: Iterable[Line]) -> Iterator[LineAnswer]:
        """Decisions, each for itself, in as many requests as it takes; their answers as they come, in order.

        `lines` may be endless: no more than a portion is held. After a cut, submit the same lines again: what was
        recorded is answered as it was.
        """
        sent = 0
        for portion in portions(lines):
            for each in self._go_through(self._calls.submit_some(programme, portion)):
                yield answered(each, sent)
            sent += len(portion)

    def events(
        self,
        *,
        after: int = 0,
        type: str | None = None,
        tag: str | None = None,
        programme: str | None = None,
    ) -> Iterator[Event]:
        """Every event after a position up to the head, page by page."""
        following: int | None = after
        while following is not None:
            page = self.events_page(after=following, type=type, tag=tag, programme=programme)
            yield from page.events
            following = page.after

    def follow(
        self,
        *,
        after: int | None = None,
        type: str | None = None,
        tag: str | None = None,
        programme: str | None = None,
        broke: Callable[[str], object] = lambda _why: None,
    ) -> Iterator[Event]:
        """Events as they come, without an end, from now on or after a position; whenever the stream breaks it is taken
        up where it was, and `broke` is told why. What was withheld comes once it is public, with `revealedby`. Raises
        `ServiceProblemError` if the service refuses it, and `UnreachableError` if it is not there from the beginning,
        for as long as patience lasts.
        """
        following = Following(after, {"type": type, "tag": tag, "programme": programme}, self._calls.patience, broke)
        while True:
            yield from self._stream(following)
            time.sleep(following.pause())

    def _stream(self, following: Following) -> Iterator[Event]:
        try:
            authorization = self._go_through(self._calls.authorization())
            with self._http.stream(
                "GET", STREAM, params=following.parameters, headers=following.headers(authorization)
            ) as response:
                if response.status_code != 200:
                    response.read()
                    following.refused(answer_of(response), self._calls.credential)
                    return
                for line in response.iter_lines():
                    if (event := following.take(line)) is not None:
                        yield event
        except (httpx.TransportError, UnreachableError) as error:
            following.lost(error)

    def _go_through(self, exchange: Exchange[T]) -> T:
        heard: Answer | Lost | None = None
        try:
            while True:
                step = exchange.send(heard)
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    heard = None
                else:
                    heard = self._send(step)
        except StopIteration as end:
            found: T = end.value
            return found

    def _send(self, request: Request) -> Answer | Lost:
        client = self._downloads if request.download else self._http
        try:
            return answer_of(client.request(**requested(request)))
        except httpx.TransportError as error:
            return Lost(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()
        self._downloads.close()

    def __enter__(self) -> Sillok:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
