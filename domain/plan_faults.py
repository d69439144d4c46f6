"""What is wrong with the plan of a charter: how many teams reach each stage, and when it is."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from domain.charter_document import Charter
from domain.deadlines import LAST_DAY, is_date
from domain.fault import Fault
from domain.points import is_known
from domain.soundness import UNSOUND, as_far_as_sound, numbered


def plan_faults(charter: Charter) -> Iterator[Fault]:
    for check in (_seat_faults, _stage_faults, _field_faults, _calendar_faults):
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


def _calendar_faults(charter: Charter) -> Iterator[Fault]:
    """Days that are none, a stage that ends before it begins, or begins before the one before it ends."""
    latest, ending = "", 0
    for i, stage in numbered(charter.stages):
        place = f"/stages/{i}/calendar"
        if stage.calendar is None:
            continue
        opens = yield from day(f"{place}/opens", stage.calendar.opens)
        closes = yield from day(f"{place}/closes", stage.calendar.closes)
        if opens and closes and closes < opens:
            yield Fault(f"{place}/closes", f"{closes} is before {opens}, when the stage opens")
        for each in (opens, closes):
            if each and each < latest:
                yield Fault(place, f"{each} is before {latest}, a day of stage {ending}, which comes first")
                break
        if (last := max(opens, closes)) > latest:
            latest, ending = last, i + 1


def day(pointer: str, text: str) -> Generator[Fault, None, str]:
    """The day; nothing if it is undisclosed, unsound or no day, which is a fault."""
    if text is UNSOUND or not is_known(text):
        return ""
    if not is_date(text) or text > LAST_DAY:
        yield Fault(pointer, f"a date such as 2026-01-31, not after {LAST_DAY}, or undisclosed")
        return ""
    return text
