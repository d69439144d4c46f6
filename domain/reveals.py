"""What figures would give away: before averages, ranks and counts are published, what follows from them about scores
that are not.

Nothing is guessed: all that is listed follows from the figures and the rubric by arithmetic. Each team's points add up
by the rubric, the teams' add up to the field's at every node, and the field's add up by the rubric too; bounds are
narrowed along all these sums, by ranks and by counts, until nothing narrows them any more.

Not all that follows is listed. What only several sums solved together would show is not looked for, nor the values
between bounds that no figures are left for, nor what the order of the field, tie-breaks, or a count of a gate that
some may still pass or fail, says beyond the bounds of single teams, nor what anybody knows besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, get_args

import msgspec

from domain.bounds import FIELD, ROUNDS, Bounds, Contradiction, Figures
from domain.certification import figure_faults
from domain.points import format_bound, format_units, published_span, to_units
from domain.ranking import Span, certified_ranks, ranks_of
from domain.record import Course, Statement
from domain.rubric import TOTAL, Gate, Stage
from domain.scalars import Identifier, Number
from domain.score_events import Figure, HighestOf, MeanOf, PointsOf, RankGroup
from domain.tally import Outcome, Tally, certified_outcomes, gate_outcome, narrow_by_gate, tally

What = Literal["exact", "to-each-other", "gate", "sum", "bounded"]

_KINDS: Final[tuple[What, ...]] = get_args(What)
"""Those that tell most first."""


class GateCount(msgspec.Struct, tag="gate-count", tag_field="kind", frozen=True, kw_only=True):
    """So many teams of the field pass a gate."""

    gate: Identifier
    passed: Number


Published = Figure | GateCount


class Reveal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that follows though it is not said. `low`, `high`: decimal strings, null where open.

    `exact`: the points of one team. `sum`: those of several together, as exactly as means are published.
    `to-each-other`: two teams are left, so each learns the other's from its own. `bounded`: the points of one team lie
    between `low` and `high`. `gate`: whether a team passed, `node` being the gate.
    """

    what: What
    node: str
    teams: tuple[str, ...]
    low: str | None
    high: str | None
    detail: str


def reveals(stage: Stage, teams: list[str], published: tuple[Published, ...]) -> list[Reveal]:
    """What the figures give away of what they do not state: all of it is true, though more may follow.

    What tells most comes first: points and outcomes of one team before sums and bounds, narrow ones before wide ones.
    Raises `Contradiction` if the figures are found not to be true together.
    """
    figures = [figure for figure in published if not isinstance(figure, GateCount)]
    course = Course(teams=teams, statements=[Statement(each, "checked", 0) for each in figures])
    counts = _counts([figure for figure in published if isinstance(figure, GateCount)])
    before = tally(stage, Course(teams=teams), {})
    after = tally(stage, course, {})
    _deduce(stage, course, after, counts)
    found = [
        *_exact_or_bounded(stage, before.figures, after.figures, figures),
        *_together(stage, after.figures, figures),
        *_at_gates(stage, course, before, after, counts),
    ]
    return sorted(found, key=lambda each: (_KINDS.index(each.what), _width(each)))


def published_faults(published: tuple[Published, ...], stage: Stage, teams: list[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the figures in themselves: (JSON pointer, sentence)."""
    for i, figure in enumerate(published):
        if isinstance(figure, GateCount):
            if stage.gate(figure.gate) is None:
                yield f"/figures/{i}/gate", f"{figure.gate!r} is no gate of {stage.id}"
            if int(figure.passed) > len(teams):
                yield f"/figures/{i}/passed", f"{figure.passed} of {len(teams)} teams"
            continue
        for pointer, detail in figure_faults(figure, stage, teams):
            yield pointer.replace("/figure", f"/figures/{i}", 1), detail


def _counts(published: list[GateCount]) -> dict[str, int]:
    """How many pass, by gate."""
    counts: dict[str, int] = {}
    for each in published:
        if counts.setdefault(each.gate, int(each.passed)) != int(each.passed):
            raise Contradiction(FIELD, each.gate)
    return counts


def _deduce(stage: Stage, course: Course, found: Tally, counts: dict[str, int]) -> None:
    """Narrow by counts and ranks as well as by sums."""
    groups = [each.figure for each in course.statements if isinstance(each.figure, RankGroup)]
    spans = certified_ranks(course.teams, groups)
    for _ in range(ROUNDS):
        narrowed = [
            narrow_by_gate(found.figures, gate, _outcomes(stage, course, found, gate, counts)) for gate in stage.gates
        ]
        if not any([*narrowed, *_narrow_by_ranks(found.figures, spans, strictly=not stage.tie_break)]):
            break
        found.figures.settle()
    ranks_of(found.figures, stage.tie_break, groups)


def _outcomes(stage: Stage, course: Course, found: Tally, gate: Gate, counts: dict[str, int]) -> dict[str, Outcome]:
    """The outcomes that follow: when all who can have passed are as many as passed, each did; and the other way
    round."""
    each = {team: gate_outcome(stage, gate.id, team, found, course) for team in course.teams}
    known = {team: outcome for team, outcome in each.items() if outcome is not None}
    known |= certified_outcomes(gate.id, course.statements)
    if gate.id not in counts:
        return known
    left = [team for team in course.teams if team not in known]
    more = counts[gate.id] - list(known.values()).count("passed")
    if not 0 <= more <= len(left):
        raise Contradiction(FIELD, gate.id)
    if more in (0, len(left)):
        known.update(dict.fromkeys(left, "passed" if more else "failed"))
    return known


def _narrow_by_ranks(figures: Figures, spans: dict[str, Span], *, strictly: bool) -> Iterator[bool]:
    """Who surely ranks below has no more than who ranks above, and less if equal totals share a rank (`strictly`)."""
    by_best, by_worst = (sorted(figures.teams, key=lambda team: spans[team][end]) for end in (0, 1))
    above, ceiling = iter(by_worst), Bounds(0, figures.maxima[TOTAL])
    upper = next(above, None)
    for team in by_best:
        while upper is not None and spans[upper][1] < spans[team][0]:
            own = figures[upper, TOTAL]
            ceiling = ceiling.within(0, False, own.high, own.high_open or strictly)
            upper = next(above, None)
        yield figures.narrow(team, TOTAL, high=ceiling.high, high_open=ceiling.high_open)
    below, floor = reversed(by_best), Bounds(0, figures.maxima[TOTAL])
    lower = next(below, None)
    for team in reversed(by_worst):
        while lower is not None and spans[lower][0] > spans[team][1]:
            own = figures[lower, TOTAL]
            floor = floor.within(own.low, own.low_open or strictly, floor.high, False)
            lower = next(below, None)
        yield figures.narrow(team, TOTAL, low=floor.low, low_open=floor.low_open)


def _exact_or_bounded(stage: Stage, before: Figures, after: Figures, figures: list[Figure]) -> Iterator[Reveal]:
    stated = {(each.team, each.node) for each in figures if isinstance(each, PointsOf)}
    stated |= {(team, each.node) for each in figures if isinstance(each, HighestOf) for team in each.teams}
    for node in stage.nodes():
        for team in after.teams:
            bounds = after[team, node]
            if (team, node) in stated or bounds == before[team, node]:
                continue
            what: What = "bounded" if bounds.exact is None else "exact"
            yield _reveal(what, node, (team,), bounds, f"{team} has {_text(bounds)} at {node}")


def _together(stage: Stage, found: Figures, figures: list[Figure]) -> Iterator[Reveal]:
    """The field's points, less those that are known, are the sum of those that are not."""
    spans = [published_span(each.value) for each in figures if isinstance(each, MeanOf)]
    rounding = sum(high - low for low, high in spans) * len(found.teams)
    for node in stage.nodes() if spans else ():
        unknown = tuple(team for team in found.teams if found[team, node].exact is None)
        known = sum(found[team, node].low for team in found.teams if team not in unknown)
        field = found[FIELD, node]
        rest = msgspec.structs.replace(field, low=field.low - known, high=field.high - known)
        if len(unknown) < 2:
            continue  # a single one is bounded or exact, and said above
        if rest.high - rest.low > rounding or rest == found.reach([(team, node) for team in unknown]):
            continue  # no mean tells it, or nothing that the bounds of each do not
        names = ", ".join(unknown)
        yield _reveal("sum", node, unknown, rest, f"{names} have {_text(rest)} together at {node}")
        if len(unknown) == 2:
            detail = f"{unknown[0]} and {unknown[1]} each learn the other's points at {node} from their own"
            yield _reveal("to-each-other", node, unknown, rest, detail)


def _at_gates(stage: Stage, course: Course, before: Tally, after: Tally, counts: dict[str, int]) -> Iterator[Reveal]:
    """Outcomes that are not stated, and that the rubric alone does not tell."""
    for gate in stage.gates:
        told = _outcomes(stage, course, before, gate, {})
        for team, outcome in _outcomes(stage, course, after, gate, counts).items():
            if team not in told:
                detail = f"{team} {outcome} {gate.id}"
                yield Reveal(what="gate", node=gate.id, teams=(team,), low=None, high=None, detail=detail)


def _width(reveal: Reveal) -> int:
    return 0 if reveal.low is None or reveal.high is None else to_units(reveal.high) - to_units(reveal.low)


def _reveal(what: What, node: str, teams: tuple[str, ...], bounds: Bounds, detail: str) -> Reveal:
    return Reveal(
        what=what,
        node=node,
        teams=teams,
        low=format_bound(max(bounds.low, 0), upward=False),
        high=format_bound(bounds.high, upward=True),
        detail=detail,
    )


def _text(bounds: Bounds) -> str:
    if bounds.exact is not None:
        return format_units(bounds.exact)
    low, high = format_bound(max(bounds.low, 0), upward=False), format_bound(bounds.high, upward=True)
    return f"{'more than ' * bounds.low_open}{low} to {'less than ' * bounds.high_open}{high}"
