"""The parts that pages are made of, on one page."""

from __future__ import annotations

from litestar import Response

from domain.scalars import Names
from domain.sentences import Words
from service.api.access import AnyRequest
from service.api.answers import only_parameters, sent
from service.web.axis import Tick
from service.web.bars import Segment
from service.web.common import page
from service.web.rendering import html
from service.web.timeline_chart import Course, Marks, Span, TimelineChart

SAMPLES = [
    [Segment("known", "0", "30"), Segment("known", "30", "25", 1), Segment("known", "55", "20", 2)],
    [Segment("known", "0", "15"), Segment("rest", "15", "10"), Segment("range", "25", "45")],
    [Segment("unknown", "0", "100")],
]

TIMELINE = TimelineChart(
    dated=("2026-01-05T00:00:00.000000Z", "2026-04-20T15:00:00.000000Z"),
    courses=(
        Course(
            Names(en="A stage", ko="단계"),
            (
                Span("stage", "0", "62", 1, 9, None, None),
                Span("scoring", "0", "30", 1, 2, None, None),
                Span("objections", "48", "14", 3, 9, None, None),
            ),
        ),
        Course(
            Names(en="A call", ko="공모"),
            (Span("call", "56", "44", 4, None, None, None), Span("applications", "56", "20", 4, None, None, None)),
        ),
    ),
    marks=(Marks("outcomes", ("44", "45", "46"), ()),),
    ticks=(Tick(0, Words("5 Jan", "1. 5.")), Tick(48, Words("2 Mar", "3. 2.")), Tick(100, Words("21 Apr", "4. 21."))),
    breaks=("82",),
)


@page("/style")
async def show_style(request: AnyRequest) -> Response[bytes]:
    """Every component once."""
    only_parameters(request)
    return sent(request, html(request, "style.html", samples=SAMPLES, chart=TIMELINE))


HANDLERS = [show_style]
