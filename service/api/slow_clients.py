"""Clients that hold a request open: how long for its body, how many of them that show no credential, and whether the
one that was shown still is one."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, cast

from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from service.api.problems import ApiProblem

BODY_SECONDS: Final = 30.0
"""So long a body is waited for, all its pauses together."""
BYTES_A_SECOND: Final = 1_000
"""For as many bytes that came, a second longer."""
STRANGERS: Final = 1_000
"""Requests of one address that wait for a body, or follow the ledger, at once and without a verified credential."""
BELIEVED_SECONDS: Final = 1.0
"""So long a credential that was verified is believed while the body of its request comes, and its lines are decided."""
HOLD: Final = "hold"
"""Under which name a request's state has its `Hold`."""


class Hold:
    """A request that may be held open. `held`: those of strangers, by address, this one among them while it is."""

    def __init__(self, scope: Scope, held: Counter[str], address_of: Callable[[Scope], str]) -> None:
        self._scope = scope
        self._held = held
        self._address_of = address_of
        self._address: str | None = None
        self._again: Callable[[], Awaitable[None]] | None = None
        self._believed_until = 0.0

    def begin(self) -> None:
        """Hold it open. Raises 429 if a stranger's address holds too many."""
        if self._again is not None or self._address is not None:
            return
        address = self._address_of(self._scope)
        if self._held[address] >= STRANGERS:
            detail = f"{STRANGERS} requests without a credential are open from this address already: try again"
            raise ApiProblem("too-many-at-once", detail, headers={"Connection": "close", "Retry-After": "1"})
        self._held[address] += 1
        self._address = address

    def know(self, again: Callable[[], Awaitable[None]]) -> None:
        """It is no stranger's. `again`: raises once it has become one's."""
        self._again = again
        self._believed_until = time.monotonic() + BELIEVED_SECONDS
        self.end()

    async def require_known(self) -> None:
        """Raise as `again` does if the credential that was shown has become none."""
        if self._again is not None and time.monotonic() > self._believed_until:
            await self._again()
            self._believed_until = time.monotonic() + BELIEVED_SECONDS

    def end(self) -> None:
        """Count it no more."""
        if self._address is not None:
            self._held[self._address] -= 1
            if not self._held[self._address]:
                del self._held[self._address]
            self._address = None


class Paced:
    """Receives a request's messages. While its body lasts, whoever is too slow gets 408; afterwards nobody is."""

    def __init__(self, receive: Receive, hold: Hold) -> None:
        self._receive = receive
        self._hold = hold
        self._left = BODY_SECONDS
        self._lasts = True

    async def __call__(self) -> HTTPReceiveMessage:
        if not self._lasts:
            return await self._next()
        self._hold.begin()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                message = await self._next()
        except TimeoutError:
            detail = f"a body comes within {BODY_SECONDS:.0f} seconds, and one more for every {BYTES_A_SECOND} bytes"
            raise ApiProblem("body-too-slow", detail, headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            await self._hold.require_known()
            won = len(message["body"]) / BYTES_A_SECOND
            self._left = max(0.0, self._left - (time.monotonic() - began) + won)
            self._lasts = message.get("more_body", False)
        else:
            self._lasts = False
        return message

    async def _next(self) -> HTTPReceiveMessage:
        return cast("HTTPReceiveMessage", await self._receive())


class SlowClients:
    """The middleware, of one process. `address_of`: where a request comes from."""

    def __init__(self, address_of: Callable[[Scope], str]) -> None:
        self._address_of = address_of
        self._held: Counter[str] = Counter()

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"][HOLD] = hold = Hold(scope, self._held, self._address_of)
            try:
                await app(scope, Paced(receive, hold), send)
            finally:
                hold.end()

        return bounded
