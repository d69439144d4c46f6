"""Standings: the tally as people and machines read it, with the digest that a certificate binds."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import msgspec

from domain.bounds import Bounds
from domain.charter_document import Charter
from domain.envelope import DataSet
from domain.points import UNDISCLOSED, format_bound, format_units, is_known
from domain.ranking import RankBasis
from domain.record import Course, Statement
from domain.rubric import TOTAL, Criterion, Judged, Measured, Stage, Unpublished
from domain.scalars import Names
from domain.score_events import GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup
from domain.tally import Tally, gate_outcome

FORMAT: Final = "sillok-standings/1"

canonical: Final = msgspec.json.Encoder(order="sorted").encode
"""RFC 8785 bytes of what is made of text, whole numbers, null, lists and structs with ASCII field names."""

IndependenceStatus = Literal["met", "not_met", "not_ruled", "not_reported"]
TeamStatus = Literal["enrolled", "evaluating", "advanced", "eliminated", "withdrawn"]
StandingsBasis = Literal["computed", "certified", "mixed"]


class PointsValue(msgspec.Struct, frozen=True):
    """Decimal strings. `exact` is null when unknown; `low`, `high` are null unless facts bound the value."""

    low: str | None
    high: str | None
    exact: str | None


class RankValue(msgspec.Struct, frozen=True):
    best: int
    worst: int
    basis: RankBasis


class CriterionRow(msgspec.Struct, frozen=True):
    id: str
    points: PointsValue
    maximum: str
    index: str


class AssessmentRow(msgspec.Struct, frozen=True):
    id: str
    points: PointsValue
    maximum: str
    criteria: tuple[CriterionRow, ...]


class IndexRow(msgspec.Struct, frozen=True):
    id: str
    points: PointsValue
    maximum: str


class GateRow(msgspec.Struct, frozen=True):
    id: str
    node: str
    minimum: str
    outcome: Literal["passed", "failed", "open"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One team. `basis`: what its total rests on. `maximum`: of the total. `cause`: on what it was eliminated, or
    `withdrawal`."""

    team: str
    name: str
    names: Names
    rank: RankValue
    total: PointsValue
    maximum: str
    status: TeamStatus
    cause: str | None
    basis: StandingsBasis | None
    independence: IndependenceStatus
    assessments: tuple[AssessmentRow, ...]
    indices: tuple[IndexRow, ...]
    gates: tuple[GateRow, ...]


class StatementRow(msgspec.Struct, frozen=True, kw_only=True):
    """A certified figure. `node`: of the rubric, or the gate's id. `value`: points, `1-4`, `passed` …"""

    kind: str
    node: str
    teams: tuple[str, ...]
    value: str
    source: str
    position: int


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """The standings of one stage as of a position."""

    programme: str
    stage: str
    position: int
    rules_hash: str
    digest: str
    data_set: DataSet
    statements: tuple[StatementRow, ...]
    rows: tuple[Row, ...]


def standings_of(
    charter: Charter,
    rules_hash: str,
    stage: Stage,
    course: Course,
    found: Tally,
    names: dict[str, Names],
    position: int,
) -> Standings:
    """The standings of `stage` as of `position`: best rank first, then by enrolment. `found`: the tally of `course`."""
    rows = tuple(
        _row(charter, stage, course, names[team], team, found)
        for team in sorted(course.teams, key=lambda team: (found.ranks[team].best, found.ranks[team].worst))
    )
    return Standings(
        programme=charter.programme,
        stage=stage.id,
        position=position,
        rules_hash=rules_hash,
        digest=digest(charter.programme, stage.id, position, rules_hash, rows),
        data_set=charter.data_set,
        statements=tuple(_statement(statement) for statement in course.statements),
        rows=rows,
    )


def digest(programme: str, stage: str, position: int, rules_hash: str, rows: tuple[Row, ...]) -> str:
    """SHA-256 (hex) over RFC 8785 of [format version, programme, stage, position, rules hash, rows]."""
    return hashlib.sha256(canonical([FORMAT, programme, stage, position, rules_hash, rows])).hexdigest()


def standings_basis(standings: Standings) -> StandingsBasis:
    """What the standings as a whole rest on."""
    found = {row.basis for row in standings.rows if row.basis is not None}
    return found.pop() if len(found) == 1 else "mixed"


def missing_points(stage: Stage, found: Tally) -> list[tuple[str, str]]:
    """(team, criterion) that the charter says how to score, but that are neither computed nor certified."""
    scored = [node for node, criterion in stage.criteria() if _says_how(criterion)]
    return [(team, node) for team in found.figures.teams for node in scored if found.figures[team, node].exact is None]


def _says_how(criterion: Criterion) -> bool:
    match criterion.scoring:
        case Judged(aggregate=how) | Measured(conversion=how):
            return is_known(how)
        case Unpublished():
            return False


def _row(charter: Charter, stage: Stage, course: Course, names: Names, team: str, found: Tally) -> Row:
    rank = found.ranks[team]
    return Row(
        team=team,
        name=names.en,
        names=names,
        rank=RankValue(rank.best, rank.worst, rank.basis),
        total=points_value(found, team, TOTAL, stage),
        maximum=stage.maximum,
        status=_status(course, team),
        cause=course.eliminated.get(team),
        basis=_basis(stage, found, team),
        independence=course.rulings.get(team, "not_reported" if charter.data_set == "public-record" else "not_ruled"),
        assessments=tuple(
            AssessmentRow(
                assessment.id,
                points_value(found, team, assessment.id, stage),
                assessment.maximum,
                tuple(
                    CriterionRow(
                        criterion.id,
                        points_value(found, team, f"{assessment.id}/{criterion.id}", stage),
                        criterion.maximum,
                        criterion.index,
                    )
                    for criterion in assessment.criteria
                ),
            )
            for assessment in stage.assessments
        ),
        indices=tuple(_index(stage, index.id, found, team) for index in stage.indices),
        gates=tuple(
            GateRow(gate.id, gate.node, gate.minimum, gate_outcome(stage, gate.id, team, found, course) or "open")
            for gate in stage.gates
        ),
    )


def _status(course: Course, team: str) -> TeamStatus:
    if course.withdrew(team):
        return "withdrawn"
    if team in course.eliminated:
        return "eliminated"
    return "advanced" if team in course.advanced else "evaluating"


def _basis(stage: Stage, found: Tally, team: str) -> StandingsBasis | None:
    criteria = [(team, node) for node, _criterion in stage.criteria()]
    computed = sum(criterion in found.computed for criterion in criteria)
    if computed == len(criteria):
        return "computed"
    bounded = any(_bounded(found, team, node) for _team, node in criteria) or _bounded(found, team, TOTAL)
    if computed:
        return "mixed"
    return "certified" if bounded else None


def _bounded(found: Tally, team: str, node: str) -> bool:
    bounds = found.figures[team, node]
    return bounds.low > 0 or bounds.high < found.figures.maxima[node] or bounds.exact is not None


def points_value(found: Tally, team: str, node: str, stage: Stage) -> PointsValue:
    """What is known of a figure, in the stage's precision."""
    return _value(found.figures[team, node], found.figures.maxima[node], stage.decimals)


def _value(bounds: Bounds, maximum: int, decimals: int | None) -> PointsValue:
    if bounds.exact is not None:
        text = format_units(bounds.exact, decimals=decimals)
        return PointsValue(text, text, text)
    return PointsValue(
        format_bound(bounds.low, upward=False) if bounds.low > 0 else None,
        format_bound(bounds.high, upward=True) if bounds.high < maximum else None,
        None,
    )


def _index(stage: Stage, index_id: str, found: Tally, team: str) -> IndexRow:
    """Points of the criteria that count to an index; unknown while it is undisclosed which do."""
    criteria = stage.criteria()
    counted = [(node, criterion) for node, criterion in criteria if criterion.index == index_id]
    if not counted or any(not is_known(criterion.index) for _node, criterion in criteria):
        return IndexRow(index_id, PointsValue(None, None, None), UNDISCLOSED)
    nodes = []
    for assessment in stage.assessments:  # what is known of a whole assessment says more than its parts
        inside = [f"{assessment.id}/{criterion.id}" for criterion in assessment.criteria if criterion.index == index_id]
        nodes += [assessment.id] if len(inside) == len(assessment.criteria) else inside
    bounds = [found.figures[team, node] for node in nodes]
    maximum = sum(found.figures.maxima[node] for node in nodes)
    total = Bounds(sum(each.low for each in bounds), sum(each.high for each in bounds))
    known_maxima = all(is_known(criterion.maximum) for _node, criterion in counted)
    return IndexRow(
        index_id,
        _value(total, maximum, stage.decimals),
        format_units(maximum) if known_maxima else UNDISCLOSED,
    )


def _statement(statement: Statement) -> StatementRow:
    kind, node, teams, value = stated(statement)
    return StatementRow(
        kind=kind, node=node, teams=teams, value=value, source=statement.source, position=statement.position
    )


def stated(statement: Statement) -> tuple[str, str, tuple[str, ...], str]:
    """Kind, node, teams and value of a certified figure."""
    match statement.figure:
        case PointsOf(node=node, team=team, value=value):
            return "points", node, (team,), value
        case HighestOf(node=node, teams=teams, value=value):
            return "highest", node, teams, value
        case MeanOf(node=node, value=value):
            return "mean", node, (), value
        case RankGroup(teams=teams, best=best, worst=worst):
            return "rank-group", TOTAL, teams, f"{best}-{worst}"
        case GateOutcome(gate=gate, team=team, outcome=outcome):
            return "gate", gate, (team,), outcome
