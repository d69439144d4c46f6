"""Recorded decisions made again: what follows from its command, and what does not, by name and position."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.decision import DECISIONS
from domain.reexecution import Reexecution
from service.ed25519 import verify_ed25519
from tests.domain.recorded import life, proofs
from tests.playing import HARBOUR
from tests.releases import KEPT, proved, recorded

LIVED = ("rules", "not approved", "taken back", "certified by publishers", "published anew", "replaced", "corrected")
"""Lives with what no programme that is shipped has."""


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.name)
def test_every_decision_of_every_release_is_made_again_by_this_one(file: Path) -> None:
    found = [proof for each in proved(file).values() for proof in each]
    assert [each for each in found if each.verdict not in ("forced", "discretion")] == []
    assert sum(len(each.events) for each in found) == sum(map(len, recorded(file).values())) > 1000


@pytest.mark.parametrize("name", LIVED)
def test_each_decision_of_a_life_is_made_again(name: str) -> None:
    assert [each.why for each in proofs(life(name)) if each.why] == []


def test_every_decision_there_is_is_made_again_somewhere() -> None:
    made = {proof.decision for file in KEPT for each in proved(file).values() for proof in each}
    made |= {each.decision for name in (*LIVED, "granted") for each in proofs(life(name))}
    assert set(DECISIONS) - made == {"propose"}  # what it comes to is what submitting the decision itself does


def test_what_others_have_read_serves_as_well_as_reading_the_boundary_alone() -> None:
    for name in LIVED:
        assert proofs(life(name), exact=True) == proofs(life(name))
    ledger = recorded(KEPT[-1])[HARBOUR]
    assert list(Reexecution(HARBOUR, verify_ed25519, exact=True).proofs(ledger)) == proved(KEPT[-1])[HARBOUR]
