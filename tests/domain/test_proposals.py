"""Countersignature: one proposes, another approves."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.charter import CharterAmended, CharterPublished
from domain.event import Event
from domain.objections import TookPartError
from domain.proposal_events import (
    DecisionApproved,
    DecisionProposed,
    DecisionRejected,
    ProposalClosedError,
    ProposalWithdrawn,
    UnknownProposalError,
)
from domain.proposals import (
    NotCountersignerError,
    NotProposableError,
    NotProposerError,
    ProposalExpiredError,
    ProposalStaleError,
)
from domain.refusal import InvalidCommandError, NotMandatedError
from domain.scalars import Names
from domain.teams import TeamAlreadyEnrolledError, TeamEnrolled
from tests.domain import charters
from tests.domain.objecting import DECIDING, FILED, published
from tests.domain.objecting import charter as objecting
from tests.given import DECIDED_AT, DECISION_ID, Given, given

PROPOSAL = f"programme:{DECISION_ID}"
ENROL = {"team": "ant", "name": charters.names("ANT")}
BODY = json.dumps(ENROL, ensure_ascii=False, separators=(",", ":"))
HASH = hashlib.sha256(BODY.encode()).hexdigest()
APPROVAL = {"proposal": PROPOSAL, "command_hash": HASH}


def two_eyes(**changes: Any) -> CharterPublished:
    """Enrolment waits for the other agency."""
    countersigned = {"decisions": ["enrol-team"], "agencies": ["owner", "other"]}
    return charters.charter(countersignatures=[{**countersigned, **changes}])


def proposed(*before: Event) -> list[Event]:
    history = [two_eyes(), *before]
    return [*history, *given(background=history).when("enrol-team", ENROL).decide()]


def approving(history: list[Event], by: str = "other") -> Given:
    return given(background=history).by(by)


def test_a_decision_that_the_charter_gives_to_two_becomes_a_proposal() -> None:
    (event,) = given(two_eyes()).when("enrol-team", ENROL).decide()
    assert isinstance(event, DecisionProposed)
    assert (event.proposal, event.awaiting, event.events) == (PROPOSAL, ("other",), ("TeamEnrolled",))
    assert event.command_hash == HASH
    assert event.expires_at == "2026-02-14T15:00:00.000000Z"


def test_what_would_be_refused_cannot_be_proposed() -> None:
    given(background=[two_eyes(), charters.enrolment("ant")]).when("enrol-team", ENROL).refused(
        TeamAlreadyEnrolledError
    )


def test_who_may_not_decide_may_not_propose() -> None:
    given(two_eyes()).by("other").when("enrol-team", ENROL).refused(NotMandatedError)


def test_it_can_be_proposed_by_name() -> None:
    (event,) = given(two_eyes()).when("propose", {"decision": "enrol-team", "command": ENROL}).decide()
    assert isinstance(event, DecisionProposed)
    assert event.decision == "enrol-team"


@pytest.mark.parametrize("decision", ["x", "propose", "approve", "reject"])
def test_only_what_waits_for_two_can_be_proposed(decision: str) -> None:
    given(background=[two_eyes()]).when("propose", {"decision": decision, "command": {}}).refused(
        InvalidCommandError, "/decision"
    )


def test_approval_takes_effect_in_the_same_decision() -> None:
    approved, enrolled = approving(proposed()).when("approve", APPROVAL).decide()
    assert isinstance(approved, DecisionApproved)
    assert approved.proposer.agency == "owner"
    assert enrolled == TeamEnrolled(team="ant", name=Names(**charters.names("ANT")))


def test_nobody_approves_what_they_proposed() -> None:
    approving(proposed(), "owner").when("approve", APPROVAL).refused(NotCountersignerError)


def test_the_proposers_own_agency_may_approve_where_the_charter_allows_it_but_not_the_same_person() -> None:
    history: list[Event] = [two_eyes(same_agency="yes")]
    history += given(background=history).when("enrol-team", ENROL).decide()
    approving(history, "owner").when("approve", APPROVAL).refused(NotCountersignerError)


@pytest.mark.parametrize(
    ("proposer", "approver", "lawful"),
    [
        ("slk_1", "slk_2", False),
        ("slk_1", "person-1", False),
        ("person-1", "slk_1", False),
        ("person-1", "slc_1", False),
        ("person-1", "person-2", True),
        ("person-1", "person-1", False),
    ],
)
def test_within_one_agency_two_persons_decide_and_keys_are_none(proposer: str, approver: str, lawful: bool) -> None:
    history: list[Event] = [two_eyes(same_agency="yes")]
    history += given(background=history).by("owner", proposer).when("enrol-team", ENROL).decide()
    (made,) = history[1:]
    assert isinstance(made, DecisionProposed)
    # An awaited agency that cannot approve would be waited for in vain; as it was recorded before, it may stand there.
    assert made.awaiting == (("owner", "other") if proposer.startswith("person-") else ("other",))
    history[1] = msgspec.structs.replace(made, awaiting=("owner", "other"))
    approval = given(background=history).by("owner", approver).when("approve", APPROVAL)
    if lawful:
        assert approval.decide()
    else:
        approval.refused(NotCountersignerError)


def test_a_key_proposes_nothing_that_only_persons_of_its_agency_could_approve() -> None:
    history = given(background=[two_eyes(same_agency="yes", agencies=["owner"])])
    history.when("enrol-team", ENROL).refused(NotProposableError)
    assert history.by("owner", "person-1").when("enrol-team", ENROL).decide()


def test_the_same_person_approves_for_no_other_agency_either() -> None:
    history = given(background=proposed())
    history.by("other", "key of owner").when("approve", APPROVAL).refused(NotCountersignerError)
    assert history.by("other", "another").when("approve", APPROVAL).decide()


def test_only_who_may_approve_is_awaited() -> None:
    """An objection is decided by nobody who took part: one of the countersigners did."""
    document = charters.document()
    agencies = [*document["agencies"], {"id": "third", "name": charters.names("Third")}]
    second = {"decisions": ["decide-objection"], "agencies": ["owner", "third"]}
    charter = objecting(agencies=agencies, countersignatures=[second])
    history = [charter, *published(FILED).background[1:]]
    (event,) = given(background=history).by("other").when("decide-objection", DECIDING).decide()
    assert isinstance(event, DecisionProposed)
    assert event.awaiting == ("third",)
    nobody = objecting(countersignatures=[{**second, "agencies": ["owner"]}])
    given(background=[nobody, *history[1:]]).by("other").when("decide-objection", DECIDING).refused(TookPartError)


def test_whom_the_charter_names_no_more_approves_no_more() -> None:
    without = two_eyes(agencies=["owner"], same_agency="yes")
    amended = CharterAmended(
        rules_hash=without.rules_hash, document=without.document, replaces="", deviation=False, reason=None
    )
    approving([*proposed(), amended]).when("approve", APPROVAL).refused(NotCountersignerError)


def test_an_approval_names_the_very_command() -> None:
    wrong = {"proposal": PROPOSAL, "command_hash": "0" * 64}
    approving(proposed()).when("approve", wrong).refused(InvalidCommandError, "/command_hash")


@pytest.mark.parametrize("late", [timedelta(days=30, hours=11, minutes=59), timedelta(days=31)])
def test_a_proposal_expires_at_the_end_of_its_last_day_in_seoul(late: timedelta) -> None:
    decided = approving(proposed()).at(DECIDED_AT + late).when("approve", APPROVAL)
    if late < timedelta(days=31):
        assert decided.decide()
    else:
        decided.refused(ProposalExpiredError)


def test_a_proposal_is_settled_once() -> None:
    history = proposed()
    history += approving(history).when("approve", APPROVAL).decide()
    approving(history).when("approve", APPROVAL).refused(ProposalClosedError)
    approving(history).when("reject", {"proposal": PROPOSAL, "reason": "no"}).refused(ProposalClosedError)


def test_a_proposal_that_would_now_be_refused_is_refused() -> None:
    history = [*proposed(), charters.enrolment("ant")]
    approving(history).when("approve", APPROVAL).refused(TeamAlreadyEnrolledError)


def test_a_proposal_is_stale_when_it_would_come_to_something_else() -> None:
    """The field of the stage has changed since."""
    history: list[Event] = [
        charters.charter(countersignatures=[{"decisions": ["open-stage"], "agencies": ["other"]}]),
        charters.enrolment("ant"),
    ]
    command = {"stage": "heat"}
    history += given(background=history).when("open-stage", command).decide()
    digest = hashlib.sha256(b'{"stage":"heat"}').hexdigest()
    approval = {"proposal": PROPOSAL, "command_hash": digest}
    assert approving(history).when("approve", approval).decide()
    approving([*history, charters.enrolment("bee")]).when("approve", approval).refused(ProposalStaleError)


def test_an_unknown_proposal_is_refused() -> None:
    other = {**APPROVAL, "proposal": "programme:01936f2e-0000-7000-8000-00000000000f"}
    approving(proposed()).when("approve", other).refused(UnknownProposalError, "/proposal")


def test_another_agency_rejects_with_its_reason() -> None:
    rejection = {"proposal": PROPOSAL, "reason": "not yet"}
    approving(proposed()).when("reject", rejection).then(DecisionRejected(proposal=PROPOSAL, reason="not yet"))
    approving(proposed(), "owner").when("reject", rejection).refused(NotCountersignerError)


def test_the_proposer_withdraws_it_and_nobody_else() -> None:
    withdrawal = {"proposal": PROPOSAL, "reason": "mistaken"}
    approving(proposed(), "owner").when("withdraw-proposal", withdrawal).then(
        ProposalWithdrawn(proposal=PROPOSAL, reason="mistaken")
    )
    approving(proposed()).when("withdraw-proposal", withdrawal).refused(NotProposerError)
    of_that_id = given(background=proposed()).by_consortium("owner")
    of_that_id.when("withdraw-proposal", withdrawal).refused(NotProposerError)


def test_every_misshapen_field_of_what_is_proposed_is_named_in_a_persons_words() -> None:
    command = {"team": "A b", "name": {"en": "A"}, "surprise": "1"}
    history = given(charters.charter())
    refusal = history.when("propose", {"decision": "enrol-team", "command": command}).refused(InvalidCommandError)
    assert {each.pointer: each.detail for each in refusal.errors} == {
        "/command/surprise": "is no field that is known here",
        "/command/team": "'A b' is not a name of 1 to 64 lower-case letters, digits, dots and hyphens",
        "/command/name/ko": "is missing",
    }
