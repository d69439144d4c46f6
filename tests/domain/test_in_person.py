"""What a team alone may say, and what an agency may enter about it by mandate."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter import document_faults
from domain.outcome_events import TeamWithdrawn
from domain.refusal import NotMandatedError
from domain.rulebook import DECISIONS
from domain.scalars import Names
from tests.domain import charters
from tests.given import given

OWN = {type_ for type_, each in DECISIONS.items() if each.own is not None}
WITHDRAWING = {"team": "ant", "reason": charters.names("why")}


def test_objections_assents_statements_and_acknowledgements_are_said_in_person() -> None:
    assert {type_ for type_ in OWN if DECISIONS[type_].in_person} == set(charters.IN_PERSON)


def test_withdrawals_changes_applications_and_usage_may_be_entered_by_an_agency_with_the_mandate() -> None:
    entered = {"withdraw-team", "change-consortium", "apply-to-call", "report-usage"}
    assert {type_ for type_ in OWN if not DECISIONS[type_].in_person} == entered
    assert entered <= set(charters.DECISIONS)
    asked = given(background=charters.enrolled())
    gone = TeamWithdrawn(team="ant", reason=Names(**charters.names("why")))
    asked.by("owner").when("withdraw-team", WITHDRAWING).then(gone)
    asked.by("other").when("withdraw-team", WITHDRAWING).refused(NotMandatedError)


@pytest.mark.parametrize("decision", charters.IN_PERSON)
def test_a_mandate_for_what_a_team_says_itself_is_a_dead_letter(decision: str) -> None:
    mandates = [*charters.document()["mandates"], {"decisions": ["open-stage", decision], "agencies": ["owner"]}]

    def faults(**changes: Any) -> list[tuple[str, str]]:
        document = charters.document(mandates=mandates, **changes)
        return [(fault.pointer, fault.detail) for fault in document_faults(charters.PROGRAMME, document)]

    says = f"{decision!r} is what a team says itself: no agency may say it"
    assert faults() == [("/mandates/2/decisions", says)]
    assert faults(data_set="public-record", recorder="owner") == []
