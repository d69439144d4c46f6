"""What published averages, ranks and counts give away of scores that are not published."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bounds import Contradiction
from domain.charter_document import Charter, Stage
from domain.reveals import GateCount, Published, Reveal, published_faults, reveals
from domain.stage_events import FigureCertified, GateOutcome, MeanOf, PointsOf, RankGroup
from tests.domain import charters
from tests.playing import PUBLIC_RECORD, lines_of, play

HEAT = msgspec.convert(charters.document(), type=Charter).stages[0]
FIVE = ["a", "b", "c", "d", "e"]


def of(found: list[Reveal], what: str) -> list[tuple[str, tuple[str, ...], str | None, str | None]]:
    return [(each.node, each.teams, each.low, each.high) for each in found if each.what == what]


def test_a_mean_with_one_known_gives_the_sum_of_the_others() -> None:
    """Five teams, one known, mean known: the sum of four is known."""
    found = reveals(HEAT, FIVE, (MeanOf(node="paper", value="6.0"), PointsOf(node="paper", team="a", value="10")))
    assert of(found, "sum") == [("paper", ("b", "c", "d", "e"), "20.0", "20.0")]
    assert of(found, "exact") == [("paper/idea", ("a",), "10.0", "10.0")]


def test_two_teams_and_a_mean_tell_each_the_others() -> None:
    found = reveals(HEAT, ["a", "b"], (MeanOf(node="paper", value="6.0"),))
    assert of(found, "to-each-other") == [("paper", ("a", "b"), "12.0", "12.0")]


def test_the_last_unknown_is_no_secret() -> None:
    figures = (MeanOf(node="paper", value="6.0"), PointsOf(node="paper", team="a", value="10"))
    found = reveals(HEAT, ["a", "b"], figures)
    assert ("paper", ("b",), "2.0", "2.0") in of(found, "exact")


def test_a_high_mean_bounds_everybody() -> None:
    """Nobody has more than 10, so with a mean of 9.67 among three, 29 in all, nobody has less than 9."""
    found = reveals(HEAT, ["a", "b", "c"], (MeanOf(node="paper", value="9.67"),))
    assert ("paper", ("c",), "9.0", "10.0") in of(found, "bounded")


def test_ranks_bound_totals() -> None:
    figures = (
        PointsOf(node="total", team="a", value="20"),
        RankGroup(teams=("a",), best="1", worst="1"),
        RankGroup(teams=("b", "c"), best="2", worst="3"),
    )
    assert ("total", ("c",), "0.0", "20.0") in of(reveals(HEAT, ["a", "b", "c"], figures), "bounded")


@pytest.mark.parametrize(("passed", "said"), [("0", "failed"), ("1", None), ("2", "passed")])
def test_a_count_of_all_or_none_is_the_outcome_of_each(passed: str, said: str | None) -> None:
    found = reveals(HEAT, ["a", "b"], (GateCount(gate="slow", passed=passed),))
    assert [each.detail for each in found] == ([] if said is None else [f"a {said} slow", f"b {said} slow"])


def test_a_count_beside_a_known_outcome_tells_the_rest() -> None:
    figures = (GateOutcome(gate="slow", team="a", outcome="passed"), GateCount(gate="slow", passed="1"))
    assert [each.teams for each in reveals(HEAT, ["a", "b"], figures) if each.what == "gate"] == [("b",)]


def test_nothing_published_gives_nothing_away() -> None:
    assert reveals(HEAT, FIVE, ()) == []


def test_figures_that_cannot_all_be_true_are_said() -> None:
    figures = (MeanOf(node="paper", value="1.0"), PointsOf(node="paper", team="a", value="10"))
    with pytest.raises(Contradiction):
        reveals(HEAT, ["a", "b"], figures)


def test_figures_about_nothing_are_faults_by_their_place() -> None:
    figures: tuple[Published, ...] = (
        MeanOf(node="nothing", value="1"),
        GateCount(gate="nothing", passed="9"),
        PointsOf(node="paper", team="nobody", value="1"),
    )
    pointers = [pointer for pointer, _detail in published_faults(figures, HEAT, ["a"])]
    assert pointers == ["/figures/0/node", "/figures/1/gate", "/figures/1/passed", "/figures/2/team"]


def test_the_public_record_gives_the_sums_of_four_teams_away() -> None:
    """The experts' mean of 28.56 with LG AI Research's 31.6 leaves 111.2 for four, give or take the mean's rounding."""
    lines = lines_of(PUBLIC_RECORD)
    events = play(PUBLIC_RECORD, lines)
    stage: Stage = msgspec.convert(lines[0].body["charter"], type=Charter).stages[0]
    teams = [str(line.body["team"]) for line in lines if line.decision == "enrol-team"]
    figures = tuple(each.figure for each in events if isinstance(each, FigureCertified))
    sums = {node: (low, high) for node, _teams, low, high in of(reveals(stage, teams, figures), "sum")}
    assert sums == {"expert": ("111.175", "111.225"), "user": ("78.775", "78.825")}


@given(st.lists(st.integers(0, 10), min_size=2, max_size=5), st.data())
def test_what_is_revealed_is_true(points: list[int], data: st.DataObject) -> None:
    """Whatever the real points are, everything that the check derives from their mean and some of them holds."""
    teams = FIVE[: len(points)]
    real = dict(zip(teams, points, strict=True))
    known = data.draw(st.sets(st.sampled_from(teams), max_size=len(teams) - 1))
    mean = sum(points) / len(points)
    figures = (
        MeanOf(node="paper", value=f"{mean:.3f}"),
        *(PointsOf(node="paper", team=team, value=str(real[team])) for team in sorted(known)),
    )
    for each in reveals(HEAT, teams, figures):
        if each.node in ("paper", "paper/idea"):
            assert each.low is not None
            assert each.high is not None
            assert float(each.low) <= sum(real[team] for team in each.teams) <= float(each.high)
