"""Service on record of notices that are sent by themselves, and what counts from it: a team's time to object."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from domain.boundary import QueryItem, tag
from domain.charter_document import Charter
from domain.deadlines import end_of_day, is_date
from domain.event import Event
from domain.notices import COUNTS_FROM, NoticeServed, notice_id
from domain.record import Course
from domain.rubric import Stage
from domain.stage_events import ResultsPublished


class Served:
    """A fact: the notices that are on record as served, to one team or to all, by template and id, each with what was
    said of it."""

    def __init__(self, programme: str, team: str | None = None) -> None:
        self._tag = tag("programme", programme) if team is None else tag("team", programme, team)
        self.found: dict[tuple[str, str], dict[str, str]] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(NoticeServed.TYPE,), tags=(self._tag,)),)

    def apply(self, _position: int, event: Event) -> None:
        if isinstance(event, NoticeServed):
            self.found[event.template, event.notice] = event.values

    def day(self, charter: Charter, type_: str, position: int, team: str) -> date | None:
        """From when counts what counts from the team's being told of an event of that type, at that position."""
        of_type = [each.id for each in charter.automatic_notices if each.service is not None and type_ in each.events]
        said = [self.found.get((each, notice_id(position, team, each))) for each in of_type]
        days = [each[COUNTS_FROM] for each in said if each is not None and is_date(each.get(COUNTS_FROM, ""))]
        return min(map(date.fromisoformat, days), default=None)


def may_object_until(team: str, stage: Stage, course: Course, served: Served, charter: Charter) -> str | None:
    """When the team's time to object to the results that are public ends, if it does."""
    until, window = course.objections_until, stage.objections
    if until is None or window is None or window.counts_from == "publication":
        return until
    day = served.day(charter, ResultsPublished.TYPE, course.published, team)
    return until if day is None else min(until, end_of_day(day + timedelta(days=int(window.days)), charter.zone))


def everybody_until(teams: Iterable[str], stage: Stage, course: Course, served: Served, charter: Charter) -> str | None:
    """When the last of the teams may not object any more; with none of them, or no end, `None`."""
    ends = [may_object_until(each, stage, course, served, charter) for each in teams]
    return max((each for each in ends if each is not None), default=None)
