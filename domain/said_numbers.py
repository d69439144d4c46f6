"""Whether the numbers that an event says are written as numbers are, in the one way that everybody reads alike."""

from __future__ import annotations

from collections.abc import Iterator

from domain.event import Event
from domain.points import parse_decimal
from domain.record import SHEET_EVENTS
from domain.score_events import (
    FigureCertified,
    GateOutcome,
    MeasurementCorrected,
    MeasurementRecorded,
    RankGroup,
)


def require_numbers(event: Event) -> None:
    """Raise `DecimalFormatError` for one that standings are worked out from and that is none."""
    if isinstance(event, SHEET_EVENTS):  # by far the most
        parse_decimal(event.points)
        return
    for text in _decimals(event):
        parse_decimal(text)
    if isinstance(event, FigureCertified) and isinstance(event.figure, RankGroup):
        for rank in (event.figure.best, event.figure.worst):
            parse_decimal(rank, decimals=0)


def _decimals(event: Event) -> Iterator[str]:
    match event:
        case MeasurementRecorded() | MeasurementCorrected():
            yield event.value
            if event.target is not None:
                yield event.target.value
        case FigureCertified() if not isinstance(event.figure, RankGroup | GateOutcome):
            yield event.figure.value
        case _:
            pass
