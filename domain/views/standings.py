"""Standings, one row a stage, with the facts that they are computed from beside them.

Keys: `charter` in force · `charter/<stage>`, under which its standings were last settled · `name/<team>` ·
`course/<stage>` · `cell/<stage>/<team>/<criterion>` · `standings/<stage>`, which is empty while the stage takes scores:
each batch of a million and a half would compute all of them anew, and they are few who may read them before scoring
closes. `standings` computes them then. · `published/<stage>`, once scoring was reopened: the standings that were public
before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from domain import charter_document
from domain.call_events import CallTeamSelected
from domain.charter import CHARTER_EVENTS
from domain.record import COURSE_EVENTS, SCORE_EVENTS, Cell, Course, fill, run_course
from domain.scalars import Names
from domain.stage_events import ScoringReopened, StageConsolidated, StageReconsolidated
from domain.standings import Standings, digest, standings_of
from domain.tally import tally
from domain.teams import TeamEnrolled
from domain.views import Occurrence, Rows, View, encode_row, keyed, one_by_one

T = TypeVar("T")


def fold(rows: Rows, occurrences: Iterable[Occurrence]) -> None:
    """Take the facts in, then compute the standings of every stage that they touch and that takes no scores, once."""
    touched: dict[str, int] = {}
    courses: dict[str, Course] = {}
    cells: dict[str, Cell] = {}

    def store() -> None:
        for key, value in (*courses.items(), *cells.items()):
            rows.put(key, encode_row(value))

    def keep_published(stage: str, position: int) -> None:
        if _held(courses, rows, f"course/{stage}", Course).published:
            store()
            if (computed := compute(rows, stage, position)) is not None:
                rows.put(f"published/{stage}", encode_row(computed))

    def take(occurrence: Occurrence) -> None:
        event = occurrence.event
        if isinstance(event, SCORE_EVENTS):  # by far the most
            key = f"cell/{event.stage}/{event.team}/{event.criterion}"
            fill(_held(cells, rows, key, Cell), event)
            touched[event.stage] = occurrence.position
        elif isinstance(event, CHARTER_EVENTS):
            rows.put("charter", event.document.encode())
            store()
            for stage, course in keyed(rows.scan("course/"), "course/"):
                if not msgspec.json.decode(course, type=Course).consolidated:
                    touched[stage] = occurrence.position
        elif isinstance(event, (TeamEnrolled, CallTeamSelected)):
            rows.put(f"name/{event.team}", encode_row(event.name))
        elif isinstance(event, COURSE_EVENTS) and event.stage is not None:  # a team may withdraw outside of a stage
            if isinstance(event, ScoringReopened):
                keep_published(event.stage, occurrence.position - 1)
            elif isinstance(event, StageConsolidated | StageReconsolidated):
                rows.put(f"charter/{event.stage}", rows.get("charter") or b"")
            key = f"course/{event.stage}"
            run_course(_held(courses, rows, key, Course), occurrence.position, event)
            touched[event.stage] = occurrence.position

    one_by_one(occurrences, take)
    store()
    for stage, position in touched.items():
        if _stored(rows, f"course/{stage}", Course).takes_scores:
            rows.put(f"standings/{stage}", b"")
        elif (computed := compute(rows, stage, position)) is not None:
            rows.put(f"standings/{stage}", encode_row(computed))


def _held(held: dict[str, T], rows: Rows, key: str, type_: type[T]) -> T:
    """What the fold holds under a key, read from the rows the first time."""
    if key not in held:
        held[key] = _stored(rows, key, type_)
    return held[key]


def _stored(rows: Rows, key: str, type_: type[T]) -> T:
    stored = rows.get(key)
    return type_() if stored is None else msgspec.json.decode(stored, type=type_)


def compute(rows: Rows, stage_id: str, position: int) -> Standings | None:
    """The standings of a stage from the facts in the rows; `None` if the charter has no such stage."""
    course, cells = facts_of(rows, stage_id)
    document = rows.get(f"charter/{stage_id}" if course.consolidated else "charter")
    stage = charter_document.parse(document).stage(stage_id) if document is not None else None
    if document is None or stage is None:
        return None
    names = {team: msgspec.json.decode(value, type=Names) for team, value in keyed(rows.scan("name/"), "name/")}
    return standings_of(
        charter_document.parse(document),
        charter_document.rules_hash(document),
        stage,
        course,
        tally(stage, course, cells),
        names,
        position,
    )


def facts_of(rows: Rows, stage_id: str) -> tuple[Course, dict[tuple[str, str], Cell]]:
    """What the rows hold of a stage: its course, and what was scored by (team, criterion)."""
    prefix = f"cell/{stage_id}/"
    cells = {}
    for place, value in keyed(rows.scan(prefix), prefix):
        team, _, criterion = place.partition("/")
        cells[team, criterion] = msgspec.json.decode(value, type=Cell)
    return _stored(rows, f"course/{stage_id}", Course), cells


def as_of(stored: bytes, position: int) -> Standings:
    """A stored row as the answer at `position`: nothing but the position, and the digest that covers it, changes."""
    standings = msgspec.json.decode(stored, type=Standings)
    return msgspec.structs.replace(
        standings,
        position=position,
        digest=digest(standings.programme, standings.stage, position, standings.rules_hash, standings.rows),
    )


STANDINGS = View(name="standings", version=4, fold=fold)
