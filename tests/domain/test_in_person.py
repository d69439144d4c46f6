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


def test_withdrawals_objections_assents_statements_and_acknowledgements_are_said_in_person() -> None:
    assert {type_ for type_ in OWN if DECISIONS[type_].in_person} == set(charters.IN_PERSON)


def test_no_agency_withdraws_a_team_but_to_report_that_it_left() -> None:
    gone = TeamWithdrawn(team="ant", reason=Names(**charters.names("why")))
    asked = given(background=charters.enrolled())
    asked.by_consortium("ant").when("withdraw-team", WITHDRAWING).then(gone)
    asked.by("owner").when("withdraw-team", WITHDRAWING).refused(NotMandatedError, "/team")
    record = given(background=[charters.reported_charter(), *charters.enrolled()[1:]])
    reported = {**WITHDRAWING, "attribution": "reported", "source": "a newspaper"}
    record.by("owner").when("withdraw-team", reported).then(gone)
    record.by("other").when("withdraw-team", reported).refused(NotMandatedError)


def test_changes_applications_and_usage_may_be_entered_by_an_agency_with_the_mandate() -> None:
    entered = {"change-consortium", "apply-to-call", "report-usage"}
    assert {type_ for type_ in OWN if not DECISIONS[type_].in_person} == entered
    assert entered <= set(charters.DECISIONS)
    changing = {"team": "ant", "joined": ["Lab"], "effective": "2026-01-15"}
    asked = given(background=charters.enrolled())
    assert asked.by("owner").when("change-consortium", changing).decide()
    asked.by("other").when("change-consortium", changing).refused(NotMandatedError)


@pytest.mark.parametrize("decision", charters.IN_PERSON)
def test_a_mandate_for_what_a_team_says_itself_is_a_dead_letter(decision: str) -> None:
    mandates = [*charters.document()["mandates"], {"decisions": ["open-stage", decision], "agencies": ["owner"]}]

    def faults(**changes: Any) -> list[tuple[str, str]]:
        document = charters.document(mandates=mandates, **changes)
        return [(fault.pointer, fault.detail) for fault in document_faults(charters.PROGRAMME, document)]

    says = f"{decision!r} is what a team says itself: no agency may say it"
    assert faults() == [("/mandates/2/decisions", says)]
    assert faults(data_set="public-record", recorder="owner") == []
