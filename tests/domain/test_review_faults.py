"""What is wrong with a charter's review of independence."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter import document_faults
from tests.domain import charters

REVIEWED = {"statement_days": "7", "panel": "jury"}


def faults(review: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    independence = {**charters.document()["independence"], "review": review}
    document = charters.document(**{"independence": independence, **changes})
    return [(fault.pointer, fault.detail) for fault in document_faults(charters.PROGRAMME, document)]


def test_a_charter_that_asks_for_a_review_has_no_fault() -> None:
    assert faults(REVIEWED) == []
    assert faults({"statement_days": "1"}) == []


@pytest.mark.parametrize(
    ("review", "pointer", "says"),
    [
        ({"panel": "jury"}, "/independence/review/statement_days", "is missing"),
        ({**REVIEWED, "statement_days": "0"}, "/independence/review/statement_days", "at least one"),
        ({**REVIEWED, "statement_days": "-1"}, "/independence/review/statement_days", "not a whole number"),
        ({**REVIEWED, "panel": "crowd"}, "/independence/review/panel", "panel of final"),
    ],
)
def test_a_review_that_nobody_could_hold_is_a_fault_of_the_charter(review: Any, pointer: str, says: str) -> None:
    assert any(pointer == where and says in detail for where, detail in faults(review))


def test_the_quorum_of_the_panel_that_gives_opinions_is_known_and_within_its_size() -> None:
    for quorum, says in (("undisclosed", "a known number"), ("4", "the panel's size 3")):
        stages = charters.document()["stages"]
        stages[1]["panels"][0]["quorum"] = quorum
        assert [(where, says in detail) for where, detail in faults(REVIEWED, stages=stages)] == [
            ("/stages/1/panels/0/quorum", True)
        ]
        assert bool(faults({"statement_days": "7"}, stages=stages)) is (quorum == "4")
    for stage in stages:
        stage["panels"].append({**stage["panels"][0], "id": "experts", "quorum": "1"})
        stage["panels"][0]["quorum"] = "undisclosed"
    assert faults({**REVIEWED, "panel": "experts"}, stages=stages) == []


@pytest.mark.parametrize(
    ("quorum", "replacement", "lawful"), [("3", "none", False), ("2", "none", True), ("3", "allowed", True)]
)
def test_one_who_is_recused_and_not_replaced_leaves_enough_to_give_opinions(
    quorum: str, replacement: str, lawful: bool
) -> None:
    stages = charters.document()["stages"]
    stages[0]["panels"][0].update(quorum=quorum, replacement=replacement)
    found = faults(REVIEWED, stages=stages)
    assert [where for where, _detail in found] == ([] if lawful else ["/stages/0/panels/0/quorum"])
    assert faults({"statement_days": "7"}, stages=stages) == []


def test_a_review_of_nothing_would_never_end() -> None:
    says = "no perspective that a ruling could name, so that no review would ever end"
    nothing: dict[str, Any] = {"perspectives": [], "review": REVIEWED}
    for more in ({}, {"data_set": "public-record", "recorder": "owner"}):
        assert faults(REVIEWED, independence=nothing, **more) == [("/independence/review", says)]
        assert faults(REVIEWED, independence={"perspectives": []}, **more) == []


def test_opinions_need_somebody_who_appoints_the_panel() -> None:
    decisions = [each for each in charters.DECISIONS if each != "appoint-evaluator"]
    nobody: dict[str, Any] = {"mandates": [{"decisions": decisions, "agencies": ["owner"]}, charters.PUBLISHING]}
    fault = ("/independence/review", "nobody may appoint-evaluator, so that nothing could ever be ruled")
    assert fault in faults(REVIEWED, **nobody)
    assert fault not in faults({"statement_days": "7"}, **nobody)


@pytest.mark.parametrize("decision", ["open-independence-review", "request-statement", "give-opinion"])
def test_a_review_needs_somebody_for_each_of_its_steps(decision: str) -> None:
    without: dict[str, Any] = {
        "mandates": [
            {"decisions": [each for each in charters.DECISIONS if each != decision], "agencies": ["owner"]},
            charters.PUBLISHING,
        ]
    }
    ((pointer, detail),) = faults(REVIEWED, **without)
    assert (pointer, decision in detail) == ("/independence/review", True)
    reported = {**without, "data_set": "public-record", "recorder": "owner"}
    assert faults(REVIEWED, **reported) == []
    nobody: dict[str, Any] = {"mandates": [*without["mandates"], {"decisions": [decision], "agencies": []}]}
    assert (pointer, detail) in faults(REVIEWED, **nobody)
    if decision == "give-opinion":
        assert faults({"statement_days": "7"}, **without) == []


def test_a_review_needs_teams_that_answer_themselves() -> None:
    own = [each for each in charters.IN_PERSON if each != "give-statement"]
    says = "no team may give-statement, so that none could ever be heard"
    assert faults(REVIEWED, consortium_decisions=own) == [("/independence/review", says)]
    assert faults(REVIEWED, consortium_decisions=own, data_set="public-record", recorder="owner") == []


def test_a_perspective_that_nothing_can_meet_is_a_fault_of_the_charter() -> None:
    independence = charters.document()["independence"]
    (own,) = independence["perspectives"]
    own["requires"] = "any"
    assert list(document_faults(charters.PROGRAMME, charters.document(independence=independence))) == []
    own["conditions"][0]["mandatory"] = "no"
    (fault,) = document_faults(charters.PROGRAMME, charters.document(independence=independence))
    assert fault.pointer == "/independence/perspectives/0/requires"
