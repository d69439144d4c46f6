"""The results of a stage as they stand, for whoever agrees to what is decided about them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from domain.decision import Case, Command
from domain.record import StageCourse

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


def results(_command: Command, case: Case, course: StageCourse, *_others: Any) -> bytes:
    """Rules, settlement, deviation, rulings and outcomes, each by where it was recorded: equal while none changed."""
    run = course.course
    return _ENCODER.encode(
        [case.rules_hash, run.settled, run.consolidated, run.deviation, run.ruled, run.decided, run.eliminated]
    )
