"""The page on which a browser checks that an entry is in the signed log."""

from __future__ import annotations

from litestar import Response

from service.api.access import AnyRequest
from service.api.answers import only_parameters, sent, whole_number
from service.web.common import page
from service.web.rendering import html


@page("/verify")
async def show_verify(request: AnyRequest) -> Response[bytes]:
    """What a browser can check by itself, and what that proves."""
    only_parameters(request, "position")
    return sent(request, html(request, "verify.html", position=whole_number(request, "position", 0)))


HANDLERS = [show_verify]
