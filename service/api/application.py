"""The Litestar application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from litestar import Litestar
from litestar.di import Provide

from service.api import docs, health, ledger, programmes
from service.api.decisions import settle_proposal, submit_decision
from service.api.disagreement import get_disagreement
from service.api.disclosure import check_disclosure
from service.api.parts import Parts
from service.api.problems import HANDLERS

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_application(parts: Parts, *, lifespan: Sequence[Lifespan] = ()) -> Litestar:
    """All routes over the given parts. OpenAPI is our own document (`service.api.openapi`), not the framework's."""

    async def provide_parts() -> Parts:
        return parts

    return Litestar(
        route_handlers=[
            submit_decision,
            settle_proposal,
            *programmes.HANDLERS,
            get_disagreement,
            check_disclosure,
            ledger.list_events,
            *health.HANDLERS,
            *docs.HANDLERS,
        ],
        dependencies={"parts": Provide(provide_parts)},
        exception_handlers=HANDLERS,
        openapi_config=None,
        lifespan=list(lifespan),
    )
