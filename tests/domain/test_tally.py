"""The tally: bounds that always contain the truth, ranks that follow from them."""

from __future__ import annotations

import itertools
import random
import statistics
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.bounds import Bounds, Contradiction
from domain.charter_document import Charter
from domain.points import SCALE
from domain.record import Cell, Course, Metric, StageRecord, Statement
from domain.rubric import TOTAL, Gate, Stage
from domain.score_events import Figure, GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup, Target
from domain.standings import standings_of
from domain.tally import gate_outcome, tally
from tests.domain import charters
from tests.playing import PUBLIC_RECORD, lines_of, play, standings

NODES = ("paper/idea", "field/speed")
TEAMS = ["ant", "bee", "cow", "dog"]
JURY = list(charters.JURY)


def stage_of(**changes: Any) -> Stage:
    """Two assessments of one criterion each, maxima 10 and 20, whole points."""
    found = charters.document()["stages"][0]
    return msgspec.convert({**found, **changes}, type=Stage)


def certified_stage(*, tie_break: tuple[str, ...] = ()) -> Stage:
    """The same, with nothing said about how points come about, and no grid."""
    found = charters.document()["stages"][0]
    for assessment in found["assessments"]:
        for criterion in assessment["criteria"]:
            criterion["scoring"] = {"type": "undisclosed"}
    return msgspec.convert(
        {**found, "precision": "undisclosed", "rounding": "undisclosed", "tie_break": tie_break}, type=Stage
    )


Truth = dict[str, tuple[Fraction, Fraction]]


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    """True points of every team, on a grid of halves."""
    half = st.integers(0, 20).map(lambda n: Fraction(n, 2))
    return {team: (draw(half), draw(half) * 2) for team in TEAMS[: draw(st.integers(2, 4))]}


def true_value(truth: Truth, team: str, node: str) -> Fraction:
    paper, field = truth[team]
    return {TOTAL: paper + field, "paper": paper, "field": field, "paper/idea": paper, "field/speed": field}[node]


def true_rank(truth: Truth, team: str, tie_break: tuple[str, ...] = ()) -> int:
    keys = {each: [true_value(truth, each, node) for node in (TOTAL, *tie_break)] for each in truth}
    return 1 + sum(keys[other] > keys[team] for other in truth)


def text(value: Fraction) -> str:
    return f"{float(value):.1f}"


@st.composite
def true_statements(draw: st.DrawFn, truth: Truth, tie_break: tuple[str, ...]) -> list[Figure]:
    """Some statements that are all true."""
    teams = list(truth)
    found: list[Figure] = []
    for node in draw(st.lists(st.sampled_from([*NODES, "paper", TOTAL]), max_size=5)):
        kind = draw(st.sampled_from(["points", "mean", "highest", "group"]))
        values = {team: true_value(truth, team, node) for team in teams}
        if kind == "points":
            team = draw(st.sampled_from(teams))
            found.append(PointsOf(node=node, team=team, value=text(values[team])))
        elif kind == "mean":
            found.append(MeanOf(node=node, value=f"{float(statistics.mean(values.values())):.2f}"))
        elif kind == "highest":
            top = max(values.values())
            holders = tuple(team for team in teams if values[team] == top)
            found.append(HighestOf(node=node, teams=holders, value=text(top)))
        else:
            ranks = {team: true_rank(truth, team, tie_break) for team in teams}
            assume(len(set(ranks.values())) == len(teams))
            worst = draw(st.integers(1, len(teams)))
            group = tuple(team for team in teams if ranks[team] <= worst)
            found.append(RankGroup(teams=group, best="1", worst=str(worst)))
    return found


@settings(max_examples=200)
@given(st.data())
def test_bounds_and_ranks_contain_the_truth(data: st.DataObject) -> None:
    """Whatever true statements are certified, every true value and rank stays possible."""
    truth = data.draw(truths())
    tie_break = data.draw(st.sampled_from([(), ("paper",), ("field",)]))
    statements = data.draw(true_statements(truth, tie_break))
    course = Course(teams=list(truth), statements=[Statement(figure, "x", 1) for figure in statements])
    found = tally(certified_stage(tie_break=tie_break), course, {})
    for team, node in itertools.product(truth, (TOTAL, "paper", "field", *NODES)):
        bounds = found.figures[team, node]
        value = int(true_value(truth, team, node) * SCALE)
        assert not bounds.within(value, False, value, False).empty, (team, node, bounds, value)
    for team in truth:
        assert found.ranks[team].best <= true_rank(truth, team, tie_break) <= found.ranks[team].worst


@settings(max_examples=60)
@given(st.data())
def test_ranks_are_as_narrow_as_brute_force_says_where_only_points_are_known(data: st.DataObject) -> None:
    """Known points of some criteria, all others any whole number: every completion is tried."""
    stage = stage_of(maximum="30")
    known = {
        (team, node): data.draw(st.one_of(st.none(), st.integers(0, maximum)))
        for team in TEAMS[:2]
        for node, maximum in zip(NODES, (10, 20), strict=True)
    }
    figures = [PointsOf(node=node, team=team, value=str(v)) for (team, node), v in known.items() if v is not None]
    course = Course(teams=TEAMS[:2], statements=[Statement(figure, "x", 1) for figure in figures])
    found = tally(msgspec.structs.replace(stage, tie_break=()), course, {})
    totals = {}
    for team in TEAMS[:2]:
        choices = [
            range(maximum + 1) if (points := known[team, node]) is None else [points]
            for node, maximum in zip(NODES, (10, 20), strict=True)
        ]
        totals[team] = {sum(each) for each in itertools.product(*choices)}
    for team, other in itertools.permutations(TEAMS[:2]):
        ranks = {1 + (theirs > own) for own in totals[team] for theirs in totals[other]}
        assert (found.ranks[team].best, found.ranks[team].worst) == (min(ranks), max(ranks))


def cells_of(points: dict[str, tuple[list[int], tuple[int, int]]]) -> dict[tuple[str, str], Cell]:
    cells = {}
    for team, (sheets, shares) in points.items():
        cells[team, "paper/idea"] = Cell(sheets={one: str(p) for one, p in zip(JURY, sheets, strict=True)})
        metrics = {name: Metric(str(share), None) for name, share in zip(("track", "road"), shares, strict=True)}
        cells[team, "field/speed"] = Cell(metrics=metrics)
    return cells


scores = st.tuples(
    st.lists(st.integers(0, 10), min_size=3, max_size=3), st.tuples(st.integers(0, 100), st.integers(0, 100))
)


@given(st.fixed_dictionaries(dict.fromkeys(TEAMS, scores)))
def test_computed_points_and_ranks_agree_with_a_plain_computation(points: Any) -> None:
    course = Course(teams=TEAMS, panels={"jury": JURY})
    found = tally(stage_of(), course, cells_of(points))
    plain = {}
    for team, (sheets, shares) in points.items():
        speed = Fraction(20 * sum(shares), 200)
        plain[team] = (sorted(sheets)[1], int(speed + Fraction(1, 2)))
    for team, (paper, field) in plain.items():
        assert found.figures[team, TOTAL].exact == (paper + field) * SCALE
        better = sum((sum(p), p[0]) > (paper + field, paper) for p in plain.values())  # ties: by paper
        assert (found.ranks[team].best, found.ranks[team].worst) == (better + 1, better + 1)


SHAPES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"aggregate": "median"}, {"conversion": "mean-of-percentages"}),
    ({"aggregate": "mean", "missing": "left-out"}, {"conversion": "relative-to-best"}),
    ({"aggregate": "mean", "normalise": "z-score"}, {"conversion": "linear", "floor": "90", "ceiling": "10"}),
    ({"aggregate": "trimmed-mean", "trim": "1", "normalise": "min-max"}, {"conversion": "mean-of-percentages"}),
]


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(dict.fromkeys(TEAMS[:3], scores)),
    st.sets(st.tuples(st.sampled_from(TEAMS[:3]), st.sampled_from([*JURY, "track", "road"])), max_size=6),
    st.sampled_from(SHAPES),
)
def test_ranges_contain_every_completion(points: Any, missing: set[tuple[str, str]], shape: Any) -> None:
    """Take scores away: what is left gives ranges around the figures and ranks that all of them give."""
    judged, measured = shape
    (found, _) = charters.with_criterion("paper/idea", scoring=judged)
    found["assessments"][1] = charters.with_criterion("field/speed", scoring=measured)[0]["assessments"][1]
    stage = msgspec.convert(found, type=Stage)
    course = Course(teams=TEAMS[:3], panels={"jury": JURY})
    whole = tally(stage, course, cells_of(points))
    cells = cells_of(points)
    for team, gone in missing:
        cells[team, "paper/idea"].sheets.pop(gone, None)
        cells[team, "field/speed"].metrics.pop(gone, None)
    partly = tally(stage, course, cells)
    for team in course.teams:
        for node in stage.nodes():
            bounds, value = partly.figures[team, node], whole.figures[team, node].exact
            assert value is not None
            assert bounds.low <= value <= bounds.high
        assert partly.ranks[team].best <= whole.ranks[team].best
        assert whole.ranks[team].worst <= partly.ranks[team].worst


@given(st.randoms(use_true_random=False))
def test_the_order_of_scores_does_not_matter(shuffler: random.Random) -> None:
    """Between opening and closing any order of the same events gives the same standings, digest and all."""
    history = charters.closed()
    scored = history[8:-1]
    shuffler.shuffle(scored)
    assert digest_of([*history[:8], *scored, history[-1]]) == digest_of(history)


def digest_of(events: list[Any]) -> str:
    record = StageRecord("programme", "heat")
    for position, event in enumerate(events, start=1):
        tags = event.tags("programme")
        if any(item.matches(event.TYPE, tags) for item in record.selects):
            record.apply(position, event)
    charter = msgspec.convert(charters.document(), type=Charter)
    stage = charter.stages[0]
    names = record.roster.names
    found = tally(stage, record.course, record.cells)
    return standings_of(charter, "hash", stage, record.course, found, names, len(events)).digest


def test_a_missing_sheet_or_metric_never_counts_as_zero() -> None:
    points = {team: ([5, 5, 5], (50, 50)) for team in TEAMS}
    cells = cells_of(points)
    del cells["ant", "paper/idea"].sheets[JURY[0]]
    del cells["bee", "field/speed"].metrics["road"]
    found = tally(stage_of(), Course(teams=TEAMS, panels={"jury": JURY}), cells)
    assert found.figures["ant", TOTAL] == Bounds(10 * SCALE, 20 * SCALE)
    assert found.figures["bee", TOTAL] == Bounds(5 * SCALE, 25 * SCALE)
    assert (found.ranks["ant"].best, found.ranks["ant"].worst) == (1, 4)


@pytest.mark.parametrize(
    ("value", "target", "points"), [("25", "50", 10), ("50", "50", 20), ("99", "50", 20), ("1", "3", 7)]
)
def test_a_ratio_to_the_target_counts_at_most_as_one(value: str, target: str, points: int) -> None:
    stage = stage_of()
    measured = msgspec.structs.replace(stage.assessments[1].criteria[0].scoring, conversion="capped-ratios")
    criterion = msgspec.structs.replace(stage.assessments[1].criteria[0], scoring=measured)
    field = msgspec.structs.replace(stage.assessments[1], criteria=(criterion,))
    changed = msgspec.structs.replace(stage, assessments=(stage.assessments[0], field))

    metric = Metric(value, Target(model="m", value=target))
    cells = {("ant", "field/speed"): Cell(metrics={"track": metric, "road": metric})}
    found = tally(changed, Course(teams=["ant"]), cells)
    assert found.figures["ant", "field"].exact == points * SCALE


def test_statements_that_cannot_all_be_true_are_a_contradiction() -> None:
    figures: list[Figure] = [PointsOf(node="paper", team="ant", value="9"), PointsOf(node=TOTAL, team="ant", value="8")]
    with pytest.raises(Contradiction):
        tally(certified_stage(), Course(teams=TEAMS, statements=[Statement(f, "x", 1) for f in figures]), {})


def test_a_mean_says_the_sum_where_points_lie_on_a_grid() -> None:
    """Three teams of whole points with a mean of 6.67 have 20 together; a mean of 6.5 nobody can have."""
    figures: list[Figure] = [PointsOf(node="paper", team=team, value="7") for team in TEAMS[:2]]

    def found(mean: str) -> Bounds:
        figure = MeanOf(node="paper", value=mean)
        course = Course(teams=TEAMS[:3], statements=[Statement(each, "x", 1) for each in (*figures, figure)])
        return tally(stage_of(), course, {}).figures["cow", "paper"]

    assert found("6.67").exact == 6 * SCALE
    with pytest.raises(Contradiction):
        found("6.5000")


def at_gate(minimum: str, *figures: Figure) -> str | None:
    """Whether cow passes a gate of the field, of 20 points."""
    stage = msgspec.structs.replace(
        certified_stage(),
        gates=msgspec.convert([{"id": "slow", "node": "field", "minimum": minimum}], tuple[Gate, ...]),
    )
    course = Course(teams=TEAMS[:3], statements=[Statement(each, "x", 1) for each in figures])
    return gate_outcome(stage, "slow", "cow", tally(stage, course, {}), course)


def test_who_failed_a_gate_has_less_than_its_minimum() -> None:
    """Not so much: another gate of the same minimum is then failed, too."""
    gates = [{"id": each, "node": "field", "minimum": "5"} for each in ("slow", "late")]
    stage = msgspec.structs.replace(certified_stage(), gates=msgspec.convert(gates, tuple[Gate, ...]))
    failed = Statement(GateOutcome(gate="slow", team="cow", outcome="failed"), "s", 1)
    course = Course(teams=TEAMS[:3], statements=[failed])
    assert gate_outcome(stage, "late", "cow", tally(stage, course, {}), course) == "failed"


@pytest.mark.parametrize(("points", "outcome"), [("4.9", "failed"), ("5", "passed"), ("5.1", "passed")])
def test_a_team_exactly_at_a_gate_s_minimum_passes(points: str, outcome: str) -> None:
    assert at_gate("5", PointsOf(node="field", team="cow", value=points)) == outcome


def test_a_gate_is_open_as_long_as_the_bounds_reach_its_minimum() -> None:
    """A highest figure that names every team that has it is not reached by another."""
    assert at_gate("20") is None
    assert at_gate("0") == "passed"
    assert at_gate("undisclosed", PointsOf(node="field", team="cow", value="5")) is None
    highest = HighestOf(node="field", teams=("ant",), value="5")
    assert [at_gate(minimum, highest) for minimum in ("4.9", "5", "5.1")] == [None, "failed", "failed"]
    shared = HighestOf(node="field", teams=("ant", "cow"), value="5")
    assert at_gate("5", shared) == "passed"


def test_without_the_highest_statements_the_first_rank_turns_into_a_range() -> None:
    """Ranks are computed from bounds, never written down."""
    lines = lines_of(PUBLIC_RECORD)
    whole = standings(PUBLIC_RECORD, "stage-1", play(PUBLIC_RECORD, lines))
    kept = [line for line in lines if line.body.get("figure", {}).get("kind") != "highest"]
    assert len(kept) == len(lines) - 4
    without = standings(PUBLIC_RECORD, "stage-1", play(PUBLIC_RECORD, kept))
    ranks = [{row.team: (row.rank.best, row.rank.worst) for row in s.rows}["lg-ai-research"] for s in (whole, without)]
    assert ranks == [(1, 1), (1, 4)]
    assert {row.team: row.total.exact for row in without.rows}["lg-ai-research"] == "90.2"


def test_without_the_rank_group_nc_ai_could_be_second() -> None:
    """Fifth is certified, not derivable."""
    lines = [line for line in lines_of(PUBLIC_RECORD) if line.body.get("figure", {}).get("kind") != "rank-group"]
    before_outcomes = [line for line in lines if line.decision not in ("eliminate-team", "advance-team")]
    stopped = before_outcomes[: [line.decision for line in before_outcomes].index("publish-results")]
    found = standings(PUBLIC_RECORD, "stage-1", play(PUBLIC_RECORD, stopped))
    rank = {row.team: row.rank for row in found.rows}["nc-ai"]
    assert (rank.best, rank.worst) == (2, 5)
