"""What an amendment leaves of the signatures that a charter asks for."""

from __future__ import annotations

import pytest

from domain.amendment_signing import LessSignedError
from domain.proposal_events import DecisionProposed
from tests.domain.charters import charter, document
from tests.given import given

SIGNED = ["enrol-team", "open-stage"]


@pytest.mark.parametrize("left", [[], ["enrol-team"], ["enrol-team", "close-scoring"]])
def test_what_is_signed_stays_signed(left: list[str]) -> None:
    before = given(charter(signed=SIGNED)).signed("a key")
    refusal = before.when("amend-charter", {"charter": document(signed=left)}).refused(
        LessSignedError, "/charter/signed"
    )
    assert "open-stage" in refusal.detail
    assert "enrol-team" not in refusal.detail or not left


@pytest.mark.parametrize("after", [SIGNED[::-1], [*SIGNED, "close-scoring"]])
def test_more_may_be_signed(after: list[str]) -> None:
    before = given(charter(signed=SIGNED)).signed("a key")
    (event,) = before.when("amend-charter", {"charter": document(signed=after)}).decide()
    assert isinstance(event, DecisionProposed)
