"""What figures would give away: before averages, ranks and counts are published, what follows from them about scores
that are not.

Nothing is guessed: what is listed here follows from the figures and the rubric by arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from domain.bounds import Bounds
from domain.certification import figure_faults
from domain.charter_document import TOTAL, Identifier, Number, Stage
from domain.points import format_bound, format_units, grid_step, published_span
from domain.record import Course, Statement
from domain.stage_events import Figure, GateOutcome, MeanOf, PointsOf, RankGroup
from domain.tally import Tally, tally

What = Literal["exact", "sum", "to-each-other", "bounded", "gate"]


class GateCount(msgspec.Struct, tag="gate-count", tag_field="kind", frozen=True, kw_only=True):
    """So many teams of the field pass a gate."""

    gate: Identifier
    passed: Number


Published = Figure | GateCount


class Reveal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that follows though it is not said. `low`, `high`: decimal strings, null where open.

    `exact`: the points of one team. `sum`: those of several together. `to-each-other`: two teams are left, so each
    learns the other's from its own. `bounded`: the points of one team lie between `low` and `high`. `gate`: whether a
    team passed, `node` being the gate.
    """

    what: What
    node: str
    teams: tuple[str, ...]
    low: str | None
    high: str | None
    detail: str


def reveals(stage: Stage, teams: list[str], published: tuple[Published, ...]) -> list[Reveal]:
    """All that the figures give away of what they do not state, node by node.

    Raises `Contradiction` if the figures cannot all be true.
    """
    figures = [figure for figure in published if not isinstance(figure, GateCount)]
    before = tally(stage, Course(teams=teams), {})
    after = tally(stage, Course(teams=teams, statements=[Statement(each, "checked", 0) for each in figures]), {})
    counts = [figure for figure in published if isinstance(figure, GateCount)]
    return [
        *_exact_or_bounded(stage, before, after, figures),
        *_from_means(stage, after, figures),
        *_from_ranks(after, figures),
        *_from_counts(teams, figures, counts),
    ]


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


def _exact_or_bounded(stage: Stage, before: Tally, after: Tally, figures: list[Figure]) -> Iterator[Reveal]:
    stated = {(each.team, each.node) for each in figures if isinstance(each, PointsOf)}
    for node in stage.nodes():
        for team in after.figures.teams:
            bounds = after.figures[team, node]
            if (team, node) in stated or bounds == before.figures[team, node]:
                continue
            if bounds.exact is not None:
                yield _reveal("exact", node, (team,), bounds, f"{team} has {_text(bounds)} at {node}")
            else:
                yield _reveal("bounded", node, (team,), bounds, f"{team} has {_text(bounds)} at {node}")


def _from_means(stage: Stage, after: Tally, figures: list[Figure]) -> Iterator[Reveal]:
    """A mean, less what is known, is the sum of those that are not."""
    size = len(after.figures.teams)
    for mean in figures:
        if not isinstance(mean, MeanOf):
            continue
        unknown = tuple(team for team in after.figures.teams if after.figures[team, mean.node].exact is None)
        if len(unknown) < 2:
            continue  # a single one is bounded or exact, and said above
        known = sum(after.figures[team, mean.node].low for team in after.figures.teams if team not in unknown)
        low, high = published_span(mean.value)
        rest = Bounds(low * size - known, high * size - known)
        if stage.decimals is not None:
            rest = rest.on_grid(grid_step(stage.decimals))
        names = ", ".join(unknown)
        yield _reveal("sum", mean.node, unknown, rest, f"{names} have {_text(rest)} together at {mean.node}")
        if len(unknown) == 2:
            detail = f"{unknown[0]} and {unknown[1]} each learn the other's points at {mean.node} from their own"
            yield _reveal("to-each-other", mean.node, unknown, rest, detail)


def _from_ranks(after: Tally, figures: list[Figure]) -> Iterator[Reveal]:
    """Who ranks below has no more than who ranks above."""
    groups = [each for each in figures if isinstance(each, RankGroup)]
    for upper in groups:
        for lower in groups:
            if int(upper.worst) >= int(lower.best):
                continue
            ceiling = min(after.figures[team, TOTAL].high for team in upper.teams)
            floor = max(after.figures[team, TOTAL].low for team in lower.teams)
            for team in lower.teams:
                if after.figures[team, TOTAL].high > ceiling:
                    bounds = Bounds(after.figures[team, TOTAL].low, ceiling)
                    yield _reveal("bounded", TOTAL, (team,), bounds, f"{team} has {_text(bounds)}, by its rank")
            for team in upper.teams:
                if after.figures[team, TOTAL].low < floor:
                    bounds = Bounds(floor, after.figures[team, TOTAL].high)
                    yield _reveal("bounded", TOTAL, (team,), bounds, f"{team} has {_text(bounds)}, by its rank")


def _from_counts(teams: list[str], figures: list[Figure], counts: list[GateCount]) -> Iterator[Reveal]:
    """When all who can have passed are as many as passed, each did; and the other way round."""
    for count in counts:
        said = {
            each.team: each.outcome for each in figures if isinstance(each, GateOutcome) and each.gate == count.gate
        }
        left = [team for team in teams if team not in said]
        more = int(count.passed) - list(said.values()).count("passed")
        if left and more in (0, len(left)):
            outcome = "passed" if more else "failed"
            for team in left:
                yield Reveal(
                    what="gate",
                    node=count.gate,
                    teams=(team,),
                    low=None,
                    high=None,
                    detail=f"{team} {outcome} {count.gate}",
                )


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
    return f"{format_bound(max(bounds.low, 0), upward=False)} to {format_bound(bounds.high, upward=True)}"
