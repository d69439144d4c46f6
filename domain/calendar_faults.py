"""What is wrong with the days of a charter: those that are none, and those in an order that decisions do not allow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from domain.charter_document import AdditionalCall, Charter
from domain.deadlines import LAST_DAY, is_date
from domain.fault import Fault
from domain.points import is_known
from domain.soundness import UNSOUND, as_far_as_sound, numbered


class Planned(NamedTuple):
    """A day with its place in the charter. Days of a lesser `turn` come first; `None`: it is not known which do.

    `last`: that the whole day passes before anything of a later turn, as it does before a call selects or is closed.
    """

    turn: int | None
    pointer: str
    text: str
    what: str
    last: bool = False

    @property
    def known(self) -> bool:
        """Whether it is a day; not undisclosed, and not faulty."""
        return self.text is not UNSOUND and is_known(self.text) and is_date(self.text) and self.text <= LAST_DAY


def calendar_faults(charter: Charter) -> Iterator[Fault]:
    planned = [*_of_stages(charter), *_of_calls(charter)]
    for each in planned:
        if each.text is not UNSOUND and is_known(each.text) and not each.known:
            yield Fault(each.pointer, f"a date such as 2026-01-31, not after {LAST_DAY}, or undisclosed")
    known = sorted((each for each in planned if each.known and each.turn is not None), key=_turn_of)
    latest: Planned | None = None
    for _, together in groupby(known, key=_turn_of):
        alike = list(together)
        for each in alike:
            if latest is not None and _too_late(latest, each):
                order = "not after" if latest.last else "before"
                detail = f"{each.text} is {order} {latest.text}, when {latest.what}, which comes first"
                yield Fault(each.pointer, detail)
        latest = max((each for each in (latest, *alike) if each is not None), key=lambda each: (each.text, each.last))


def _turn_of(planned: Planned) -> int:
    return -1 if planned.turn is None else planned.turn


def _too_late(first: Planned, then: Planned) -> bool:
    return first.text > then.text or (first.last and first.text == then.text)


@as_far_as_sound
def _of_stages(charter: Charter) -> Iterator[Planned]:
    """A stage opens once the one before it is over (`open-stage`), and not after it closes."""
    for i, stage in numbered(charter.stages):
        if stage.calendar is not None:
            place = f"/stages/{i}/calendar"
            yield Planned(3 * i, f"{place}/opens", stage.calendar.opens, f"stage {i + 1} opens")
            yield Planned(3 * i + 1, f"{place}/closes", stage.calendar.closes, f"stage {i + 1} closes")


@as_far_as_sound
def _of_calls(charter: Charter) -> Iterator[Planned]:
    for i, call in numbered(charter.calls):
        turn = next(_turn(call, charter), None)
        yield Planned(turn, f"/calls/{i}/closes", call.closes, f"call {i + 1} closes", last=True)


@as_far_as_sound
def _turn(call: AdditionalCall, charter: Charter) -> Iterator[int]:
    """A call opens once there are outcomes of the stage that it follows (`open-additional-call`).

    The next stage opens once it is filled or closed (`open-stage`), after its last day (`select-team`, `close-call`).
    """
    stages = [stage.id for stage in charter.stages]
    if call.after in stages:
        yield 3 * stages.index(call.after) + 2
