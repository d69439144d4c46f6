"""Points are within what the charter leaves to them: its maxima, and of an undisclosed one what the others leave."""

from __future__ import annotations

from typing import Any

import pytest

from domain.amendments import RulesInUseError
from domain.charter import document_faults
from domain.refusal import InvalidCommandError
from tests.domain import charters
from tests.given import given

SHEET = {"stage": "heat", "team": "ant", "criterion": "paper/idea", "evaluator": charters.JURY[0]}
IDEA = "/stages/0/assessments/0/criteria/0"
HIDDEN = {"type": "undisclosed"}


def stages(*criteria: dict[str, Any], paper: str = "10", total: str = "30", field: str = "20") -> list[dict[str, Any]]:
    """The heat with these criteria of `paper`, each like idea but for what is said of it."""
    found: list[dict[str, Any]] = charters.document()["stages"]
    heat = found[0]
    idea = heat["assessments"][0]["criteria"][0]
    heat["maximum"], heat["assessments"][0]["maximum"], heat["assessments"][1]["maximum"] = total, paper, field
    heat["assessments"][0]["criteria"] = [{**idea, "maximum": "undisclosed", **each} for each in criteria]
    return found


def items(*maxima: str) -> list[dict[str, Any]]:
    return [{**charters.ITEMS[0], "id": f"item-{n}", "maximum": each} for n, each in enumerate(maxima)]


def faults(rubric: list[dict[str, Any]]) -> list[str]:
    return [each.pointer for each in document_faults(charters.PROGRAMME, charters.document(stages=rubric))]


@pytest.mark.parametrize(
    ("rubric", "item", "most"),
    [
        (stages({}), None, 10),
        (stages({}, {"id": "style", "maximum": "4"}), None, 6),
        (stages({}, paper="undisclosed"), None, 10),
        (stages({}, {"id": "style", "maximum": "4"}, paper="undisclosed"), None, 6),
        (stages({"items": items("6", "undisclosed")}), "item-1", 4),
        (stages({"items": items("undisclosed")}, {"id": "style", "scoring": HIDDEN}), "item-0", 10),
        (stages({"maximum": "10", "items": items("undisclosed", "3")}), "item-0", 7),
        (stages({"items": items("2", "undisclosed")}, {"id": "style", "maximum": "5"}), "item-1", 3),
        (stages({}, {"id": "style", "scoring": HIDDEN}), None, 10),
    ],
)
def test_an_undisclosed_maximum_is_what_the_others_leave(rubric: list[dict[str, Any]], item: str, most: int) -> None:
    assert faults(rubric) == []
    at_range = given(background=[charters.charter(stages=rubric), *charters.appointed()[1:]])
    body = SHEET if item is None else {**SHEET, "item": item}
    assert at_range.when("submit-score", {**body, "points": str(most)}).decide()
    refusal = at_range.when("submit-score", {**body, "points": str(most + 1)}).refused(InvalidCommandError, "/points")
    assert f"above {most}" in refusal.detail


def test_where_nothing_is_known_nothing_bounds_the_points() -> None:
    rubric = stages({}, paper="undisclosed", total="undisclosed")
    assert faults(rubric) == []
    history = [charters.charter(stages=rubric), *charters.appointed()[1:]]
    assert given(background=history).when("submit-score", {**SHEET, "points": "999999999999"}).decide()


@pytest.mark.parametrize(
    ("rubric", "places"),
    [
        (stages({}, {"id": "style"}), ["criteria/0", "criteria/1"]),
        (stages({}, {"id": "style"}, {"id": "depth", "maximum": "2"}), ["criteria/0", "criteria/1"]),
        (stages({"items": items("undisclosed", "undisclosed")}), ["criteria/0/items/0", "criteria/0/items/1"]),
        (stages({}, {"id": "style", "items": items("2", "undisclosed")}), ["criteria/0", "criteria/1/items/1"]),
        (stages({}, {"id": "style"}, paper="undisclosed"), ["criteria/0", "criteria/1"]),
    ],
)
def test_two_that_are_scored_do_not_share_what_is_left(rubric: list[dict[str, Any]], places: list[str]) -> None:
    """Eight points for each would be within ten, and together they would be sixteen of ten."""
    assert faults(rubric) == [f"/stages/0/assessments/0/{place}/maximum" for place in places]


def test_assessments_do_not_share_what_is_left_of_the_total() -> None:
    rubric = stages({}, paper="undisclosed", field="undisclosed")
    idea, (speed,) = rubric[0]["assessments"][0]["criteria"][0], rubric[0]["assessments"][1]["criteria"]
    speed.update(maximum="undisclosed", scoring=idea["scoring"])
    assert faults(rubric) == [f"{IDEA}/maximum", "/stages/0/assessments/1/criteria/0/maximum"]


@pytest.mark.parametrize(
    "rubric", [stages({}, {"id": "style", "scoring": HIDDEN}), stages({"scoring": HIDDEN}, {"id": "style"})]
)
def test_beside_what_is_certified_one_may_be_undisclosed(rubric: list[dict[str, Any]]) -> None:
    assert faults(rubric) == []


@pytest.mark.parametrize(("paper", "style", "lawful"), [("11", "4", True), ("10", "5", False), ("9", "4", False)])
def test_an_amendment_leaves_points_the_range_that_they_were_given_in(paper: str, style: str, lawful: bool) -> None:
    """Of ten, style had four, and six were left to the idea."""

    def rubric(paper: str, style: str) -> list[dict[str, Any]]:
        return stages({}, {"id": "style", "maximum": style}, paper=paper, total="undisclosed")

    history = [charters.charter(stages=rubric("10", "4")), *charters.opened()[1:]]
    body = {"charter": charters.document(stages=rubric(paper, style)), "reason": charters.names("why")}
    amending = given(background=history).when("amend-charter", body)
    if lawful:
        assert amending.decide()
    else:
        refusal = amending.refused(RulesInUseError, "/stages/0/assessments")
        assert "paper/idea: of 6" in refusal.detail
