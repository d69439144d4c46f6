"""Standings, one row a stage, with the facts that they are computed from beside them.

Keys: `charter` in force · `charter/<stage>`, under which its standings were last settled · `name/<team>` ·
`course/<stage>` · `sheet/<stage>/<team>/<node>/<sheet>` and `metric/<stage>/<team>/<node>/<benchmark>`, written without
being read · `standings/<stage>`, which is empty while the stage takes scores: each batch of a million and a half would
compute all of them anew, and they are few who may read them before scoring closes. `compute` does it then. ·
`published/<stage>`, once scoring was reopened: the standings that were public before. · `count/<stage>/<type>`: how
many events of a type carry the stage's tag, which is all that the public may know of scores under embargo.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import msgspec

from domain import charter_document
from domain.boundary import tag
from domain.call_events import CallTeamSelected
from domain.charter import CHARTER_EVENTS
from domain.event import Event
from domain.record import COURSE_EVENTS, SCORE_EVENTS, SHEET_EVENTS, Cell, Course, Metric, run_course, sheet_key
from domain.rubric import Stage
from domain.scalars import Names
from domain.stage_events import ScoringReopened, StageConsolidated, StageReconsolidated
from domain.standings import Standings, digest, standings_of
from domain.tally import tally
from domain.teams import TeamEnrolled
from domain.views import Occurrence, Rows, View, encode_row, keyed, one_by_one

Counted = defaultdict[tuple[str, str], int]
"""How many events there are by the stage that they are tagged with, and their type."""

_ANY: Final = "any"
"""A programme: which one a tag is scoped to tells nothing here."""


def fold(rows: Rows, occurrences: Iterable[Occurrence]) -> None:
    """Take the facts in, then compute the standings of every stage that they touch and that takes no scores, once."""
    counted: Counted = defaultdict(int)
    for stage, latest in take_in(rows, occurrences, counted).items():
        one_by_one([latest], partial(_settle, rows, stage))
    for (stage, type_), count in counted.items():
        key = f"count/{stage}/{type_}"
        rows.put(key, str(int(rows.get(key) or 0) + count).encode())


def _stages_tagged(event: Event) -> Iterator[str]:
    of_stage = tag("stage", _ANY, "")
    return (each.removeprefix(of_stage) for each in event.tags(_ANY) if each.startswith(of_stage))


def counts(rows: Rows, stage: str) -> dict[str, int]:
    """How many events of each type carry a stage's tag."""
    prefix = f"count/{stage}/"
    return {type_: int(count) for type_, count in keyed(rows.scan(prefix), prefix)}


def take_in(rows: Rows, occurrences: Iterable[Occurrence], counted: Counted | None = None) -> dict[str, Occurrence]:
    """Take the facts in, for who computes standings when they are wanted; the last fact of each stage touched.

    `counted`: where events are counted.
    """
    touched: dict[str, Occurrence] = {}
    courses: dict[str, Course] = {}
    number: Counted = defaultdict(int) if counted is None else counted
    put = rows.put

    def store() -> None:
        for key, value in courses.items():
            rows.put(key, encode_row(value))

    def keep_published(stage: str, position: int) -> None:
        if _held(courses, rows, stage).published:
            store()
            if (computed := compute(rows, stage, position)) is not None:
                rows.put(f"published/{stage}", encode_row(computed))

    def take(occurrence: Occurrence) -> None:
        event = occurrence.event
        if isinstance(event, SCORE_EVENTS):  # by far the most
            stage = event.stage
            place = f"{stage}/{event.team}/{event.criterion}"  # a criterion is `assessment/criterion`
            if isinstance(event, SHEET_EVENTS):  # in the place of what it corrects
                put(f"sheet/{place}/{sheet_key(event.evaluator, event.item)}", event.points.encode())
            else:
                put(f"metric/{place}/{event.benchmark}", encode_row(Metric(event.value, event.target)))
            touched[stage] = occurrence
            number[stage, event.TYPE] += 1
            return
        for tagged in _stages_tagged(event):
            number[tagged, event.TYPE] += 1
        if isinstance(event, CHARTER_EVENTS):
            rows.put("charter", event.document.encode())
            store()
            for stage, course in keyed(rows.scan("course/"), "course/"):
                if not msgspec.json.decode(course, type=Course).consolidated:
                    touched[stage] = occurrence
        elif isinstance(event, (TeamEnrolled, CallTeamSelected)):
            rows.put(f"name/{event.team}", encode_row(event.name))
        elif isinstance(event, COURSE_EVENTS) and event.stage is not None:  # a team may withdraw outside of a stage
            if isinstance(event, ScoringReopened):
                keep_published(event.stage, occurrence.position - 1)
            elif isinstance(event, StageConsolidated | StageReconsolidated):
                rows.put(f"charter/{event.stage}", rows.get("charter") or b"")
            run_course(_held(courses, rows, event.stage), occurrence.position, event)
            touched[event.stage] = occurrence

    one_by_one(occurrences, take)
    store()
    return touched


def _settle(rows: Rows, stage: str, latest: Occurrence) -> None:
    """Standings as of the latest event of a stage; none while it takes scores."""
    key = f"standings/{stage}"
    if _course(rows, stage).takes_scores:
        if rows.get(key) != b"":
            rows.put(key, b"")
    elif (computed := compute(rows, stage, latest.position)) is not None:
        rows.put(key, encode_row(computed))


def _held(courses: dict[str, Course], rows: Rows, stage: str) -> Course:
    """The course that the fold holds, read from the rows the first time."""
    key = f"course/{stage}"
    if key not in courses:
        courses[key] = _course(rows, stage)
    return courses[key]


def _course(rows: Rows, stage: str) -> Course:
    stored = rows.get(f"course/{stage}")
    return Course() if stored is None else msgspec.json.decode(stored, type=Course)


def compute(rows: Rows, stage_id: str, position: int) -> Standings | None:
    """The standings of a stage from the facts in the rows; `None` if the charter has no such stage.

    Raises `Contradiction`.
    """
    document, stage = rules_of(rows, stage_id)
    if stage is None:
        return None
    course = _course(rows, stage_id)
    names = {team: msgspec.json.decode(value, type=Names) for team, value in keyed(rows.scan("name/"), "name/")}
    return standings_of(
        charter_document.parse(document),
        charter_document.rules_hash(document),
        stage,
        course,
        tally(stage, course, _cells(rows, stage_id)),
        names,
        position,
    )


def rules_of(rows: Rows, stage_id: str) -> tuple[bytes, Stage | None]:
    """The charter by which a stage was settled last, else the one in force, and the stage as it has it."""
    course = _course(rows, stage_id)
    document = rows.get(f"charter/{stage_id}" if course.consolidated else "charter")
    return (b"", None) if document is None else (document, charter_document.parse(document).stage(stage_id))


def facts_of(rows: Rows, stage: str) -> tuple[Course, dict[tuple[str, str], Cell]]:
    """What the rows hold of a stage: its course, and what was scored by (team, criterion)."""
    return _course(rows, stage), _cells(rows, stage)


def _cells(rows: Rows, stage: str) -> dict[tuple[str, str], Cell]:
    cells: defaultdict[tuple[str, str], Cell] = defaultdict(Cell)
    for place, value in keyed(rows.scan(f"sheet/{stage}/"), f"sheet/{stage}/"):
        team, assessment, criterion, sheet = place.split("/", 3)
        cells[team, f"{assessment}/{criterion}"].sheets[sheet] = value.decode()
    for place, value in keyed(rows.scan(f"metric/{stage}/"), f"metric/{stage}/"):
        team, assessment, criterion, benchmark = place.split("/", 3)
        cells[team, f"{assessment}/{criterion}"].metrics[benchmark] = msgspec.json.decode(value, type=Metric)
    return dict(cells)


def as_of(stored: bytes, position: int) -> Standings:
    """A stored row as the answer at `position`: nothing but the position, and the digest that covers it, changes."""
    standings = msgspec.json.decode(stored, type=Standings)
    return msgspec.structs.replace(
        standings,
        position=position,
        digest=digest(standings.programme, standings.stage, position, standings.rules_hash, standings.rows),
    )


STANDINGS = View(name="standings", version=8, fold=fold, times=False, remembers=True)
