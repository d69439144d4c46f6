"""A charter under which nobody could decide an objection without having taken part in what it is about."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.charters import document, names
from tests.domain.test_course_faults import faults, objectionable, without

AGENCIES = [*document()["agencies"], {"id": "third", "name": names("Third")}]
RULED = ["a ruling", "an elimination by ruling"]
OUT = ["an elimination", "an elimination by ruling"]


def deciding(decisions: list[str], *agencies: str) -> dict[str, Any]:
    return {"decisions": decisions, "agencies": list(agencies)}


def undecidable(*mandates: dict[str, Any], countersigned: tuple[dict[str, Any], ...] = ()) -> list[str]:
    """What objections could be about that nobody could decide; the owner may whatever no mandate gives."""
    given = [decision for each in mandates for decision in each["decisions"]]
    changes: dict[str, Any] = {
        "agencies": AGENCIES,
        "mandates": [*without(*given, "decide-objection")["mandates"], *mandates],
        "countersignatures": [*countersigned, *document()["countersignatures"]],
    }
    assert faults(**changes) == []
    found = faults(**changes, stages=objectionable())
    assert all(place == "/stages/1/objections" for place, _ in found)
    assert faults(**changes, stages=objectionable(), data_set="public-record", recorder="owner") == []
    return [detail.partition(" an objection to ")[2].partition(":")[0] for _, detail in found]


@pytest.mark.parametrize(
    ("decision", "subjects"),
    [
        ("submit-score", ["scores"]),
        ("record-exclusion", ["scores"]),
        ("certify-figure", ["scores"]),
        ("consolidate-stage", ["scores"]),
        ("reopen-scoring", ["scores"]),
        ("eliminate-team", OUT),
        ("advance-team", ["an advancement"]),
        ("rule-independence", RULED),
    ],
)
def test_an_objection_needs_somebody_who_took_no_part(decision: str, subjects: list[str]) -> None:
    """Whoever gives scores takes part in all of them; whoever alone may make a decision, or approve it, in that."""
    both = deciding(["decide-objection", decision], "other")
    free = deciding(["decide-objection"], "third")
    assert undecidable(both) == subjects
    assert undecidable(both, free) == []
    approving = deciding([decision], "other")
    judge = deciding(["decide-objection"], "other")
    assert undecidable(judge, countersigned=(approving,)) == subjects
    assert undecidable(judge, free, countersigned=(approving,)) == []
    assert undecidable(judge, countersigned=(deciding([decision], "other", "third"),)) == []


def test_whoever_approves_that_an_objection_is_decided_took_no_part_either() -> None:
    judge, out = deciding(["decide-objection"], "other"), deciding(["eliminate-team"], "third")
    assert undecidable(judge, out) == []
    assert undecidable(judge, out, countersigned=(deciding(["decide-objection"], "third"),)) == OUT
    approved_by_either = deciding(["decide-objection"], "third", "owner")  # who rules, too
    assert undecidable(judge, out, countersigned=(approved_by_either,)) == ["an elimination by ruling"]


def test_of_two_who_each_approve_the_other_nobody_is_left_for_what_one_of_them_decides() -> None:
    both = ("other", "third")
    out = deciding(["decide-objection", "eliminate-team"], *both)
    assert undecidable(out) == []
    assert undecidable(out, countersigned=(deciding(["decide-objection"], *both),)) == OUT


def test_an_elimination_by_ruling_rests_on_both() -> None:
    ruling, out = deciding(["rule-independence"], "other"), deciding(["eliminate-team"], "third")
    assert undecidable(ruling, out, deciding(["decide-objection"], "other", "third")) == ["an elimination by ruling"]
    assert undecidable(ruling, out, deciding(["decide-objection"], "other", "owner", "third")) == []


def test_where_there_is_nothing_to_rule_upon_no_objection_is_to_a_ruling() -> None:
    both = deciding(["decide-objection", "rule-independence"], "other")
    assert undecidable(both) == RULED
    changes: dict[str, Any] = {"mandates": [*without("decide-objection", "rule-independence")["mandates"], both]}
    assert faults(**changes, agencies=AGENCIES, stages=objectionable(), independence={"perspectives": []}) == []
