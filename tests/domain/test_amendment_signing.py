"""What an amendment leaves of the signatures that a charter asks for."""

from __future__ import annotations

import pytest

from domain.amendment_signing import AmenderWithoutKeyError, LessSignedError
from domain.keys import KeyRegistered, KeyRevoked
from domain.proposal_events import DecisionProposed
from tests.domain.charters import charter, document
from tests.domain.test_keys import OTHER_X, registered
from tests.given import given

SIGNED = ["enrol-team", "open-stage"]


def lost(agency: str) -> tuple[KeyRegistered, KeyRevoked]:
    """Its only key, registered and revoked."""
    key = f"{agency}-1"
    return registered(agency, key), KeyRevoked(agency=agency, key=key, reason="lost")


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


@pytest.mark.parametrize("agency", ["owner", "clerk"])
def test_signatures_are_asked_for_once_whoever_amends_or_countersigns_that_can_sign(agency: str) -> None:
    body = {"charter": document(signed=SIGNED)}
    history = (charter(), *lost(agency))
    refusal = given(*history).when("amend-charter", body).refused(AmenderWithoutKeyError, "/charter/signed")
    assert refusal.detail.startswith(f"signed: {agency} ")
    again = registered(agency, f"{agency}-2", OTHER_X)
    assert given(*history, again).when("amend-charter", body).decide()
    assert given(*history).when("amend-charter", {"charter": document(seats="4")}).decide()


def test_who_has_no_say_in_amendments_may_have_lost_its_keys() -> None:
    agencies = [*document()["agencies"], {"id": "idle", "name": document()["title"]}]
    body = {"charter": document(agencies=agencies, signed=SIGNED)}
    assert given(charter(agencies=agencies), *lost("idle")).when("amend-charter", body).decide()
    mandates = [*document()["mandates"], {"decisions": ["amend-charter"], "agencies": ["idle"]}]
    given(charter(agencies=agencies, signed=SIGNED), *lost("idle")).signed("a key").when(
        "amend-charter", {"charter": document(agencies=agencies, signed=SIGNED, mandates=mandates)}
    ).refused(AmenderWithoutKeyError)
