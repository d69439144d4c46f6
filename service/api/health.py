"""Whether the service lives and can take decisions."""

from __future__ import annotations

import msgspec
from litestar import Response, get

from service.api.parts import Wired


class Health(msgspec.Struct, frozen=True):
    """`position`: the ledger's head."""

    status: str
    position: int | None = None


@get("/health/live")
async def live() -> Response[bytes]:
    """The process answers."""
    return Response(msgspec.json.encode(Health("live")), media_type="application/json")


@get("/health/ready")
async def ready(parts: Wired) -> Response[bytes]:
    """The ledger answers: decisions can be taken. Redis and the workers do not count: the ledger needs neither."""
    position = await parts.run_at_once(parts.ready)
    return Response(msgspec.json.encode(Health("ready", position)), media_type="application/json")


HANDLERS = [live, ready]
