"""The Litestar application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, NamedTuple, cast

from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.routes import HTTPRoute
from litestar.types import (
    ControllerRouterHandler,
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)

from service.api import (
    administration,
    docs,
    endpoints,
    health,
    ledger,
    notices,
    oauth,
    people,
    programmes,
    reactions,
    sealed_fields,
    sessions,
    sign_in,
    tree,
)
from service.api.access import address_of
from service.api.decisions import settle_proposal, submit_decision
from service.api.deprecations import tell_of_deprecation
from service.api.diff import get_diff
from service.api.disagreement import get_disagreement
from service.api.disclosure import check_disclosure
from service.api.erasures_first import ErasuresFirst
from service.api.explain import get_explanation
from service.api.export import export_ledger
from service.api.headers import ASKED_HEAD, require_plain
from service.api.many_decisions import submit_decisions
from service.api.metrics import metrics
from service.api.parts import Parts
from service.api.previews import get_proposal, preview_decision
from service.api.problems import HANDLERS, response_to
from service.api.repeats import Repeats
from service.api.slow_clients import SlowClients
from service.api.stream import stream_events
from service.api.timeline import get_timeline
from service.api.what_if import ask_what_if, get_sensitivity
from service.api.workload import get_workload


class Pages(NamedTuple):
    """What is shown to people. `not_found`: answers for what is at no address, or not by that method."""

    handlers: Sequence[ControllerRouterHandler]
    not_found: Callable[[Request[Any, Any, Any], HTTPException], Response[bytes]]


NO_PAGES: Final = Pages((), response_to)

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


class Application(Litestar):
    """Answers HEAD wherever it answers GET: the same status and headers, without the body; OPTIONS with all methods."""

    repeats: Repeats | None = None
    public_origin: str = ""
    """Where browsers reach the service, if the settings say so: `https://host`."""

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        if scope.get("method") == HttpMethod.OPTIONS:
            send = self._with_methods(cast("Scope", scope), cast("Send", send))
        if scope.get("method") == HttpMethod.GET and self.repeats is not None:
            asked, answer = cast("HTTPScope", scope), cast("Send", send)
            if await self.repeats.answered(asked, answer):
                return
            send = self.repeats.noting(asked, answer)
        if scope.get("method") == HttpMethod.HEAD:
            scope = cast("Scope", {**scope, "method": HttpMethod.GET, ASKED_HEAD: True})
            send = _without_body(cast("Send", send))
        await super().__call__(scope, receive, send)

    def _with_methods(self, scope: Scope, send: Send) -> Send:
        """The framework tells those of one of the address's handlers only."""

        async def send_methods(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 204:
                allow = ", ".join(sorted(self._methods().get(str(scope.get("path_template")), ())))
                kept = [(name, value) for name, value in message["headers"] if name != b"allow"]
                message = {**message, "headers": [*kept, (b"allow", allow.encode())]}
            await send(message)

        return send_methods

    def _methods(self) -> dict[str, set[str]]:
        routes = [route for route in self.routes if isinstance(route, HTTPRoute)]
        return {
            route.path_format: route.methods | ({"HEAD"} if "GET" in route.methods else set[str]()) for route in routes
        }


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


def create_application(parts: Parts, *, pages: Pages = NO_PAGES, lifespan: Sequence[Lifespan] = ()) -> Litestar:
    """All routes over the given parts, and the pages.

    OpenAPI is our own document (`service.api.openapi`), not the framework's.
    """

    async def provide_parts() -> Parts:
        return parts

    application = Application(
        route_handlers=[
            submit_decision,
            submit_decisions,
            settle_proposal,
            preview_decision,
            get_proposal,
            *programmes.HANDLERS,
            get_disagreement,
            get_explanation,
            get_timeline,
            get_workload,
            *notices.HANDLERS,
            *reactions.HANDLERS,
            *endpoints.HANDLERS,
            check_disclosure,
            ask_what_if,
            get_diff,
            get_sensitivity,
            ledger.list_events,
            export_ledger,
            *tree.HANDLERS,
            stream_events,
            *health.HANDLERS,
            *oauth.HANDLERS,
            *administration.HANDLERS,
            *people.HANDLERS,
            *sealed_fields.HANDLERS,
            *sessions.HANDLERS,
            *sign_in.HANDLERS,
            metrics,
            *docs.HANDLERS,
            *pages.handlers,
        ],
        dependencies={"parts": Provide(provide_parts)},
        exception_handlers={**HANDLERS, NotFoundException: pages.not_found, MethodNotAllowedException: pages.not_found},
        middleware=[ErasuresFirst(parts), SlowClients(lambda scope: address_of(Request(scope), parts))],
        before_request=require_plain,
        before_send=[tell_of_deprecation],
        openapi_config=None,
        lifespan=list(lifespan),
    )
    application.repeats = Repeats(parts)
    application.public_origin = parts.public_origin or ""
    return application
