"""What if: the tally, and what would follow, on altered facts or rules. Never a decision, never stored as standings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Literal

import msgspec
from msgspec.structs import replace

from domain.alterations import Altered, AnyAlteration, altered_by, weighed
from domain.grounds import Grounds
from domain.outcome_events import Basis
from domain.ranking import Rank
from domain.record import Cell, Course, StageRecord
from domain.rubric import TOTAL, Stage
from domain.stages import planned_eliminations
from domain.standings import PointsValue, RankValue, points_value
from domain.tally import Points, Tally, computed_points, tally, tally_of

Follows = Literal["advances", "out", "open", "withdrew"]


class Prospect(msgspec.Struct, frozen=True):
    """What follows for a team if the plan is kept: who is out by a ruling or at a gate leaves, and what is left then of
    the number planned leaves by rank. A ruling still to come is taken as met.

    `open`: bounds, a tie at the cut, or a gate that it or others may fail leave it open. `basis`: on what it is out.
    """

    follows: Follows
    basis: Basis | None = None


class Would(msgspec.Struct, frozen=True, kw_only=True):
    """A team's rank, total and prospect, under some facts and rules."""

    rank: RankValue
    total: PointsValue
    prospect: Prospect


class WhatIfRow(msgspec.Struct, frozen=True, kw_only=True):
    """One team. `flips`: something else would follow for it. `undeterminable`: figures that rest on what is altered,
    and that were certified, or never disclosed, so that nobody can tell what they would be."""

    team: str
    before: Would
    after: Would
    flips: bool
    undeterminable: tuple[str, ...]


def what_if(
    stage: Stage, course: Course, cells: Mapping[tuple[str, str], Cell], alterations: Iterable[AnyAlteration]
) -> list[WhatIfRow]:
    """Every team of the field, best rank before the alterations first.

    Raises `InvalidCommandError` for an alteration of what is not there, `Contradiction` where what is certified cannot
    be true of the altered facts.
    """
    before = tally(stage, course, cells)
    prospects = prospects_of(stage, course, before)
    altered = altered_by(stage, course, cells, alterations)
    after_stage, after_course, after = altered_tally(altered)
    prospects_after = prospects_of(after_stage, after_course, after)
    nodes = [node for node in stage.nodes() if any((team, node) in altered.touched for team in course.teams)]

    def would(of: Stage, found: Tally, prospect: Prospect, team: str) -> Would:
        rank = found.ranks[team]
        return Would(
            rank=RankValue(rank.best, rank.worst, rank.basis),
            total=points_value(found, team, TOTAL, of),
            prospect=prospect,
        )

    return [
        WhatIfRow(
            team=team,
            before=would(stage, before, prospects[team], team),
            after=would(after_stage, after, prospects_after[team], team),
            flips=prospects[team].follows != prospects_after[team].follows,
            undeterminable=tuple(
                node for node in nodes if (team, node) in altered.touched and after.figures[team, node].exact is None
            ),
        )
        for team in sorted(course.teams, key=lambda each: (before.ranks[each].best, before.ranks[each].worst))
    ]


def altered_tally(altered: Altered) -> tuple[Stage, Course, Tally]:
    """Rules, course and tally once everything is altered."""
    stage = weighed(altered.stage, altered.factors)
    course = replace(altered.course, statements=altered.standing_statements())
    return stage, course, tally_of(stage, course, altered_points(altered))


def altered_points(altered: Altered) -> Points:
    """What follows from the altered scores, each criterion multiplied by its factor before it is rounded."""
    return computed_points(altered.stage, altered.course, altered.cells, altered.factors)


def prospects_of(stage: Stage, course: Course, found: Tally) -> dict[str, Prospect]:
    """What would follow for each team of the field."""
    record = StageRecord("", stage.id)
    record.course = course
    grounds = Grounds(stage, record, found)
    out = [team for team in grounds.out if not course.withdrew(team)]
    left = [team for team in course.teams if team not in out and not course.withdrew(team)]
    by_rank = max((planned_eliminations(stage, record) or 0) - len(out), 0)
    unsure = {team for team in left if _may_fail(grounds, course, team)}
    return {team: _prospect(course, team, found.ranks, left, unsure, by_rank) for team in course.teams}


def _may_fail(grounds: Grounds, course: Course, team: str) -> bool:
    """Whether it is not known that the team is past every gate."""
    return team not in course.by_objection and any(outcome is None for _gate, outcome in grounds.gates(team))


def _prospect(
    course: Course, team: str, ranks: Mapping[str, Rank], left: Sequence[str], unsure: Set[str], by_rank: int
) -> Prospect:
    """`left`: who is neither out by a ruling or at a gate, nor withdrew, `by_rank` of whom leave by rank, or fewer: as
    many as turn out to fail a gate of those who are `unsure` take their places.
    """
    if course.withdrew(team):
        return Prospect("withdrew")
    if team not in left:
        return Prospect("out", "ruling" if course.rulings.get(team) == "not_met" else "gate")
    if team in course.by_objection:
        return Prospect("advances")
    others = unsure - {team}
    above = sum(ranks[each].worst < ranks[team].best for each in left if each not in others)
    if by_rank > len(others) and above >= len(left) - by_rank:
        return Prospect("out", "rank")
    below = sum(ranks[each].best > ranks[team].worst for each in left)
    if below < by_rank or team in unsure:
        return Prospect("open")
    return Prospect("advances")
