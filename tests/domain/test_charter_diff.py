"""What differs between two charters, in words."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from domain.charter_diff import differences
from tests.domain import charters

Document = dict[str, Any]


def after(change: Callable[[Document], object]) -> list[str]:
    before = charters.document()
    changed = copy.deepcopy(before)
    change(changed)
    return list(differences(before, changed))


def criterion(document: Document) -> Document:
    found: Document = document["stages"][0]["assessments"][0]["criteria"][0]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda d: criterion(d).update(maximum="12"),
            ["stage heat, assessment paper, criterion idea: maximum 10 → 12"],
        ),
        (
            lambda d: criterion(d)["scoring"].update(aggregate="mean"),
            ["stage heat, assessment paper, criterion idea, scoring: aggregate median → mean"],
        ),
        (lambda d: d["stages"].pop(), ["stage final removed"]),
        (lambda d: d["resources"].append({"id": "x"}), ["resource x added"]),
        (lambda d: d["agencies"].reverse(), ["agencies in another order: clerk, other, owner"]),
        (lambda d: d["stages"][0].update(tie_break=[]), ["stage heat: tie break paper → none"]),
        (lambda d: d.update(calls=[]), ["call refill removed"]),
        (lambda d: d["title"].update(en="A walk"), ["title: en A race → A walk"]),
        (lambda d: d.update(zone="UTC"), ["zone nothing → UTC"]),
        (
            lambda d: d["mandates"].append({"decisions": ["reject", "enrol-team"], "agencies": ["other"]}),
            [
                "other may decide enrol-team, which it did not before",
                "other may decide reject, which it did not before",
            ],
        ),
        (
            lambda d: d["countersignatures"].append({"decisions": ["enrol-team"], "agencies": ["other"]}),
            ["other approves enrol-team, which it did not before"],
        ),
    ],
)
def test_a_difference_is_said_by_part(change: Callable[[Document], object], said: list[str]) -> None:
    assert after(change) == said


def test_the_same_mandates_in_other_groups_are_no_difference() -> None:
    def regroup(document: Document) -> None:
        document["mandates"] = [
            {**mandate, "decisions": [each]}
            for mandate in reversed(document["mandates"])
            for each in reversed(mandate["decisions"])
        ]

    assert after(regroup) == []
    assert list(differences(charters.document(), charters.document())) == []
