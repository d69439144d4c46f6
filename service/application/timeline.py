"""The programme's story, as a reader may see it."""

from __future__ import annotations

import msgspec

from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.scalars import Names
from domain.stage_events import StageOpened
from domain.views.audit_trail import Kept
from domain.views.stretches import Stretch, stretches
from domain.views.timeline import TIMELINE, Deadline, Moment, Planned, deadlines, moment_of, planned
from service.application.reading import Queries


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """`position`: up to which the story is complete. `moments`: a page of it. `planned`, `deadlines`: what is ahead,
    now or as of the position asked."""

    programme: str
    title: Names
    data_set: DataSet
    position: int
    moments: tuple[Moment, ...]
    planned: tuple[Planned, ...]
    deadlines: tuple[Deadline, ...]


def timeline_of(
    queries: Queries,
    programme: str,
    reader: Reader,
    *,
    after: int = 0,
    limit: int = 100,
    as_of_position: int | None = None,
    min_position: int = 0,
) -> Timeline:
    """What the reader may see of the story, after a position. Raises as `Queries.audit_trail`."""
    whole, _stretches = course_of(queries, programme, reader, as_of_position=as_of_position, min_position=min_position)
    page = tuple(each for each in whole.moments if each.position > after)[:limit]
    return msgspec.structs.replace(whole, moments=page)


def course_of(
    queries: Queries,
    programme: str,
    reader: Reader,
    *,
    as_of_position: int | None = None,
    min_position: int = 0,
) -> tuple[Timeline, tuple[Stretch, ...]]:
    """All that the reader may see of the story, and how long what was open. Raises as `Queries.audit_trail`."""
    disclosure = queries.disclosure(programme, reader, as_of_position)
    entries, position = queries.entries(TIMELINE, disclosure, as_of_position=as_of_position, min_position=min_position)
    seen = [each for each in entries if each.withheld is None]
    at = queries.moment(as_of_position)
    charter = disclosure.charter_at(as_of_position)
    timeline = Timeline(
        programme=programme,
        title=charter.title,
        data_set=charter.data_set,
        position=position,
        moments=tuple(moment_of(each) for each in seen),
        planned=planned(charter, at),
        deadlines=deadlines(charter, seen, at),
    )
    return timeline, stretches(charter, seen)


def reach_of(queries: Queries, programme: str, stage: str | None = None) -> tuple[int, int]:
    """Positions of the story's first event, or of the one that opened the stage, and of its last one: before and after
    them a reader finds nothing, or nothing else. (0, 0) of what is not projected yet."""
    rows, _position = queries.views.scan(TIMELINE, programme, prefix="0", after="", limit=None, min_position=0)
    told = [msgspec.json.decode(value, type=Kept).entry for _key, value in rows]
    opened = (each for each in told if each.type == StageOpened.TYPE and each.stage == stage)
    first = next(opened, None) or next(iter(told), None)
    return (first.position, told[-1].position) if first else (0, 0)
