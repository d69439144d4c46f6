"""Maxima add up on every level of the rubric, known or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.charters import document, names
from tests.domain.faulty import found_in

MAXIMUM = st.sampled_from(["undisclosed", "0", "1", "2", "3", "4", "6"])
MOST = 48
"""More than any rubric that is drawn adds up to."""


@st.composite
def node(draw: st.DrawFn, *levels: str) -> dict[str, Any]:
    """With parts on each level; the last may have none."""
    made: dict[str, Any] = {"maximum": draw(MAXIMUM)}
    if levels:
        fewest = 0 if levels[0] == "items" else 1
        parts = draw(st.lists(node(*levels[1:]), min_size=fewest, max_size=2))
        made[levels[0]] = [{**each, "id": f"x{n}", "title": names("X")} for n, each in enumerate(parts)]
    if "items" in made:
        made["scoring"] = {"type": "judged", "panel": "jury", "aggregate": "median"}
    return made


def sums(found: dict[str, Any]) -> set[int]:
    """Every maximum that the node could have."""
    parts = next((found[each] for each in ("assessments", "criteria", "items") if found.get(each)), None)
    possible = {0} if parts else set(range(MOST + 1))
    for part in parts or ():
        possible = {one + other for one in possible for other in sums(part) if one + other <= MOST}
    return possible if found["maximum"] == "undisclosed" else possible & {int(found["maximum"])}


def adding(stage: dict[str, Any]) -> list[tuple[str, str]]:
    """What is said of maxima that do not add up."""
    stages = document()["stages"]
    stages[0] |= {"gates": [], "indices": [], "tie_break": [], **stage}
    return [each for each in found_in(stages=stages) if "add up to" in each[1] or "adds up to" in each[1]]


@given(node("assessments", "criteria", "items"))
def test_maxima_are_refused_if_and_only_if_nothing_undisclosed_could_make_them_add_up(stage: dict[str, Any]) -> None:
    assert bool(adding(stage)) == (not sums(stage))


def test_what_is_known_below_an_undisclosed_maximum_counts() -> None:
    criterion = {**document()["stages"][0]["assessments"][0]["criteria"][0], "maximum": "undisclosed"}
    items = [{"id": f"i{n}", "title": names("I"), "maximum": each} for n, each in enumerate(("6", "4"))]
    paper, field = document()["stages"][0]["assessments"]
    paper["criteria"] = [{**criterion, "items": items}, {**criterion, "id": "extra", "maximum": "5"}]
    says = "what is known of the criteria adds up to 15, not to 10"
    assert adding({"assessments": [paper, field]}) == [("/stages/0/assessments/0/maximum", says)]
    paper["criteria"].pop()
    assert adding({"assessments": [paper, field]}) == []
    items[0]["maximum"] = "5"
    says = "what is known of the criteria adds up to 9, not to 10"
    assert adding({"assessments": [paper, field]}) == [("/stages/0/assessments/0/maximum", says)]
    items[1]["maximum"] = "undisclosed"
    assert adding({"assessments": [paper, field]}) == []
    items[1]["maximum"] = "4"
    paper["maximum"] = "undisclosed"
    items[0]["maximum"] = "20"
    says = "what is known of the assessments adds up to 44, not to 30"
    assert adding({"assessments": [paper, field]}) == [("/stages/0/maximum", says)]


@pytest.mark.parametrize(("minimum", "reached"), [("6", True), ("7", False)])
def test_a_gate_is_within_what_the_known_items_of_others_leave(minimum: str, reached: bool) -> None:
    criterion = {**document()["stages"][0]["assessments"][0]["criteria"][0], "maximum": "undisclosed"}
    items = [{"id": f"i{n}", "title": names("I"), "maximum": each} for n, each in enumerate(("4", "undisclosed"))]
    stages = document()["stages"]
    stages[0]["assessments"][0]["criteria"] = [criterion, {**criterion, "id": "other", "items": items}]
    stages[0]["gates"] = [{"id": "low", "node": "paper/idea", "minimum": minimum}]
    found = [place for place, _ in found_in(stages=stages) if "/gates/" in place]
    assert found == ([] if reached else ["/stages/0/gates/0/minimum"])
