"""A charter under which nobody could decide an objection without having taken part in what it is about."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter_document import SCORING
from tests.domain.charters import AT_TIMES, DEVIATIONS, document, names
from tests.domain.test_course_faults import faults, objectionable, without

AGENCIES = [*document()["agencies"], {"id": "third", "name": names("Third")}]
SUPERSEDED = ["what takes the place of an advancement", "what takes the place of an elimination"]


def deciding(decisions: list[str], *agencies: str) -> dict[str, Any]:
    return {"decisions": decisions, "agencies": list(agencies)}


def at_times_but(*countersigned: dict[str, Any]) -> dict[str, Any]:
    """Who approves what else waits at times than what is approved already."""
    said = [decision for each in countersigned for decision in each["decisions"]]
    return {**AT_TIMES, "decisions": [each for each in AT_TIMES["decisions"] if each not in said]}


def undecidable(*mandates: dict[str, Any], countersigned: tuple[dict[str, Any], ...] = ()) -> list[str]:
    """What objections could be about that nobody could decide; the owner may whatever no mandate gives."""
    given = [decision for each in mandates for decision in each["decisions"]]
    changes: dict[str, Any] = {
        "agencies": AGENCIES,
        "mandates": [*without(*given, "decide-objection")["mandates"], *mandates],
        "countersignatures": [*countersigned, DEVIATIONS, at_times_but(*countersigned)],
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
        ("reconsolidate-stage", ["scores"]),
        ("eliminate-team", ["an elimination"]),
        ("advance-team", ["an advancement"]),
        ("supersede-outcome", SUPERSEDED),
        ("rule-independence", ["a ruling"]),
    ],
)
def test_an_objection_needs_somebody_who_took_no_part(decision: str, subjects: list[str]) -> None:
    """Whoever gives scores takes part in all of them; whoever alone may make a decision, or approve it, in that.

    What rests on something that nobody could decide about is not said again.
    """
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
    assert undecidable(judge, out, countersigned=(deciding(["decide-objection"], "third"),)) == ["an elimination"]
    approved_by_either = deciding(["decide-objection"], "third", "owner")  # who rules, too
    assert undecidable(judge, out, countersigned=(approved_by_either,)) == [SUPERSEDED[1], "an elimination by ruling"]


def test_of_two_who_each_approve_the_other_nobody_is_left_for_what_one_of_them_decides() -> None:
    both = ("other", "third")
    out = deciding(["decide-objection", "eliminate-team"], *both)
    assert undecidable(out) == []
    assert undecidable(out, countersigned=(deciding(["decide-objection"], *both),)) == ["an elimination"]


def test_an_elimination_by_ruling_rests_on_both() -> None:
    ruling, out = deciding(["rule-independence"], "other"), deciding(["eliminate-team"], "third")
    assert undecidable(ruling, out, deciding(["decide-objection"], "other", "third")) == ["an elimination by ruling"]
    assert undecidable(ruling, out, deciding(["decide-objection"], "other", "clerk", "third")) == []


def test_where_there_is_nothing_to_rule_upon_no_objection_is_to_a_ruling() -> None:
    both = deciding(["decide-objection", "rule-independence"], "other")
    assert undecidable(both) == ["a ruling"]
    changes: dict[str, Any] = {"mandates": [*without("decide-objection", "rule-independence")["mandates"], both]}
    assert faults(**changes, agencies=AGENCIES, stages=objectionable(), independence={"perspectives": []}) == []


def test_an_elimination_that_is_superseded_by_one_on_a_ruling_rests_on_all_three() -> None:
    ruling, out = deciding(["rule-independence"], "other"), deciding(["eliminate-team"], "third")
    three = deciding(["decide-objection"], "other", "owner", "third")
    assert undecidable(ruling, out, three) == ["an elimination by ruling in the place of an elimination"]
    later = deciding(["advance-team", "supersede-outcome"], "third")
    assert undecidable(ruling, out, later, three) == []


def approving(decision: str, *agencies: str) -> list[dict[str, Any]]:
    """Who approves the decision at times; as ever whatever else waits at times."""
    own = {**deciding([decision], *agencies), "when": "after-close"}
    return [DEVIATIONS, at_times_but(own), own]


@pytest.mark.parametrize("decision", SCORING)
def test_whoever_alone_approves_a_score_at_times_took_part_in_it(decision: str) -> None:
    """A correction after the close; whatever is entered in a reopened stage, if scoring may be reopened."""
    changes: dict[str, Any] = {"stages": objectionable(), "countersignatures": approving(decision, "other")}
    ((_, detail),) = faults(**changes)
    assert "an objection to scores" in detail
    assert faults(**changes | {"countersignatures": approving(decision, "other", "clerk")}) == []
    asks_anyway = decision.startswith("correct")
    assert bool(faults(**changes, **without("reopen-scoring"))) == asks_anyway
