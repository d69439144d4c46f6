"""The programme's story: what happened when, without sheets and proposals; what is planned, and which deadlines run.

Rows are those of the audit trail, of the events that make up the story.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Final, Literal

import msgspec

from domain.charter_document import AdditionalCall, Charter
from domain.deadlines import day_of, end_of_day, is_date, moment, passed
from domain.event import EVENTS
from domain.naming import written
from domain.rubric import Stage
from domain.scalars import Names
from domain.sentences import Words
from domain.views import Occurrence, Rows, View
from domain.views.audit_trail import Entry, keep_entries
from domain.views.stretches import stretches

STORY: Final = frozenset(
    {
        *("CharterPublished", "CharterAmended", "AmendmentAssented"),
        *("TeamEnrolled", "ConsortiumChanged", "TeamWithdrawn"),
        *("StageOpened", "ScoringClosed", "ScoringReopened", "StageConsolidated", "StageReconsolidated"),
        *("IndependenceReviewOpened", "IndependenceRuled", "DeviationRecorded"),
        *("TeamAdvanced", "TeamEliminated", "OutcomeSuperseded"),
        *("ResultsPublished", "ObjectionFiled", "ObjectionDecided", "ObjectionsWaived", "StageFinalised"),
        *("AdditionalCallOpened", "CallTeamSelected", "CallClosedWithoutSelection"),
        *("ResourcePoolSet", "ResourceGranted"),
        *("GrantAdjusted", "GrantSuspended", "GrantResumed", "GrantRevoked", "TitleConferred", "TitleWithdrawn"),
    }
)
"""The types of events that are told."""


PlannedKind = Literal["stage-opens", "stage-closes", "call-closes"]
DeadlineKind = Literal["objections", "applications"]


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `title`: what such an event is called. `decided_at`: null of what was reported."""

    position: int
    type: str
    title: Words
    stage: str | None
    recorded_at: str
    decided_at: str | None
    says: Words | None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the charter's calendar that is not over: of a stage or a call, by its id."""

    kind: PlannedKind
    subject: str
    day: str
    says: Words


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """A time that runs since the event at `position`: to object in a stage, or to apply to a call."""

    kind: DeadlineKind
    subject: str
    position: int
    until: str
    says: Words


def fold(rows: Rows, occurrences: Iterable[Occurrence]) -> None:
    """One row for each event of the story."""
    keep_entries(rows, occurrences, STORY)


def moment_of(entry: Entry) -> Moment:
    """An entry that the reader may see, as it stands in the story."""
    return Moment(
        position=entry.position,
        type=entry.type,
        title=EVENTS[entry.type].SAYS.title,
        stage=entry.stage,
        recorded_at=entry.recorded_at,
        decided_at=entry.decided_at,
        says=entry.says,
    )


def planned(charter: Charter, at: datetime) -> tuple[Planned, ...]:
    """What the charter's calendar says is still ahead, by day; of an undisclosed day nothing is said."""
    found = [
        Planned(kind=kind, subject=subject, day=day, says=_dated(says, date.fromisoformat(day)))
        for kind, subject, day, says in _days(charter)
        if is_date(day) and not passed(end_of_day(date.fromisoformat(day), charter.zone), at)
    ]
    return tuple(sorted(found, key=lambda each: each.day))


def _days(charter: Charter) -> Iterator[tuple[PlannedKind, str, str, Words]]:
    for stage in charter.stages:
        title, calendar = stage.title, stage.calendar
        if calendar is not None:
            opens = Words(f"{title.en} is planned to open", f"{title.ko} 개시 예정일")
            yield "stage-opens", stage.id, calendar.opens, opens
            closes = Words(f"{title.en} is planned to close", f"{title.ko} 종료 예정일")
            yield "stage-closes", stage.id, calendar.closes, closes
    for call in charter.calls:
        yield "call-closes", call.id, call.closes, _applying(call.title)


def _applying(title: Names) -> Words:
    return Words(f"Last day to apply to “{title.en}”", f"“{title.ko}” 지원 마감일")


def _dated(says: Words, day: date) -> Words:
    named = written(day)
    return Words(f"{says.en}: {named.en}.", f"{says.ko}: {named.ko}.")


def deadlines(charter: Charter, entries: Iterable[Entry], at: datetime) -> tuple[Deadline, ...]:
    """Which deadlines run at an instant, by what the reader may see of the story; `charter`: as for `stretches`."""
    found = []
    for each in stretches(charter, entries):
        if each.ended is not None or each.until is None or passed(each.until, at):
            continue
        last = day_of(moment(each.until) - timedelta(microseconds=1), charter.zone)
        kind: DeadlineKind = "objections" if each.phase == "objections" else "applications"
        says = _dated(_objecting(charter, each.subject) if kind == "objections" else _to(charter, each.subject), last)
        found.append(Deadline(kind=kind, subject=each.subject, position=each.since, until=each.until, says=says))
    return tuple(found)


def _objecting(charter: Charter, stage: str) -> Words:
    title = _title(charter.stage(stage), stage)
    return Words(f"Last day to object to the results of {title.en}", f"{title.ko} 결과에 대한 이의신청 마감일")


def _to(charter: Charter, call: str) -> Words:
    return _applying(_title(charter.call(call), call))


def _title(of: Stage | AdditionalCall | None, id_: str) -> Names:
    return Names(en=id_, ko=id_) if of is None else of.title


TIMELINE = View(name="timeline", version=1, fold=fold, envelopes=True)
