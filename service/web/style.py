"""The parts that pages are made of, on one page."""

from __future__ import annotations

from litestar import Response

from service.api.access import AnyRequest
from service.api.answers import only_parameters, sent
from service.web.bars import Segment
from service.web.common import page
from service.web.rendering import html

SAMPLES = [
    [Segment("known", "0", "30"), Segment("known", "30", "25", 1), Segment("known", "55", "20", 2)],
    [Segment("known", "0", "15"), Segment("rest", "15", "10"), Segment("range", "25", "45")],
    [Segment("unknown", "0", "100")],
]


@page("/style")
async def show_style(request: AnyRequest) -> Response[bytes]:
    """Every component once."""
    only_parameters(request)
    return sent(request, html(request, "style.html", samples=SAMPLES))


HANDLERS = [show_style]
