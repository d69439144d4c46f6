"""What published averages, ranks and counts give away of scores that are not published."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bounds import Contradiction
from domain.charter_document import Charter
from domain.reveals import GateCount, Published, Reveal, published_faults, reveals
from domain.rubric import Stage
from domain.score_events import FigureCertified, GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup
from tests.domain import charters
from tests.playing import PUBLIC_RECORD, lines_of, play

HEAT = msgspec.convert(charters.document(), type=Charter).stages[0]
FIVE = ["a", "b", "c", "d", "e"]


def of(found: list[Reveal], what: str) -> list[tuple[str, tuple[str, ...], str | None, str | None]]:
    return [(each.node, each.teams, each.low, each.high) for each in found if each.what == what]


def test_a_mean_with_one_known_gives_the_sum_of_the_others() -> None:
    """Five teams, one known, mean known: the sum of four is known."""
    found = reveals(HEAT, FIVE, (MeanOf(node="paper", value="6.0"), PointsOf(node="paper", team="a", value="10")))
    assert of(found, "sum") == [(node, ("b", "c", "d", "e"), "20.0", "20.0") for node in ("paper", "paper/idea")]
    assert of(found, "exact") == [("paper/idea", ("a",), "10.0", "10.0")]


def test_two_teams_and_a_mean_tell_each_the_others() -> None:
    found = reveals(HEAT, ["a", "b"], (MeanOf(node="paper", value="6.0"),))
    assert of(found, "to-each-other") == [(node, ("a", "b"), "12.0", "12.0") for node in ("paper", "paper/idea")]


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
    outcomes = [each.detail for each in found if each.what == "gate"]
    assert outcomes == ([] if said is None else [f"a {said} slow", f"b {said} slow"])


def test_a_count_beside_a_known_outcome_tells_the_rest() -> None:
    figures = (GateOutcome(gate="slow", team="a", outcome="passed"), GateCount(gate="slow", passed="1"))
    assert [each.teams for each in reveals(HEAT, ["a", "b"], figures) if each.what == "gate"] == [("b",)]


RACE = ["ant", "bee", "cow"]


def said_of(figures: tuple[Published, ...], *teams: str) -> list[str]:
    """The sentences about exactly these teams."""
    return [each.detail for each in reveals(HEAT, RACE, figures) if each.teams == teams]


def test_means_of_two_nodes_tell_the_third() -> None:
    """The field of three has 60 in all and 18 at paper, so 42 at field; less 16 and 15, that leaves 11."""
    figures = (
        MeanOf(node="total", value="20.00"),
        MeanOf(node="paper", value="6.00"),
        PointsOf(node="field", team="ant", value="16"),
        PointsOf(node="field", team="bee", value="15"),
    )
    assert said_of(figures, "cow") == [
        "cow has 11.0 at field",
        "cow has 11.0 at field/speed",
        "cow passed slow",
        "cow has 11.0 to 21.0 at total",
    ]


def test_means_of_two_nodes_give_the_sum_at_the_third() -> None:
    figures = (MeanOf(node="total", value="20.00"), MeanOf(node="paper", value="6.00"))
    assert [line for line in said_of(figures, *RACE) if "paper" not in line] == [
        "ant, bee, cow have 60.0 together at total",
        "ant, bee, cow have 42.0 together at field",
        "ant, bee, cow have 42.0 together at field/speed",
    ]


def test_rounded_means_tell_as_much_as_their_last_decimals() -> None:
    """60 give or take 1.5 and 18 give or take 0.15: on whole points 59 to 61, and 18."""
    figures = (
        MeanOf(node="total", value="20"),
        MeanOf(node="paper", value="6.0"),
        PointsOf(node="field", team="ant", value="16"),
        PointsOf(node="field", team="bee", value="15"),
    )
    assert "cow has 10.0 to 12.0 at field" in said_of(figures, "cow")


def test_when_as_many_passed_as_counted_the_others_failed_and_have_less_than_the_gate() -> None:
    figures = (GateCount(gate="slow", passed="1"), PointsOf(node="field", team="ant", value="16"))
    for team in ("bee", "cow"):
        assert said_of(figures, team) == [
            f"{team} failed slow",
            f"{team} has 0.0 to 4.0 at field",
            f"{team} has 0.0 to 4.0 at field/speed",
            f"{team} has 0.0 to 14.0 at total",
        ]


def test_when_all_others_must_have_passed_they_have_the_gate_at_least() -> None:
    figures = (GateCount(gate="slow", passed="2"), PointsOf(node="field", team="ant", value="4"))
    for team in ("bee", "cow"):
        assert said_of(figures, team) == [
            f"{team} passed slow",
            f"{team} has 5.0 to 20.0 at field",
            f"{team} has 5.0 to 20.0 at field/speed",
            f"{team} has 5.0 to 30.0 at total",
        ]


def test_what_a_count_tells_goes_on_into_means() -> None:
    """All three passed, so each has 5 at least, and with 18 in all each has 8 at most."""
    figures = (GateCount(gate="slow", passed="3"), MeanOf(node="field", value="6.00"))
    assert "bee has 5.0 to 8.0 at field" in said_of(figures, "bee")


def test_off_the_grid_a_bound_that_is_not_reached_is_said_so() -> None:
    stage = msgspec.structs.replace(HEAT, precision="undisclosed")
    found = reveals(stage, ["ant"], (GateCount(gate="slow", passed="0"),))
    assert "ant has 0.0 to less than 5.0 at field" in [each.detail for each in found]


def test_ranks_go_on_into_other_nodes() -> None:
    """Second with 20: the first has no less, so 10 at field at least; and the third has no more."""
    figures = (
        PointsOf(node="total", team="bee", value="20"),
        RankGroup(teams=("ant",), best="1", worst="1"),
        RankGroup(teams=("bee",), best="2", worst="2"),
    )
    assert said_of(figures, "ant") == [
        "ant passed slow",
        "ant has 20.0 to 30.0 at total",
        "ant has 10.0 to 20.0 at field",
        "ant has 10.0 to 20.0 at field/speed",
    ]
    assert said_of(figures, "cow") == ["cow has 0.0 to 20.0 at total"]


def test_without_tie_breaks_another_rank_is_another_total() -> None:
    stage = msgspec.structs.replace(HEAT, tie_break=())
    figures = (PointsOf(node="total", team="bee", value="20"), RankGroup(teams=("bee",), best="2", worst="2"))
    found = of(reveals(stage, ["ant", "bee"], (*figures, RankGroup(teams=("ant",), best="1", worst="1"))), "bounded")
    assert ("total", ("ant",), "21.0", "30.0") in found


@pytest.mark.parametrize(
    "figures",
    [
        (GateCount(gate="slow", passed="3"), HighestOf(node="field", teams=("ant",), value="4")),
        (GateCount(gate="slow", passed="0"), PointsOf(node="field", team="ant", value="5")),
        (GateCount(gate="slow", passed="1"), GateCount(gate="slow", passed="2")),
        (GateCount(gate="slow", passed="3"), MeanOf(node="field", value="4.00")),
        (MeanOf(node="total", value="20.00"), MeanOf(node="paper", value="6.00"), MeanOf(node="field", value="13.00")),
        (
            PointsOf(node="total", team="ant", value="9"),
            PointsOf(node="total", team="bee", value="10"),
            RankGroup(teams=("ant",), best="1", worst="1"),
        ),
        (  # bee is one of two that failed, so has less at field and more at paper, which is the tie-break
            PointsOf(node="total", team="ant", value="10"),
            PointsOf(node="total", team="bee", value="10"),
            PointsOf(node="field", team="cow", value="0"),
            GateOutcome(gate="slow", team="ant", outcome="passed"),
            GateCount(gate="slow", passed="1"),
            RankGroup(teams=("ant",), best="1", worst="1"),
        ),
    ],
)
def test_counts_means_and_ranks_that_cannot_all_be_true_are_said(figures: tuple[Published, ...]) -> None:
    with pytest.raises(Contradiction):
        reveals(HEAT, RACE, figures)


def test_an_outcome_is_one_though_the_gate_is_undisclosed() -> None:
    stage = msgspec.structs.replace(HEAT, gates=(msgspec.structs.replace(HEAT.gates[0], minimum="undisclosed"),))
    passed, failed = (GateOutcome(gate="slow", team="ant", outcome=each) for each in ("passed", "failed"))
    with pytest.raises(Contradiction):
        reveals(stage, RACE, (passed, failed))
    found = reveals(stage, RACE, (passed, GateCount(gate="slow", passed="1")))
    assert [each.detail for each in found if each.what == "gate"] == ["bee failed slow", "cow failed slow"]


def test_who_failed_a_gate_has_less_than_who_passed_it_though_its_minimum_is_undisclosed() -> None:
    stage = msgspec.structs.replace(HEAT, gates=(msgspec.structs.replace(HEAT.gates[0], minimum="undisclosed"),))
    five = PointsOf(node="field", team="ant", value="5")
    outcomes = (
        GateOutcome(gate="slow", team="ant", outcome="passed"),
        GateOutcome(gate="slow", team="bee", outcome="failed"),
    )
    found = reveals(stage, RACE, (five, *outcomes))
    (bee,) = [each for each in found if (each.node, each.teams) == ("field", ("bee",))]
    assert (bee.low, bee.high) == ("0.0", "4.0")
    with pytest.raises(Contradiction):
        reveals(stage, RACE, (five, *outcomes, PointsOf(node="field", team="bee", value="5")))


def test_what_tells_most_comes_first() -> None:
    """Points and outcomes of a team, then sums, then bounds."""
    figures = (
        MeanOf(node="paper", value="6.00"),
        PointsOf(node="paper", team="ant", value="10"),
        MeanOf(node="field", value="6.00"),
        PointsOf(node="field", team="ant", value="14"),
        PointsOf(node="field", team="bee", value="4"),
    )
    found = reveals(HEAT, RACE, figures)
    kinds = [each.what for each in found]
    assert list(dict.fromkeys(kinds)) == ["exact", "to-each-other", "gate", "sum", "bounded"]


def test_what_is_stated_is_not_revealed() -> None:
    highest = HighestOf(node="paper", teams=("ant",), value="9")
    assert [line for line in said_of((highest,), "ant") if line.endswith("at paper")] == []
    assert "bee has 0.0 to 8.0 at paper" in said_of((highest,), "bee")


def test_a_sum_that_the_bounds_of_each_tell_is_not_said_again() -> None:
    """A mean rounded to a whole point leaves 3 for three teams; that two with 1 at most have 2 at most is no news."""
    figures = (HighestOf(node="paper", teams=("ant",), value="2"), MeanOf(node="total", value="20"))
    assert [node for node, *_rest in of(reveals(HEAT, RACE, figures), "sum")] == ["total"]


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
    figures: tuple[Published, ...] = (
        MeanOf(node="paper", value=f"{mean:.3f}"),
        *(PointsOf(node="paper", team=team, value=str(real[team])) for team in sorted(known)),
    )
    for each in reveals(HEAT, teams, figures):
        if each.node in ("paper", "paper/idea"):
            assert each.low is not None
            assert each.high is not None
            assert float(each.low) <= sum(real[team] for team in each.teams) <= float(each.high)
