"""The additional call that fills vacant seats: opened, and closed where it fills none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

import msgspec

from domain.boundary import QueryItem, tag
from domain.call_events import AdditionalCallOpened, CallClosedWithoutSelection, CallTeamSelected
from domain.charter_document import AdditionalCall, Charter
from domain.deadlines import end_of_day, passed
from domain.decision import Case, Command, decision, refuse_if
from domain.event import Event
from domain.machines import machine
from domain.opened_calls import OpenedCalls
from domain.opened_stages import OpenedStages
from domain.points import is_known
from domain.record import StageCourse
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Identifier, Names
from domain.stages import OutcomeMissingError, without_outcome
from domain.teams import Roster

CallState = Literal["unopened", "open", "filled", "closed"]


class NoVacancyError(Refusal):
    """The programme has fewer vacant seats than the call offers."""


class CallNotOpenError(Refusal):
    """The call is not open, or not announced."""


class CallAlreadyOpenError(Refusal):
    """The call was opened before."""


class CallFilledError(Refusal):
    """Every seat of the call is filled; with that it is over."""


class CallClosedError(Refusal):
    """The call was closed."""


class ApplicationsOpenError(Refusal):
    """The call still takes applications."""


CALL = machine(
    "call",
    initial="unopened",
    transitions=[
        ("unopened", "open-additional-call", "open"),
        ("open", "apply-to-call", "open"),
        ("open", "screen-application", "open"),
        ("open", "select-team", "open"),
        ("open", "select-team", "filled"),
        ("open", "close-call", "closed"),
    ],
    refusals={
        "unopened": CallNotOpenError,
        "open": CallAlreadyOpenError,
        "filled": CallFilledError,
        "closed": CallClosedError,
    },
)


class CallCourse:
    """A fact: how far one call is; blind to who applies."""

    def __init__(self, programme: str, call: str) -> None:
        self.programme = programme
        self.call = call
        self.opened: AdditionalCallOpened | None = None
        self.selected: list[str] = []
        self.closed = False

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (AdditionalCallOpened.TYPE, CallTeamSelected.TYPE, CallClosedWithoutSelection.TYPE)
        return (QueryItem(types=types, tags=(tag("call", self.programme, self.call),)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case AdditionalCallOpened():
                self.opened = event
            case CallTeamSelected(team=team):
                self.selected.append(team)
            case CallClosedWithoutSelection():
                self.closed = True
            case _:
                pass

    @property
    def state(self) -> CallState:
        if self.opened is None:
            return "unopened"
        if self.closed:
            return "closed"
        return "filled" if len(self.selected) >= int(self.opened.seats) else "open"

    def require(self, decision: str) -> None:
        """Raise the refusal of the call's state unless it allows the decision."""
        CALL.require(self.state, decision, subject=f"call {self.call}")


def deadline_of(rules: AdditionalCall, charter: Charter) -> str | None:
    """The instant until which the charter's call takes applications; `None` where it does not say."""
    return end_of_day(date.fromisoformat(rules.closes), charter.zone) if is_known(rules.closes) else None


def require_applications_over(rules: AdditionalCall, case: Case) -> None:
    """Raise while the call takes applications."""
    deadline = deadline_of(rules, case.charter)
    if deadline is not None and not passed(deadline, case.decided_at):
        raise ApplicationsOpenError(
            f"call {rules.id} takes applications until {deadline}",
            rule="A call selects, or ends without selection, once everybody has had the time to apply.",
        )


def call_of(case: Case, call_id: str) -> AdditionalCall:
    """The charter's call. Raises `InvalidCommandError`."""
    call = case.charter.call(call_id)
    if call is None:
        raise InvalidCommandError(
            f"call: {call_id!r} is no call of {case.programme}", rule="The charter names the calls.", pointer="/call"
        )
    return call


class OfCall(Command, frozen=True, kw_only=True):
    call: Identifier


class OpenAdditionalCall(OfCall, frozen=True, kw_only=True):
    """`call`: of the charter. `after`: the stage whose outcomes leave the vacancy."""

    after: Identifier


def _facts(command: OpenAdditionalCall, p: str) -> tuple[CallCourse, StageCourse, Roster, OpenedCalls, OpenedStages]:
    return CallCourse(p, command.call), StageCourse(p, command.after), Roster(p), OpenedCalls(p), OpenedStages(p)


@decision("open-additional-call", OpenAdditionalCall, comes_to=(AdditionalCallOpened,), needs=_facts)
def open_additional_call(
    command: OpenAdditionalCall,
    case: Case,
    call: CallCourse,
    course: StageCourse,
    roster: Roster,
    opened: OpenedCalls,
    stages: OpenedStages,
) -> Iterator[Event]:
    """Open a call for vacant seats, once the outcomes of a stage are recorded, and before the next stage is opened."""
    rules = call_of(case, command.call)
    if rules.after != command.after:
        raise InvalidCommandError(
            f"after: {command.call} follows {rules.after}",
            rule="The charter names the calls and the stage that each follows.",
            pointer="/after",
        )
    call.require("open-additional-call")
    if not command.reported:
        stages.require_none_after(command.after, case.charter)
    if not course.course.consolidated:
        raise OutcomeMissingError(f"{command.after} has no outcomes", rule="A call opens once outcomes are recorded.")
    refuse_if(
        (("/after", f"{team} has no outcome") for team in without_outcome(course)),
        rule="A call opens once outcomes are recorded.",
        error=OutcomeMissingError,
    )
    vacancies = int(case.charter.seats) - len(roster.seated) - opened.seats
    if int(rules.seats) > vacancies:
        raise NoVacancyError(
            f"{rules.seats} seats are offered, {max(vacancies, 0)} are vacant and not offered by another call",
            rule="A call offers no more seats than are vacant and not offered by another call.",
        )
    yield AdditionalCallOpened(
        call=rules.id,
        stage=rules.after,
        seats=rules.seats,
        classes=tuple(each.id for each in rules.classes),
        closes=rules.closes,
    )


class CloseCall(OfCall, frozen=True, kw_only=True):
    reason: Names


def _selected(_command: CloseCall, _case: Case, call: CallCourse) -> bytes:
    """Who has a seat: the others end vacant."""
    return msgspec.json.encode(call.selected)


@decision(
    "close-call",
    CloseCall,
    comes_to=(CallClosedWithoutSelection,),
    needs=lambda command, p: (CallCourse(p, command.call),),
    rests_on=_selected,
)
def close_call(command: CloseCall, case: Case, call: CallCourse) -> Iterator[Event]:
    """End a call with seats unfilled, once the time to apply is over; nobody is selected any more."""
    rules = call_of(case, command.call)
    call.require("close-call")
    if not command.reported:
        require_applications_over(rules, case)
    yield CallClosedWithoutSelection(call=rules.id, stage=rules.after, reason=command.reason)
