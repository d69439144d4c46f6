"""What a charter may say of scoring: every contradiction by its place."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter import document_faults
from tests.domain.charters import ITEMS, PROGRAMME, document, names, with_criterion

IDEA = "/stages/0/assessments/0/criteria/0"
SPEED = "/stages/0/assessments/1/criteria/0"
GROUPS = [
    {"id": "chair", "title": names("Chair"), "weight": "2"},
    {"id": "rest", "title": names("Rest"), "weight": "1"},
]


def faults(stages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.detail) for fault in document_faults(PROGRAMME, document(stages=stages))]


def judged(**scoring: Any) -> list[dict[str, Any]]:
    return with_criterion("paper/idea", scoring=scoring)


def measured(**scoring: Any) -> list[dict[str, Any]]:
    return with_criterion("field/speed", scoring=scoring)


def benchmarks(**changes: Any) -> list[dict[str, Any]]:
    return [{"id": "track", "version": "1", **changes}, {"id": "road", "version": "1"}]


def panel(stages: list[dict[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    stages[0]["panels"][0].update(changes)
    return stages


LAWFUL = [
    with_criterion("paper/idea", items=ITEMS),
    panel(judged(aggregate="trimmed-mean", trim="1"), quorum="3"),
    panel(judged(aggregate="weighted-mean", missing="left-out"), groups=GROUPS),
    judged(normalise="z-score", missing="zero"),
    judged(normalise="min-max"),
    judged(aggregate="undisclosed"),
    measured(conversion="linear", floor="100", ceiling="20"),
    measured(conversion="linear", floor="0", benchmarks=[{**b, "ceiling": "9"} for b in benchmarks()]),
    measured(conversion="linear", floor="undisclosed", ceiling="20"),
    measured(conversion="relative-to-best", missing="left-out", benchmarks=benchmarks(harness="ab" * 32)),
    measured(conversion="undisclosed"),
]


@pytest.mark.parametrize("stages", LAWFUL)
def test_a_lawful_rubric_has_no_fault(stages: list[dict[str, Any]]) -> None:
    assert faults(stages) == []


@pytest.mark.parametrize("rounding", ["half-up", "half-even", "half-down", "down", "up"])
def test_every_rounding_mode_is_known(rounding: str) -> None:
    stages = document()["stages"]
    stages[0]["rounding"] = rounding
    assert faults(stages) == []


def test_where_nothing_is_computed_precision_and_rounding_may_be_undisclosed() -> None:
    stages = judged(aggregate="undisclosed")
    stages[0]["assessments"][1]["criteria"][0]["scoring"]["conversion"] = "undisclosed"
    stages[0].update(precision="undisclosed", rounding="undisclosed")
    assert faults(stages) == []


def items(*maxima: str) -> list[dict[str, Any]]:
    return [{**ITEMS[0], "id": f"item-{n}", "maximum": maximum} for n, maximum in enumerate(maxima)]


FAULTY = [
    (with_criterion("paper/idea", items=items("6", "3")), f"{IDEA}/maximum", "add up to 9"),
    (with_criterion("paper/idea", items=items("11", "undisclosed")), f"{IDEA}/maximum", "more than 10"),
    (with_criterion("paper/idea", items=items("6", "4x")), f"{IDEA}/items/1/maximum", "plain decimal"),
    (with_criterion("paper/idea", items=[*items("5"), *items("5")]), f"{IDEA}/items", "more than once"),
    (with_criterion("field/speed", items=items("20")), f"{SPEED}/items", "only a judged"),
    (judged(trim="1"), f"{IDEA}/scoring/trim", "nothing else"),
    (judged(aggregate="trimmed-mean"), f"{IDEA}/scoring/trim", "says how many"),
    (judged(aggregate="trimmed-mean", trim="1"), f"{IDEA}/scoring/trim", "leave a sheet of 2"),
    (judged(aggregate="trimmed-mean", trim="0"), f"{IDEA}/scoring/trim", "at least 1"),
    (judged(aggregate="weighted-mean"), f"{IDEA}/scoring/aggregate", "no groups"),
    (panel(judged(), groups=[GROUPS[0], GROUPS[0]]), "/stages/0/panels/0/groups", "more than once"),
    (panel(judged(), groups=[{**GROUPS[0], "weight": "0"}]), "/stages/0/panels/0/groups/0/weight", "above 0"),
    (panel(judged(), groups=[{**GROUPS[0], "weight": "-1"}]), "/stages/0/panels/0/groups/0/weight", "plain decimal"),
    (measured(conversion="linear", floor="1"), f"{SPEED}/scoring/benchmarks/0", "not said"),
    (measured(conversion="linear", floor="1", ceiling="1.0"), f"{SPEED}/scoring/benchmarks/1", "both 1"),
    (measured(conversion="linear", floor="x", ceiling="1"), f"{SPEED}/scoring/floor", "plain decimal"),
    (measured(floor="1"), f"{SPEED}/scoring/floor", "no floor"),
    (measured(benchmarks=benchmarks(ceiling="1")), f"{SPEED}/scoring/benchmarks/0/ceiling", "no ceiling"),
    (measured(benchmarks=benchmarks(harness="abc")), f"{SPEED}/scoring/benchmarks/0/harness", "64 hexadecimal"),
]


@pytest.mark.parametrize(("stages", "pointer", "says"), FAULTY)
def test_a_contradiction_of_the_rubric_is_named(stages: list[dict[str, Any]], pointer: str, says: str) -> None:
    found = faults(stages)
    assert any(place == pointer and says in detail for place, detail in found), found


def test_a_normalised_criterion_needs_a_maximum() -> None:
    stages = with_criterion("paper/idea", maximum="undisclosed", scoring={"normalise": "z-score"})
    assert f"{IDEA}/maximum" in dict(faults(stages))


@pytest.mark.parametrize(("idea", "lawful"), [("10", True), ("undisclosed", True), ("11", False), ("9", False)])
def test_an_assessment_of_undisclosed_maximum_has_what_its_criteria_have(idea: str, lawful: bool) -> None:
    """Of 30 the other assessment takes 20."""
    stages = with_criterion("paper/idea", maximum=idea)
    stages[0]["assessments"][0]["maximum"] = "undisclosed"
    assert ("/stages/0/maximum" not in dict(faults(stages))) == lawful


def gated(node: str, minimum: str, *, hidden: tuple[str, ...] = (), shared: bool = False) -> list[dict[str, Any]]:
    """The heat with a gate at `node`; the maxima of the `hidden` nodes undisclosed; `shared`: idea 6, and style."""
    stages: list[dict[str, Any]] = document()["stages"]
    heat = stages[0]
    heat["gates"] = [{"id": "gate", "node": node, "minimum": minimum}]
    if shared:
        idea = heat["assessments"][0]["criteria"][0]
        idea["maximum"] = "6"
        heat["assessments"][0]["criteria"].append({**idea, "id": "style", "maximum": "4"})
    nodes = {"total": heat}
    for assessment in heat["assessments"]:
        nodes[assessment["id"]] = assessment
        nodes |= {f"{assessment['id']}/{criterion['id']}": criterion for criterion in assessment["criteria"]}
    for each in hidden:
        nodes[each]["maximum"] = "undisclosed"
        if "scoring" in nodes[each]:
            nodes[each]["scoring"] = {"type": "undisclosed"}
    return stages


@pytest.mark.parametrize(
    ("node", "most", "hidden", "shared"),
    [
        ("paper", "10", (), False),
        ("total", "30", ("total",), False),
        ("total", "30", ("total", "paper"), True),
        ("paper", "10", ("paper",), True),
        ("paper", "10", ("paper", "paper/idea"), True),
        ("paper/idea", "6", ("paper/idea",), True),
        ("paper/idea", "6", ("paper", "paper/idea"), True),
        ("paper/idea", "10", ("paper/idea", "paper/style"), True),
        ("paper", "30", ("paper", "field", "field/speed", "paper/idea"), True),
    ],
)
def test_a_gate_asks_for_no_more_than_follows_from_the_rest(
    node: str, most: str, hidden: tuple[str, ...], shared: bool
) -> None:
    assert faults(gated(node, most, hidden=hidden, shared=shared)) == []
    ((place, detail),) = faults(gated(node, f"{most}.1", hidden=hidden, shared=shared))
    assert (place, f"above {most}, the most" in detail) == ("/stages/0/gates/0/minimum", True)


def test_a_gate_at_a_node_of_which_nothing_is_known_is_sound() -> None:
    assert faults(gated("paper", "9000", hidden=("total", "paper", "paper/idea"))) == []


@pytest.mark.parametrize(
    ("precision", "maximum", "lawful"),
    [("0", "10", True), ("0", "10.0", True), ("0", "10.5", False), ("1", "10.5", True), ("2", "10.555", False)],
)
def test_a_maximum_is_one_of_the_points_that_there_are(precision: str, maximum: str, lawful: bool) -> None:
    stages = with_criterion("paper/idea", maximum=maximum, items=[{**ITEMS[0], "maximum": maximum}])
    stages[0].update(precision=precision, maximum="undisclosed")
    stages[0]["assessments"][0]["maximum"] = maximum
    assert [place for place, detail in faults(stages) if "decimals of the stage" in detail] == (
        [] if lawful else ["/stages/0/assessments/0/maximum", f"{IDEA}/maximum", f"{IDEA}/items/0/maximum"]
    )
    assert (faults(stages) == []) == lawful
