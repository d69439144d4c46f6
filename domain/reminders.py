"""Reminders: a notice that a deadline draws near, served by the system to whoever has not done yet what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from domain.deadlines import day_of, instant, moment, passed
from domain.decision import Fact
from domain.due import Due, Known, Reaction
from domain.hearing_course import ReviewCourse
from domain.notices import reminder_id
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


def _reminder(known: Known, reaction: str, stage: str, team: str, follows: int, until: str) -> Iterator[Due]:
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
            "subject": stage,
            "values": {each: last_day for each in template.variables if each == DEADLINE},
        },
    )


REMINDERS: Final = (
    Reaction("remind-of-objections", _courses, lambda c, p: _of_course(c.subject, p), _objections),
    Reaction("remind-of-statements", _reviews, lambda c, p: (ReviewCourse(p, c.subject, c.team),), _statements),
)
