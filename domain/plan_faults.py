"""What is wrong with the plan of a charter: how many teams reach each stage; when that is, see `calendar_faults`."""

from __future__ import annotations

from collections.abc import Iterator

from domain.charter_document import Charter
from domain.fault import Fault
from domain.soundness import as_far_as_sound


def plan_faults(charter: Charter) -> Iterator[Fault]:
    for check in (_seat_faults, _stage_faults, _field_faults):
        yield from as_far_as_sound(check)(charter)


def _seat_faults(charter: Charter) -> Iterator[Fault]:
    if not int(charter.seats):
        yield Fault("/seats", "at least one seat")


def _stage_faults(charter: Charter) -> Iterator[Fault]:
    if not charter.stages:
        yield Fault("/stages", "at least one stage")


def _field_faults(charter: Charter) -> Iterator[Fault]:
    """Follow the largest field through the stages: each leaves somebody, and calls fill what is vacant after it."""
    seats = field = int(charter.seats)
    for i, stage in enumerate(charter.stages):
        if stage.cut is not None and stage.cut >= field:
            yield Fault(f"/stages/{i}/eliminate", f"the cut ({stage.cut}) leaves nobody of the {field} who reach it")
        else:
            field -= stage.cut or 0
        filled = sum(int(call.seats) for call in charter.calls if call.after == stage.id)
        field = min(seats, field + filled)
