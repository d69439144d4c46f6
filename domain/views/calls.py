"""Additional calls as a reader may see them. They are few, so they are folded from the ledger whenever one asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from domain.call_applications import Application, ApplicationState
from domain.call_events import ApplicationScreened, CallApplicationReceived, CallEvent, CallTeamSelected, Review
from domain.calls import CallCourse, CallState
from domain.charter_document import AdditionalCall, Charter, EligibleClass
from domain.event import Event
from domain.scalars import Names


class ApplicationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One application. `reason`, `independence`: of its screening, null before."""

    team: str
    name: Names
    eligible_class: str
    reenters: str | None
    state: ApplicationState
    reason: Names | None
    independence: Review | None


class CallSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was opened, at `position`. `received`, `screened`: how many applications, for everybody.

    `applications`: those that the reader may see: agencies and auditors all, an applicant its own, the public none.
    """

    call: str
    title: Names
    seats: str
    closes: str
    classes: tuple[EligibleClass, ...]
    position: int
    state: CallState
    received: int
    screened: int
    selected: tuple[str, ...]
    applications: tuple[ApplicationRow, ...]


class _Seen:
    """What one reader sees of one call."""

    def __init__(self, programme: str, call: AdditionalCall) -> None:
        self._programme = programme
        self.call = call
        self.course = CallCourse(programme, call.id)
        self.position = 0
        self.received = 0
        self.screened = 0
        self.applications: dict[str, Application] = {}

    def take(self, position: int, event: Event, *, shows: bool, own: str | None) -> None:
        self.received += isinstance(event, CallApplicationReceived)
        self.screened += isinstance(event, ApplicationScreened)
        if shows:
            self.position = self.position or position
            self.course.apply(position, event)
        if isinstance(event, CallApplicationReceived | ApplicationScreened | CallTeamSelected) and (
            shows or event.team == own
        ):
            new = Application(self._programme, self.call.id, event.team)
            self.applications.setdefault(event.team, new).apply(position, event)

    def summary(self) -> CallSummary:
        return CallSummary(
            call=self.call.id,
            title=self.call.title,
            seats=self.call.seats,
            closes=self.call.closes,
            classes=self.call.classes,
            position=self.position,
            state=self.course.state,
            received=self.received,
            screened=self.screened,
            selected=tuple(self.course.selected),
            applications=tuple(
                _row(each, each.received) for each in self.applications.values() if each.received is not None
            ),
        )


def call_summaries(
    charter: Charter, found: Iterable[tuple[int, Event]], shows: Callable[[int, Event], bool], own: str | None
) -> list[CallSummary]:
    """Every call whose opening the reader may know of, in the charter's order.

    `found`: every event of the calls with its position. `own`: the consortium that reads, if it is one.
    """
    seen = {call.id: _Seen(charter.programme, call) for call in charter.calls}
    for position, event in found:
        if isinstance(event, CallEvent) and event.call in seen:
            seen[event.call].take(position, event, shows=shows(position, event), own=own)
    return [each.summary() for each in seen.values() if each.course.opened is not None]


def _row(application: Application, received: CallApplicationReceived) -> ApplicationRow:
    screened = application.screened
    return ApplicationRow(
        team=received.team,
        name=received.name,
        eligible_class=received.eligible_class,
        reenters=received.reenters,
        state=application.state,
        reason=None if screened is None else screened.reason,
        independence=None if screened is None else screened.independence,
    )
