"""The ASGI application that granian serves: `service.app:create_app`, a factory."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar

from service.api.application import create_application
from service.bootstrap import open_service
from service.serving import allow_connections
from service.settings import read_settings
from service.stopping import when_stopping
from service.web.site import SITE


def create_app() -> Litestar:
    """The application over the servers that the environment names. Raises `SettingsError`."""
    allow_connections()
    service = open_service(read_settings())
    # What is there now stays. Of what comes later little is in cycles: requests that are open are not to be looked
    # through at each 700 objects more.
    gc.freeze()
    gc.set_threshold(20_000)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        when_stopping(service.parts.feed.close)
        try:
            yield
        finally:
            service.close()

    return create_application(service.parts, pages=SITE, lifespan=[lifespan])
