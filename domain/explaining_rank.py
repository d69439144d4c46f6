"""Why a team has its rank, or a range of ranks: who is before it and who is not, and what of that is not known."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from domain.explained import Explained
from domain.explaining_points import criterion_reason, total_rule
from domain.points import format_units
from domain.ranking import Rank, certified_ranks, computed_ranks, possibly_above, surely_above
from domain.reasons import AppliedRule, Reason, between, reason, say, together
from domain.rubric import TOTAL
from domain.scalars import Names
from domain.score_events import RankGroup
from domain.sentences import Words
from domain.tally import Cells

COMPARED: Final = 2_000
"""Of so many scores and measurements of a stage a rank is told down to each; of more, only what totals it compares."""


def tells_totals(cells: Cells) -> bool:
    """Whether a rank is told down to the scores of every team."""
    return sum(len(each.sheets) + len(each.metrics) for each in cells.values()) <= COMPARED


def rank_reason(of: Explained, *, totals: bool = False) -> Reason:
    """Of a team that is among those ranked. `totals`: with what each total that is compared follows from."""
    rank = of.found.ranks[of.team]
    places: dict[str, Words | Names | str | int] = {
        "team": of.named.team(of.team),
        "best": rank.best,
        "worst": rank.worst,
        "size": len(of.found.ranks),
    }
    if rank.best == rank.worst:
        what = say("{team} ranks {best} of {size}.", "{team}의 순위는 {size}팀 가운데 {best}위이다.", **places)
    else:
        what = say(
            "{team} ranks between {best} and {worst} of {size}: the record does not settle it further.",
            "{team}의 순위는 {size}팀 가운데 {best}위에서 {worst}위 사이이다. 기록으로는 더 좁혀지지 않는다.",
            **places,
        )
    return reason(
        "rank",
        what,
        value=_span(rank),
        rule=_rule(of),
        positions=of.seen(of.course.settled),
        children=[
            *_others(of),
            *_alone(of),
            *_enough(of, rank),
            *_missing(of, rank),
            *(_totals(of) if totals else ()),
        ],
    )


def _span(rank: Rank) -> str:
    return str(rank.best) if rank.best == rank.worst else f"{rank.best}-{rank.worst}"


def _rule(of: Explained) -> AppliedRule:
    if not of.stage.tie_break:
        return of.rule(
            "The team with more points in total ranks higher; equal teams share a rank, and the ranks after it stay "
            "empty (1, 2, 2, 4). Where points are not known, a rank is the range that the known figures allow.",
            "총점이 높은 팀이 앞선다. 동점인 팀은 순위를 함께하고 그다음 순위는 비운다(1, 2, 2, 4). 점수를 알 수 "
            "없으면 알려진 수치가 허용하는 범위를 순위로 한다.",
        )
    return of.rule(
        "The team with more points in total ranks higher, then the one with more in {chain}; teams that are equal in "
        "all of it share a rank, and the ranks after it stay empty (1, 2, 2, 4). Where points are not known, a rank is "
        "the range that the known figures allow.",
        "총점이 높은 팀이, 같으면 {chain} 점수가 높은 팀이 앞선다. 모두 같은 팀은 순위를 함께하고 그다음 순위는 비운다"
        "(1, 2, 2, 4). 점수를 알 수 없으면 알려진 수치가 허용하는 범위를 순위로 한다.",
        chain=together(of.named("node", node) for node in of.stage.tie_break),
    )


def _others(of: Explained) -> Iterator[Reason]:
    """All other teams, by where they stand to this one."""
    groups: dict[str, list[str]] = {}
    for other in of.course.teams:
        if other != of.team:
            groups.setdefault(_standing(of, other), []).append(other)
    for standing, (en, ko) in _STANDINGS.items():
        if standing in groups:
            totals = together(_with_total(of, each) for each in groups[standing])
            what = say(en, ko, totals=totals, own=_with_total(of, of.team))
            yield reason("others", what)


_STANDINGS = {
    "before": (
        "Surely before it by points: {totals}. Its own total: {own}.",
        "점수로 확실히 앞선 팀: {totals}. 이 팀의 총점: {own}.",
    ),
    "certified-before": (
        "Before it by certified ranks, whatever the points: {totals}.",
        "점수와 관계없이 확인된 순위에 따라 앞선 팀: {totals}.",
    ),
    "level": ("Level with it, also by the tie-break: {totals}.", "동점 처리 기준까지 같은 팀: {totals}."),
    "open": (
        "Before or behind it, which of both is not known: {totals}. Its own total: {own}.",
        "앞서는지 뒤지는지 알 수 없는 팀: {totals}. 이 팀의 총점: {own}.",
    ),
    "behind": ("Surely not before it by points: {totals}.", "점수로 확실히 앞서지 못하는 팀: {totals}."),
    "certified-behind": (
        "Behind it by certified ranks, whatever the points: {totals}.",
        "점수와 관계없이 확인된 순위에 따라 뒤진 팀: {totals}.",
    ),
}


def _standing(of: Explained, other: str) -> str:
    figures, chain = of.found.figures, (TOTAL, *of.stage.tie_break)
    own, its = of.found.ranks[of.team], of.found.ranks[other]
    if surely_above(figures, chain, other, of.team):
        return "before"
    if not possibly_above(figures, chain, other, of.team):
        return "behind" if possibly_above(figures, chain, of.team, other) else "level"
    if its.worst < own.best:
        return "certified-before"
    return "certified-behind" if its.best > own.worst else "open"


def _standing_so(of: Explained, *standings: str) -> list[str]:
    return [each for each in of.course.teams if each != of.team and _standing(of, each) in standings]


def _with_total(of: Explained, team: str) -> Words:
    return say(
        "{team} ({total})",
        "{team}({total})",
        team=of.named.team(team),
        total=between(of.bounds(TOTAL, team), of.decimals),
    )


def _totals(of: Explained) -> Iterator[Reason]:
    """Every team's total, the best first, as far as it was scored: by criterion, with where all of it stands."""
    if not of.found.computed:
        return
    if not tells_totals(of.cells):
        what = say(
            "What a total follows from is told for each team by itself: there are too many scores.",
            "채점 기록이 많으므로 총점의 근거는 팀별로 따로 설명한다.",
        )
        yield reason("others", what)
        return
    for team in sorted(of.course.teams, key=lambda each: (of.found.ranks[each].best, of.found.ranks[each].worst)):
        their = copy.copy(of)
        their.team = team
        nodes = [node for node, _criterion in of.stage.criteria() if (team, node) in of.found.computed]
        bounds = of.bounds(TOTAL, team)
        yield reason(
            "total",
            _with_total(of, team),
            value=None if bounds.exact is None else format_units(bounds.exact, decimals=of.decimals),
            rule=total_rule(of),
            children=[_in_one(criterion_reason(their, node)) for node in nodes],
        )


def _in_one(tree: Reason) -> Reason:
    """A reason with all positions that those below it rest on, and without them."""
    below = [_in_one(each) for each in tree.children]
    positions = sorted({*tree.positions, *(position for each in below for position in each.positions)})
    whole = reason(tree.kind, tree.what, positions=positions)
    return replace(tree, positions=whole.positions, receipts=whole.receipts, children=())


def _alone(of: Explained) -> Iterator[Reason]:
    """What points say without certified ranks, where these narrow it."""
    groups = [each.figure for each in of.course.statements if isinstance(each.figure, RankGroup)]
    if not groups:
        return
    best, worst = computed_ranks(of.found.figures, (TOTAL, *of.stage.tie_break))[of.team]
    rank = of.found.ranks[of.team]
    jointly_open = rank.best < rank.worst and not _standing_so(of, "open")
    if (best, worst) == (rank.best, rank.worst) and not jointly_open:
        return
    certified = certified_ranks(of.course.teams, groups)[of.team]
    only = say(
        "A rank is what both allow; it is not worked out whether both together allow less.",
        "순위는 둘 다 허용하는 범위이며, 둘을 함께 볼 때 더 좁아지는지는 따지지 않는다.",
    )
    yield reason(
        "points-alone",
        say(
            "By points alone {team} could rank {points}; by certified ranks alone, {certified}. {both}",
            "점수만으로 가능한 {team}의 순위: {points}. 확인된 순위만으로 가능한 순위: {certified}. {both}",
            team=of.named.team(of.team),
            points=_ranks(best, worst),
            certified=_ranks(*certified),
            both=only if jointly_open else say("Both hold.", "둘 다 성립한다."),
        ),
        value=f"{best}-{worst}",
    )


def _enough(of: Explained, rank: Rank) -> Iterator[Reason]:
    size = len(of.found.ranks)
    if (rank.best, rank.worst) == (1, size) and size > 1:
        return
    team = of.named.team(of.team)
    if rank.best == rank.worst:
        what = say("That {team} ranks {rank}", "{team}의 순위가 {rank}위라는 것", team=team, rank=rank.best)
    else:
        what = say(
            "That {team} ranks between {best} and {worst}",
            "{team}의 순위가 {best}위에서 {worst}위 사이라는 것",
            team=team,
            best=rank.best,
            worst=rank.worst,
        )
    enough = of.enough(lambda found: _same(found.ranks[of.team], rank), what)
    if enough is not None:
        yield enough


def _ranks(best: int, worst: int) -> Words:
    if best == worst:
        return Words(str(best), f"{best}위")
    return Words(f"{best} to {worst}", f"{best}위에서 {worst}위")


def _same(one: Rank, other: Rank) -> bool:
    return (one.best, one.worst) == (other.best, other.worst)


def _missing(of: Explained, rank: Rank) -> Iterator[Reason]:
    """Which figures would settle a range."""
    if rank.best == rank.worst:
        return
    settled_by_groups = _standing_so(of, "certified-before", "certified-behind")
    open_ = [of.team, *(_standing_so(of, "open") or settled_by_groups)]
    yield reason(
        "missing",
        say(
            "What the record does not show, and what would settle the rank:",
            "기록에 없으며, 알려진다면 순위가 정해질 수치:",
        ),
        children=[missing_figures(of, each) for each in open_],
    )


def missing_figures(of: Explained, team: str) -> Reason:
    """The figures of a team that are not known, each with the values that it may have."""
    named, total = of.named.team(team), of.bounds(TOTAL, team)
    if total.exact is not None:
        known = between(total, of.decimals)
        return reason("missing", say("{team}: its total is {total}.", "{team}: 총점 {total}.", team=named, total=known))
    figures = [
        say(
            "{node} ({span})",
            "{node}({span})",
            node=of.named("node", node),
            span=between(of.bounds(node, team), of.decimals),
        )
        for node in _unknown(of, team)
    ]
    what = say(
        "{team}: {figures}. Hence a total of {total}.",
        "{team}: {figures}. 따라서 총점은 {total}.",
        team=named,
        figures=together(figures),
        total=between(total, of.decimals),
    )
    return reason("missing", what)


def _unknown(of: Explained, team: str) -> Iterator[str]:
    """Criteria that are not known; a whole assessment of which nothing single is known."""
    for assessment in of.stage.assessments:
        if of.bounds(assessment.id, team).exact is not None:
            continue
        nodes = [f"{assessment.id}/{each.id}" for each in assessment.criteria]
        open_ = [node for node in nodes if of.bounds(node, team).exact is None]
        yield from open_ if len(open_) < len(nodes) else [assessment.id]
