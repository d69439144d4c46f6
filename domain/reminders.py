"""Reminders: a notice that a deadline draws near, served by the system to whoever has not done yet what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from domain.calls import CallCourse, deadline_of
from domain.deadlines import day_of, instant, moment, passed
from domain.decision import Fact
from domain.due import Due, Known, Reaction
from domain.hearing_course import ReviewCourse
from domain.milestones import Applicants
from domain.notices import Unacknowledged, is_reminder, reminder_id
from domain.record import StageCourse
from domain.serving import Served, may_object_until
from domain.system import DEADLINE


def _open_stages(known: Known) -> Iterator[str]:
    yield from (each for each in known.milestones.opened if each not in known.milestones.finalised)


def _reviews(known: Known) -> Iterator[tuple[Fact]]:
    for stage in _open_stages(known):
        yield from ((ReviewCourse(known.programme, stage, team),) for team in known.roster.seated)


def _statements(known: Known, review: ReviewCourse) -> Iterator[Due]:
    if review.state == "statement-requested" and review.team in known.roster.seated:
        yield from _reminder(known, "remind-of-statements", review.stage, review.team, review.requested, review.until)


def _courses(known: Known) -> Iterator[tuple[Fact, ...]]:
    yield from (_of_course(stage, known.programme) for stage in _open_stages(known))


def _of_course(stage: str, programme: str) -> tuple[StageCourse, Served]:
    return StageCourse(programme, stage), Served(programme)


def _objections(known: Known, course: StageCourse, served: Served) -> Iterator[Due]:
    """Whoever may still object; a team that has may do so again."""
    stage, run = known.charter.stage(course.stage), course.course
    published = known.milestones.published.get(course.stage)
    if stage is None or published is None:
        return
    for team in run.teams:
        until = may_object_until(team, stage, run, served, known.charter)
        if until is not None and team not in run.waived and not run.withdrew(team):
            yield from _reminder(known, "remind-of-objections", stage.id, team, published.position, until)


def _calls(known: Known) -> Iterator[tuple[Fact, ...]]:
    yield from (_of_call(call, known.programme) for call in known.calls.open)


def _of_call(call: str, programme: str) -> tuple[CallCourse, Applicants]:
    return CallCourse(programme, call), Applicants(programme, call)


def _applications(known: Known, course: CallCourse, applicants: Applicants) -> Iterator[Due]:
    """Former teams that may apply, and did not; nobody else can be served a notice on record."""
    rules = known.charter.call(course.call)
    closes = None if rules is None else deadline_of(rules, known.charter)
    if rules is None or closes is None or course.opened is None:
        return
    of_former = [each for each in rules.classes if each.requires != "not-former-team"]
    if not any(each.id in course.opened.classes for each in of_former):
        return
    for team in known.roster.status:
        if known.roster.known_to_have_left(team) and team not in applicants.applied:
            yield from _reminder(
                known, "remind-of-calls", course.call, team, known.milestones.calls[course.call], closes
            )


def _served(known: Known) -> Iterator[tuple[Fact]]:
    yield from ((Unacknowledged(known.programme, team),) for team in known.roster.status)


def _acknowledgements(known: Known, served: Unacknowledged) -> Iterator[Due]:
    """Of what is to be acknowledged later than it was served by so many days; of no reminder."""
    days = known.days("remind-of-acknowledgements")
    for position, each in served.waiting.items():
        if not is_reminder(each.notice) and _days_for(known, each.template) > days:
            yield from _reminder(known, "remind-of-acknowledgements", each.notice, served.team, position, each.deadline)


def _days_for(known: Known, template: str) -> int:
    """How many a team has to acknowledge a notice; none if the charter has it no more."""
    found = known.charter.service_of(template) or known.charter.notice_template(template)
    return 0 if found is None else int(found.acknowledge_days)


def _reminder(known: Known, reaction: str, subject: str, team: str, follows: int, until: str) -> Iterator[Due]:
    """The notice, unless the deadline is over; to teams that the template is for, and that know how they stand."""
    named = known.named(reaction)
    template = None if named.template is None else known.charter.notice_template(named.template)
    if template is None or passed(until, known.now):
        return
    if known.roster.status.get(team) not in template.recipients or known.roster.under_embargo(team):
        return
    last_day = day_of(moment(until) - timedelta(microseconds=1), known.charter.zone).isoformat()
    yield Due(
        reaction=reaction,
        follows=follows,
        subject=team,
        at=instant(moment(until) - timedelta(days=int(named.days))),
        body={
            "notice": reminder_id(follows, team),
            "team": team,
            "template": template.id,
            "subject": subject,
            "values": {each: last_day for each in template.variables if each == DEADLINE},
        },
    )


REMINDERS: Final = (
    Reaction("remind-of-acknowledgements", _served, lambda c, p: (Unacknowledged(p, c.team),), _acknowledgements),
    Reaction("remind-of-calls", _calls, lambda c, p: _of_call(c.subject, p), _applications),
    Reaction("remind-of-objections", _courses, lambda c, p: _of_course(c.subject, p), _objections),
    Reaction("remind-of-statements", _reviews, lambda c, p: (ReviewCourse(p, c.subject, c.team),), _statements),
)
