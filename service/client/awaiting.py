"""The client that awaits."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

import httpx

from service.client.answers import Event, LineAnswer
from service.client.calls import PATIENCE_SECONDS, Calls
from service.client.credentials import Credential, Nobody
from service.client.exchange import Answer, Exchange, Lost, Pause, Request
from service.client.following import STREAM, Following, answer_of, answered, requested
from service.client.lines import Line, portions
from service.client.problems import UnreachableError
from service.client.signing import SigningKey
from service.client.trust import trust

P = ParamSpec("P")
T = TypeVar("T")


def _method(call: Callable[Concatenate[Calls, P], Exchange[T]]) -> Callable[Concatenate[AsyncSillok, P], Awaitable[T]]:
    """A call of the service as a method that is awaited."""

    async def method(self: AsyncSillok, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._go_through(call(self._calls, *args, **kwargs))

    functools.update_wrapper(method, call)
    return method


class AsyncSillok:
    """As `Sillok`, for one event loop."""

    def __init__(
        self,
        url: str,
        credential: Credential | None = None,
        *,
        signing: SigningKey | None = None,
        patience: float = PATIENCE_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.signing = signing
        self._calls = Calls(url.rstrip("/"), credential or Nobody(), signing, patience)
        self._http = httpx.AsyncClient(
            base_url=url, trust_env=False, timeout=30, transport=transport, verify=trust(url)
        )

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

    async def submit_many(self, programme: str, lines: Iterable[Line]) -> AsyncIterator[LineAnswer]:
        """See `Sillok.submit_many`."""
        sent = 0
        for portion in portions(lines):
            for each in await self._go_through(self._calls.submit_some(programme, portion)):
                yield answered(each, sent)
            sent += len(portion)

    async def events(
        self,
        *,
        after: int = 0,
        type: str | None = None,
        tag: str | None = None,
        programme: str | None = None,
    ) -> AsyncIterator[Event]:
        """Every event after a position up to the head, page by page."""
        following: int | None = after
        while following is not None:
            page = await self.events_page(after=following, type=type, tag=tag, programme=programme)
            for event in page.events:
                yield event
            following = page.after

    async def follow(
        self,
        *,
        after: int | None = None,
        type: str | None = None,
        tag: str | None = None,
        programme: str | None = None,
        broke: Callable[[str], object] = lambda _why: None,
    ) -> AsyncIterator[Event]:
        """See `Sillok.follow`."""
        following = Following(after, {"type": type, "tag": tag, "programme": programme}, self._calls.patience, broke)
        while True:
            async for event in self._stream(following):
                yield event
            await asyncio.sleep(following.pause())

    async def _stream(self, following: Following) -> AsyncIterator[Event]:
        try:
            authorization = await self._go_through(self._calls.authorization())
            async with self._http.stream(
                "GET", STREAM, params=following.parameters, headers=following.headers(authorization)
            ) as response:
                if response.status_code != 200:
                    await response.aread()
                    following.refused(answer_of(response), self._calls.credential)
                    return
                async for line in response.aiter_lines():
                    if (event := following.take(line)) is not None:
                        yield event
        except (httpx.TransportError, UnreachableError) as error:
            following.lost(error)

    async def _go_through(self, exchange: Exchange[T]) -> T:
        heard: Answer | Lost | None = None
        try:
            while True:
                step = exchange.send(heard)
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    heard = None
                else:
                    heard = await self._send(step)
        except StopIteration as end:
            found: T = end.value
            return found

    async def _send(self, request: Request) -> Answer | Lost:
        try:
            return answer_of(await self._http.request(**requested(request)))
        except httpx.TransportError as error:
            return Lost(f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncSillok:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
