"""What of an outcome somebody chose, and what had to come out so."""

from __future__ import annotations

from typing import Any

import pytest

from domain.decision import DECISIONS
from domain.discretion import INSTEAD, REPEATS
from domain.event import decode_data
from domain.reexecution import Proof
from domain.refusal import Refusal
from tests.domain.lives import LIVES
from tests.domain.playbook import asked, decision_id
from tests.domain.recorded import life, proofs
from tests.given import decide
from tests.playing import REHEARSAL
from tests.releases import KEPT, proved


def first(name: str, decision: str) -> Proof:
    """Of the first decision of a type in a life."""
    return next(each for each in proofs(life(name)) if each.decision == decision)


@pytest.mark.parametrize("decision", ["open-stage", "close-scoring", "consolidate-stage", "finalise-stage"])
def test_what_names_nothing_but_its_stage_had_to_come_out_so(decision: str) -> None:
    proof = first("granted", decision)
    assert (proof.verdict, proof.chosen, proof.instead) == ("forced", (), ())


@pytest.mark.parametrize(
    ("decision", "chosen"),
    [
        ("submit-score", ("points",)),
        ("rule-independence", ("perspectives", "findings", "evidence", "verdict")),
        ("grant-resource", ("quantity", "starts", "ends")),
    ],
)
def test_what_a_command_says_beside_what_it_is_about_was_chosen(decision: str, chosen: tuple[str, ...]) -> None:
    proof = first("granted", decision)
    assert (proof.verdict, proof.chosen) == ("discretion", chosen)


def test_an_elimination_by_rank_had_to_come_out_so_as_every_other_outcome_is_refused() -> None:
    proof = first("granted", "eliminate-team")
    assert (proof.verdict, proof.chosen) == ("forced", ())
    assert [(each.decision, each.values, each.refused) for each in proof.instead] == [
        ("eliminate-team", {"basis": "gate"}, "basis: cow failed no gate"),
        ("eliminate-team", {"basis": "ruling"}, "basis: no ruling says that cow is not independent"),
        ("advance-team", {}, "cow ranks 3, within the cut of 1"),
    ]


def test_an_outcome_was_chosen_where_the_other_one_was_lawful_too() -> None:
    """A ruling took the one place that the plan had; that another team left by rank was for the ministry to say."""
    found = [each for each in proved(KEPT[-1])[REHEARSAL] if each.decision == "eliminate-team"]
    assert [(each.verdict, each.chosen) for each in found] == [("discretion", ("outcome",)), ("forced", ())]
    assert [each.decision for each in found[0].instead if each.refused is None] == ["advance-team"]
    assert "naver-cloud was ruled not independent" in [each.refused for each in found[1].instead]


def test_a_field_with_few_values_was_chosen_where_another_one_is_lawful() -> None:
    proof = first("left under review", "give-opinion")
    assert (proof.verdict, proof.chosen) == ("discretion", ("opinion",))
    assert [(each.values, each.refused) for each in proof.instead] == [({"opinion": "not_met"}, None)]


def test_where_nothing_but_a_reason_is_given_it_was_chosen_to_decide_so() -> None:
    proof = first("not approved", "reject")
    assert (proof.verdict, proof.chosen) == ("discretion", ("reason",))


def test_of_a_proposal_and_its_approval_it_is_told_what_was_chosen_in_what_is_proposed() -> None:
    assert first("not approved", "correct-score").events == ("DecisionProposed",)
    assert first("not approved", "correct-score").chosen == ("points",)
    (approved,) = (each for each in proved(KEPT[-1])[REHEARSAL] if each.decision == "approve")
    assert set(approved.chosen) == {"actual", "approver", "subject"}


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "assent-amendment": ("left under review", {"rules_hash": "0" * 64}),
    "decide-objection": ("granted", {"team": "ant"}),
    "issue-certificate": ("certified by publishers", {"digest": "0" * 64}),
    "open-additional-call": ("granted", {"after": "final"}),
    "publish-results": ("granted", {"publishers": ["owner"]}),
}


@pytest.mark.parametrize("decision", REPEATS)
def test_what_only_repeats_what_is_known_can_say_nothing_else(decision: str) -> None:
    name, others = OTHERS[decision]
    assert tuple(others) == REPEATS[decision]
    step = next(each for each in LIVES[name] if each.decision == decision)
    proof = first(name, decision)
    history = [decode_data(each.type, each.version, each.data) for each in life(name) if each.position <= proof.after]
    assert proof.decision_id == decision_id(len(history) + 1)
    with pytest.raises(Refusal):
        decide(asked(history, step), decision, {**step.body, **others})


def test_what_else_can_be_decided_is_about_the_same() -> None:
    for one, other in INSTEAD.items():
        assert INSTEAD[other] == one
        assert {"stage", "team", "reason"} <= set(DECISIONS[other].command.__struct_fields__)
