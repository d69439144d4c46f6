"""Usage: how much of its grant a team used."""

from __future__ import annotations

from collections.abc import Iterator

from domain.deadlines import day_of
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.grant_course import GRANT, Grant, GrantCourse, UnknownGrantError, overlaps
from domain.grant_events import UsageReported
from domain.grants import UsageBeyondGrantError
from domain.periods import Span, on, require_period, shortfall
from domain.pools import require_resource
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Date, Identifier, Names, Number


class UsageNotOverError(Refusal):
    """Usage is reported once its period is over."""


class UsageAlreadyReportedError(Refusal):
    """Usage on a day of the period is reported already."""


class ReportUsage(Command, frozen=True, kw_only=True):
    """`quantity`: the most units in use at one time, from `starts` until before `ends`; none where access is granted.

    `correction`: why it supersedes the reports of that period.
    """

    grant: Identifier
    team: Identifier
    quantity: Number | None = None
    starts: Date
    ends: Date
    correction: Names | None = None


@decision(
    "report-usage",
    ReportUsage,
    comes_to=(UsageReported,),
    needs=lambda command, p: (Grant(p, command.grant),),
    own="team",
)
def report_usage(command: ReportUsage, case: Case, grant: Grant) -> Iterator[Event]:
    """Report how much of a grant was in use; a team reports for itself, an agency with the mandate for any."""
    course = grant.course
    require_period(command.starts, command.ends)
    _require_granted(command, course)
    counted = require_resource(case.charter, course.resource).kind == "count"
    if counted != (command.quantity is not None):
        raise InvalidCommandError(
            f"quantity: {'a number' if counted else 'none: access is not counted'}",
            rule="Usage is counted as the charter counts the resource.",
            pointer="/quantity",
        )
    today = day_of(case.decided_at, case.charter.zone).isoformat()
    if command.ends > today:
        raise UsageNotOverError(
            f"ends: it is {today}", rule="Usage is reported once its period is over.", pointer="/ends"
        )
    report = Span(starts=command.starts, ends=command.ends, quantity=command.quantity)
    found = shortfall(course.usable, [report])
    if found is not None:
        raise UsageBeyondGrantError(
            f"quantity: {found.taken} in use on {found.day}, when {found.held} were granted",
            rule="No more is used than is granted.",
            pointer="/quantity",
        )
    _require_new(command, course, report)
    yield UsageReported(
        grant=course.grant,
        team=course.team,
        resource=course.resource,
        quantity=command.quantity,
        starts=command.starts,
        ends=command.ends,
        correction=command.correction,
    )


def _require_granted(command: ReportUsage, course: GrantCourse) -> None:
    """Raise unless the team's grant runs on every day of the period."""
    if course.team != command.team:
        raise UnknownGrantError(
            f"grant: {command.team} has no grant {command.grant!r}",
            rule="A report names a grant, and the team that it was given to.",
            pointer="/grant",
        )
    day = command.starts
    while day < command.ends:
        GRANT.require(course.state_on(day), "report-usage", subject=command.grant, pointer="/grant")
        running = on(course.usable, day)
        day = command.ends if running is None else running.ends


def _require_new(command: ReportUsage, course: GrantCourse, report: Span) -> None:
    """Raise unless nothing is reported of the period, or a correction supersedes whole reports of it."""
    earlier = [each for each in course.usage if overlaps(each, report)]
    if command.correction is None and earlier:
        raise UsageAlreadyReportedError(
            f"usage from {earlier[0].starts} until before {earlier[0].ends} is reported",
            rule="Usage of a day is reported once; a correction supersedes it, for a reason.",
            pointer="/starts",
        )
    if command.correction is not None and not earlier:
        raise InvalidCommandError(
            "correction: nothing is reported of the period",
            rule="A correction supersedes a report.",
            pointer="/correction",
        )
    if any(each.starts < report.starts or report.ends < each.ends for each in earlier):
        raise UsageAlreadyReportedError(
            f"usage from {earlier[0].starts} until before {earlier[-1].ends} is reported",
            rule="A correction supersedes whole reports.",
            pointer="/starts",
        )
