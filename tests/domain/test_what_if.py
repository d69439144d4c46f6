"""What if: what would follow from altered scores and rules, and what nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from domain.alterations import (
    AnotherAggregate,
    AnotherCut,
    AnotherGate,
    AnotherScore,
    AnotherTieBreak,
    AnotherVerdict,
    AnotherWeight,
    AnyAlteration,
    WithoutBenchmark,
    WithoutEvaluator,
)
from domain.record import Statement
from domain.refusal import InvalidCommandError
from domain.rubric import Stage
from domain.score_events import GateOutcome, HighestOf, MeanOf, PointsOf, RankGroup
from domain.sensitivity import sensitivity
from domain.what_if import WhatIfRow, what_if
from tests.domain.test_flips import IDEA, JURY, SPEED, TEAMS, cells_of, course_of, stage_of

SHEETS = [[5, 5, 8], [6, 6, 9], [8, 8, 2]]
METRICS = [[50, 70], [60, 50], [50, 50]]


def asked(*alterations: AnyAlteration, stage: Stage | None = None, **facts: Any) -> dict[str, WhatIfRow]:
    rules = stage or stage_of(scoring={"aggregate": "mean"})
    rows = what_if(rules, course_of(**facts), cells_of(SHEETS, METRICS), alterations)
    return {row.team: row for row in rows}


def totals(rows: dict[str, WhatIfRow]) -> dict[str, tuple[str | None, str | None]]:
    return {team: (row.before.total.exact, row.after.total.exact) for team, row in rows.items()}


def follows(rows: dict[str, WhatIfRow]) -> dict[str, str]:
    return {team: row.after.prospect.follows for team, row in rows.items()}


def test_rows_stand_in_the_order_of_before() -> None:
    assert list(asked(AnotherCut(eliminate="1"))) == ["bee", "ant", "cow"]


@pytest.mark.parametrize(
    ("alteration", "expected"),
    [
        (WithoutEvaluator(evaluator=JURY[2]), {"ant": "17", "bee": "17", "cow": "18"}),
        (WithoutEvaluator(evaluator=JURY[0], criterion=IDEA), {"ant": "19", "bee": "19", "cow": "15"}),
        (WithoutBenchmark(criterion=SPEED, benchmark="track"), {"ant": "20", "bee": "17", "cow": "16"}),
        (
            AnotherScore(team="cow", criterion=IDEA, evaluator=JURY[2], points="8"),
            {"ant": "18", "bee": "18", "cow": "18"},
        ),
        (
            AnotherScore(team="cow", criterion=IDEA, evaluator=JURY[2], points=None),
            {"ant": "18", "bee": "18", "cow": "18"},
        ),
        (AnotherWeight(node="field", maximum="40"), {"ant": "30", "bee": "29", "cow": "26"}),
        (AnotherWeight(node=IDEA, maximum="5"), {"ant": "15", "bee": "15", "cow": "13"}),
        (AnotherAggregate(criterion=IDEA, aggregate="median"), {"ant": "17", "bee": "17", "cow": "18"}),
        (AnotherAggregate(criterion=IDEA, aggregate="trimmed-mean", trim="1"), {"ant": "17", "bee": "17", "cow": "18"}),
    ],
)
def test_totals_are_tallied_anew(alteration: AnyAlteration, expected: dict[str, str]) -> None:
    rows = asked(alteration)
    assert totals(rows) == {
        "ant": ("18", expected["ant"]),
        "bee": ("18", expected["bee"]),
        "cow": ("16", expected["cow"]),
    }
    assert all(row.undeterminable == () for row in rows.values())


def test_a_cut_takes_the_last_and_leaves_a_tie_at_it_open() -> None:
    assert follows(asked(AnotherCut(eliminate="none"))) == dict.fromkeys(TEAMS, "advances")
    assert follows(asked(AnotherCut(eliminate="1"))) == {"ant": "advances", "bee": "advances", "cow": "out"}
    tied = asked(AnotherCut(eliminate="2"), AnotherTieBreak(nodes=()))
    assert follows(tied) == {"ant": "open", "bee": "open", "cow": "out"}
    assert tied["ant"].flips


def test_whoever_is_ruled_out_takes_a_place_of_the_plan() -> None:
    rows = asked(AnotherVerdict(team="ant", verdict="not_met"))
    assert follows(rows) == {"ant": "out", "bee": "advances", "cow": "advances"}
    assert (rows["ant"].after.prospect.basis, rows["ant"].flips, rows["cow"].flips) == ("ruling", True, True)
    assert rows["ant"].after.rank == rows["ant"].before.rank


def test_a_gate_that_lies_elsewhere_puts_others_out() -> None:
    stage = stage_of(scoring={"aggregate": "mean"}, gate="4")
    rows = asked(AnotherGate(gate="slow", minimum="6.5"), stage=stage)
    assert {team: row.after.prospect.basis for team, row in rows.items()} == {"ant": "gate", "bee": None, "cow": "gate"}


def test_a_gate_that_others_may_fail_leaves_open_who_leaves_by_rank() -> None:
    """Whoever fails it takes a place of the plan; whoever is known to have passed takes none."""
    stage = stage_of(scoring={"aggregate": "mean"}, gate="undisclosed")

    def passed(*teams: str) -> list[Statement]:
        return [Statement(GateOutcome(gate="slow", team=team, outcome="passed"), "x", 1) for team in teams]

    one, two = AnotherCut(eliminate="1"), AnotherCut(eliminate="2")
    assert follows(asked(one, stage=stage)) == {"ant": "open", "bee": "open", "cow": "open"}
    assert follows(asked(one, stage=stage, statements=passed("bee", "cow"))) == {
        "ant": "open",
        "bee": "advances",
        "cow": "open",
    }
    assert follows(asked(one, stage=stage, statements=passed("ant", "bee")))["cow"] == "out"
    # Whichever of the others fails, cow is the last of those that are left; ant leaves only if nobody does.
    assert follows(asked(two, stage=stage, statements=passed("ant", "cow"))) == {
        "ant": "open",
        "bee": "open",
        "cow": "out",
    }


def test_a_deviation_is_not_regarded_once_the_cut_is_another() -> None:
    assert follows(asked(AnotherTieBreak(nodes=("paper",)), deviation="2"))["ant"] == "out"
    assert (
        follows(asked(AnotherCut(eliminate="1"), AnotherTieBreak(nodes=("paper",)), deviation="2"))["ant"] == "advances"
    )


CERTIFIED = [
    Statement(PointsOf(node="paper", team="ant", value="6"), "x", 1),
    Statement(HighestOf(node=IDEA, teams=("bee",), value="7"), "x", 2),
    Statement(MeanOf(node=SPEED, value="11.0"), "x", 3),
    Statement(RankGroup(teams=("cow",), best="3", worst="3"), "x", 4),
]


def test_what_was_certified_of_something_altered_is_undeterminable() -> None:
    stage = stage_of(scoring={"aggregate": "undisclosed"})
    facts: dict[str, Any] = {"stage": stage, "statements": CERTIFIED}
    weighed = asked(AnotherWeight(node="paper", maximum="20"), **facts)
    assert weighed["ant"].before.total.exact == "18"
    assert weighed["ant"].after.total.exact is None
    assert set(weighed["ant"].undeterminable) == {"total", "paper", IDEA}
    assert weighed["cow"].after.rank.best == 1
    first = Statement(RankGroup(teams=("ant",), best="1", worst="1"), "x", 1)
    ranked = asked(AnotherTieBreak(nodes=()), stage=stage, statements=[first])["ant"]
    assert (ranked.before.rank.worst, ranked.after.rank.worst) == (1, 3)
    other = asked(AnotherVerdict(team="bee", verdict="not_met"), **facts)
    assert all(row.undeterminable == () for row in other.values())
    assert other["cow"].after.rank == other["cow"].before.rank


def test_a_score_of_one_team_leaves_what_is_certified_of_others() -> None:
    rows = asked(AnotherScore(team="cow", criterion=IDEA, evaluator=JURY[0], points="9"), statements=CERTIFIED[:1])
    assert (rows["ant"].after.total, rows["ant"].undeterminable) == (rows["ant"].before.total, ())
    assert rows["cow"].after.total.exact == "16"


@pytest.mark.parametrize(
    ("alteration", "pointer"),
    [
        (WithoutEvaluator(evaluator="ev-0"), "/alterations/0/evaluator"),
        (WithoutEvaluator(evaluator=JURY[0], criterion=SPEED), "/alterations/0/criterion"),
        (WithoutBenchmark(criterion=SPEED, benchmark="moon"), "/alterations/0/benchmark"),
        (AnotherScore(team="cow", criterion=IDEA, evaluator=JURY[0], points="10.5"), "/alterations/0/points"),
        (AnotherScore(team="cow", criterion=IDEA, evaluator=JURY[0], points="11"), "/alterations/0/points"),
        (AnotherScore(team="elk", criterion=IDEA, evaluator=JURY[0], points="1"), "/alterations/0/team"),
        (AnotherWeight(node="total", maximum="5"), "/alterations/0/node"),
        (AnotherAggregate(criterion=IDEA, aggregate="trimmed-mean"), "/alterations/0/trim"),
        (AnotherAggregate(criterion=SPEED, aggregate="mean"), "/alterations/0/criterion"),
        (AnotherGate(gate="moon", minimum="1"), "/alterations/0/gate"),
        (AnotherTieBreak(nodes=("moon",)), "/alterations/0/nodes/0"),
        (AnotherVerdict(team="elk", verdict="met"), "/alterations/0/team"),
    ],
)
def test_an_alteration_of_what_is_not_there_is_refused(alteration: AnyAlteration, pointer: str) -> None:
    with pytest.raises(InvalidCommandError) as refused:
        asked(alteration)
    assert [each.pointer for each in refused.value.errors] == [pointer]


def test_the_only_benchmark_is_not_left_out() -> None:
    (track, _road) = ({"id": "track", "version": "1"}, None)
    with pytest.raises(InvalidCommandError, match="only benchmark"):
        asked(WithoutBenchmark(criterion=SPEED, benchmark="track"), stage=stage_of(benchmarks=[track]))


def test_sensitivity_leaves_out_each_evaluator_and_moves_each_score() -> None:
    stage = replace(stage_of(scoring={"aggregate": "mean"}), precision="1")
    found = sensitivity(stage, course_of(), cells_of(SHEETS, METRICS))
    by_evaluator = {each.evaluator: each for each in found.evaluators}
    assert set(by_evaluator) == set(JURY)
    last = by_evaluator[JURY[2]]
    assert {team: (rank.best, rank.worst) for team, rank in last.ranks.items()} == {
        "cow": (1, 1),
        "ant": (3, 3),
        "bee": (2, 2),
    }
    assert set(last.flips) == {"ant", "cow"}
    assert [set(by_evaluator[each].ranks) for each in JURY[:2]] == [set(), set()]
    stability = {each.team: each for each in found.stability}
    levers = 9 + 6
    assert {each.changes for each in stability.values()} == {2 * (levers + 2)}
    assert stability["cow"].kept == stability["cow"].changes
    assert 0 < stability["ant"].kept < stability["ant"].changes
