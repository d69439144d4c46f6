"""Addresses of the pages, as the application has them; whoever asks is shown the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from litestar import Router
from litestar.handlers import HTTPRouteHandler

from service.web.site import SITE


def _addresses(handlers: Any) -> Iterator[str]:
    for each in handlers:
        if isinstance(each, Router):
            yield from (route.path_format for route in each.routes)
        elif isinstance(each, HTTPRouteHandler):
            yield from (path.replace(":str", "") for path in each.paths)


ADDRESSES: Final = frozenset(_addresses(SITE.handlers))
