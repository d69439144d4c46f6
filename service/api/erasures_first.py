"""Nothing is served before erasures were carried out on what this process reads, which may be an old backup."""

from __future__ import annotations

from typing import Final

from litestar.types import ASGIApp, Receive, Scope, Send

from service.api.parts import Parts
from service.api.problems import ApiProblem

LIVE: Final = "/health/live"


class ErasuresFirst:
    """The middleware: 503 until it is done, but that the process lives."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            if not self._parts.erased() and scope["path"] != LIVE:
                raise ApiProblem("erasures-pending", "what was erased is not erased again yet: try again")
            await app(scope, receive, send)

        return served
