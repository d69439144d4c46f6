"""The additional call that fills vacant seats."""

from __future__ import annotations

from collections.abc import Iterator

from domain.boundary import QueryItem, tag
from domain.charter_document import Identifier
from domain.decision import Case, Command, decision, refuse_if
from domain.event import Event, event
from domain.record import StageCourse
from domain.refusal import InvalidCommandError, Refusal
from domain.stages import OutcomeMissingError, without_outcome
from domain.teams import Roster


class NoVacancyError(Refusal):
    """The programme has fewer vacant seats than the call offers."""


class CallAlreadyOpenError(Refusal):
    """The call was opened before."""


@event("AdditionalCallOpened", public="with-results")
class AdditionalCallOpened(Event, frozen=True, kw_only=True):
    """Seats that `stage` left vacant are offered to the charter's classes. `closes`: the deadline as in the charter."""

    call: str
    stage: str
    seats: str
    classes: tuple[str, ...]
    closes: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("programme", programme), tag("call", programme, self.call))


class CallOpening:
    """A fact: whether a call was opened."""

    def __init__(self, programme: str, call: str) -> None:
        self._call = tag("call", programme, call)
        self.opened = 0

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(AdditionalCallOpened.TYPE,), tags=(self._call,)),)

    def apply(self, position: int, event: Event) -> None:
        self.opened = position


class OpenAdditionalCall(Command, frozen=True, kw_only=True):
    """`call`: of the charter. `after`: the stage whose outcomes leave the vacancy."""

    call: Identifier
    after: Identifier


def _facts(command: OpenAdditionalCall, p: str) -> tuple[CallOpening, StageCourse, Roster]:
    return CallOpening(p, command.call), StageCourse(p, command.after), Roster(p)


@decision("open-additional-call", OpenAdditionalCall, needs=_facts)
def open_additional_call(
    command: OpenAdditionalCall, case: Case, opening: CallOpening, course: StageCourse, roster: Roster
) -> Iterator[Event]:
    """Open a call for vacant seats, once the outcomes of a stage are recorded."""
    call = case.charter.call(command.call)
    if call is None or call.after != command.after:
        raise InvalidCommandError(
            f"call: {command.call!r} is no call of the charter after {command.after!r}",
            rule="The charter names the calls and the stage that each follows.",
            pointer="/call",
        )
    if opening.opened:
        raise CallAlreadyOpenError(f"{call.id} was opened at position {opening.opened}", rule="A call is opened once.")
    if not course.course.consolidated:
        raise OutcomeMissingError(f"{command.after} has no outcomes", rule="A call opens once outcomes are recorded.")
    refuse_if(
        (("/after", f"{team} has no outcome") for team in without_outcome(course)),
        rule="A call opens once outcomes are recorded.",
        error=OutcomeMissingError,
    )
    vacancies = int(case.charter.seats) - len(roster.seated)
    if int(call.seats) > vacancies:
        raise NoVacancyError(
            f"{call.seats} seats are offered, {vacancies} are vacant",
            rule="A call offers no more seats than are vacant.",
        )
    yield AdditionalCallOpened(
        call=call.id,
        stage=call.after,
        seats=call.seats,
        classes=tuple(each.id for each in call.classes),
        closes=call.closes,
    )
