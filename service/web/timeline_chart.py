"""The timeline as a chart: how long stages, windows and calls were open, and when which kind of decision was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from domain.charter_document import Charter
from domain.deadlines import Zone
from domain.scalars import Names
from domain.views.stretches import Phase, Stretch
from domain.views.timeline import Moment
from service.web.axis import Axis, Tick, microseconds, ticks_of_order, ticks_of_time

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "rules": ("CharterPublished", "CharterAmended", "AmendmentAssented"),
    "teams": ("TeamEnrolled", "ConsortiumChanged", "TeamWithdrawn"),
    "results": ("StageConsolidated", "StageReconsolidated", "ResultsPublished"),
    "independence": ("IndependenceReviewOpened", "IndependenceRuled", "DeviationRecorded"),
    "outcomes": ("TeamAdvanced", "TeamEliminated", "OutcomeSuperseded", "CallTeamSelected"),
    "objections": ("ObjectionFiled", "ObjectionDecided", "ObjectionsWaived"),
    "resources": (
        *("ResourcePoolSet", "ResourceGranted", "GrantAdjusted", "GrantSuspended", "GrantResumed", "GrantRevoked"),
        *("TitleConferred", "TitleWithdrawn"),
    ),
}
"""Kinds of decisions, each a line of marks, by the types of their events."""


class Span(NamedTuple):
    """From where to where, in per cent. `since`: the position of what began it. `begins`, `ends`: instants, RFC 3339,
    of what was dated; `ended`: the position of what ended it. It is running if neither `ends` nor `ended` says when."""

    phase: Phase
    start: str
    width: str
    since: int
    ended: int | None
    begins: str | None
    ends: str | None

    @property
    def running(self) -> bool:
        return self.ended is None and self.ends is None


class Course(NamedTuple):
    """A stage or a call, with what of it was open when. The first span is the whole of it."""

    title: Names
    spans: tuple[Span, ...]


class Marks(NamedTuple):
    """Decisions of one kind: where each is, in per cent, and which."""

    kind: str
    places: tuple[str, ...]
    moments: tuple[Moment, ...]


class TimelineChart(NamedTuple):
    """`dated`: from when to when, RFC 3339, if places are times; otherwise they are the order of what was recorded,
    since days are undisclosed."""

    dated: tuple[str, str] | None
    courses: tuple[Course, ...]
    marks: tuple[Marks, ...]
    ticks: tuple[Tick, ...]
    breaks: tuple[str, ...]


def timeline_chart(charter: Charter, moments: Sequence[Moment], found: Iterable[Stretch]) -> TimelineChart:
    """Of a story and its stretches, at least one moment long.

    Only where every moment says when it was decided, places are times: of what was merely reported the record knows
    when it was written down, which is no date of the programme.
    """
    stretches = tuple(found)
    dated = all(each.decided_at is not None for each in moments)
    placed = _Placed(moments, stretches, charter.zone) if dated else _Ordered(moments, stretches)
    titles = {each.id: each.title for each in charter.stages} | {each.id: each.title for each in charter.calls}
    subjects = dict.fromkeys(each.subject for each in stretches)
    return TimelineChart(
        dated=placed.dated,
        courses=tuple(
            Course(
                titles.get(subject, Names(en=subject, ko=subject)),
                tuple(placed.span(each) for each in stretches if each.subject == subject),
            )
            for subject in subjects
        ),
        marks=tuple(
            Marks(kind, tuple(percent(placed.place(each.position)) for each in of_kind), of_kind)
            for kind, types in KINDS.items()
            if (of_kind := tuple(each for each in moments if each.type in types))
        ),
        ticks=tuple(placed.ticks),
        breaks=tuple(percent(each) for each in placed.axis.breaks),
    )


def percent(place: float) -> str:
    """To a thousandth."""
    return f"{place:.3f}".rstrip("0").rstrip(".")


class _Ordered:
    """Places by the order of what was recorded."""

    def __init__(self, moments: Sequence[Moment], stretches: Sequence[Stretch]) -> None:
        self._order = {each.position: number for number, each in enumerate(moments)}
        self.dated = None
        self.axis = Axis(self._order.values(), running=any(each.ended is None for each in stretches))
        positions = list(self._order)
        self.ticks = ticks_of_order(self.axis, lambda number: str(positions[number]))

    def place(self, position: int) -> float:
        return self.axis.at(self._order[position])

    def span(self, of: Stretch) -> Span:
        start = self.place(of.since)
        end = 100.0 if of.ended is None else self.place(of.ended)
        return Span(of.phase, percent(start), percent(max(0.0, end - start)), of.since, of.ended, None, None)


class _Placed:
    """Places by time."""

    def __init__(self, moments: Sequence[Moment], stretches: Sequence[Stretch], zone: Zone) -> None:
        self._times = {each.position: each.decided_at or each.recorded_at for each in moments}
        ends = [end for each in stretches if (end := self._end(each)) is not None]
        times = (*self._times.values(), *ends)
        self.dated = (min(times), max(times))
        self.axis = Axis(map(microseconds, times), running=any(self._end(each) is None for each in stretches))
        self.ticks = ticks_of_time(self.axis, zone)

    def place(self, position: int) -> float:
        return self.axis.at(microseconds(self._times[position]))

    def span(self, of: Stretch) -> Span:
        start, end = self.place(of.since), self._end(of)
        until = 100.0 if end is None else self.axis.at(microseconds(end))
        return Span(
            of.phase, percent(start), percent(max(0.0, until - start)), of.since, of.ended, self._times[of.since], end
        )

    def _end(self, of: Stretch) -> str | None:
        """When it ended or will: by what ended it, or by itself before that."""
        ended = None if of.ended is None else self._times[of.ended]
        return min((each for each in (ended, of.until) if each is not None), default=None)
