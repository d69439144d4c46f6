"""Results are released by all joint publishers, each for itself, as they stand when the last of them agrees."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter import CharterAmended
from domain.event import Event, decode_data
from domain.outcome_events import (
    DeviationRecorded,
    OutcomeSuperseded,
    TeamAdvanced,
    TeamEliminated,
    TeamWithdrawn,
)
from domain.outcomes import NoBasisError
from domain.proposal_events import DecisionProposed
from domain.proposals import ProposalStaleError
from domain.publishing import NotJointPublishersError, OnePersonError, ReleaseAlreadyAgreedError
from domain.record import CHANGES_RESULTS, Course, run_course
from domain.refusal import NotMandatedError
from domain.stage_events import (
    ReleaseAgreed,
    ResultsPublished,
    ScoringClosed,
    ScoringReopened,
    StageConsolidated,
    StageReconsolidated,
)
from domain.stages import EliminationsNotAsPlannedError, OutcomeMissingError, ResultsAlreadyPublishedError
from tests.domain import charters
from tests.domain.charters import AGREED, names
from tests.domain.test_stages import BOTH, REASON, ruled, with_outcomes
from tests.given import Given, given

BY_OWNER = ReleaseAgreed(stage="heat", agency="owner", principal="key of owner")
PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"))


def after(*more: Event) -> Given:
    return given(background=[*with_outcomes(), *more])


def of_three(*publishers: str) -> dict[str, Any]:
    """A charter of three agencies that may publish, and of those who publish together."""
    changed = charters.document(joint_publishers=list(publishers))
    changed["agencies"].append({"id": "third", "name": names("Third")})
    changed["mandates"][1]["agencies"] = ["other", "third"]
    return changed


def amended(*publishers: str) -> CharterAmended:
    said = charters.charter(**of_three(*publishers))
    return CharterAmended(rules_hash=said.rules_hash, document=said.document, replaces="0" * 64, deviation=True)


def together(*publishers: str) -> dict[str, Any]:
    return {"stage": "heat", "publishers": list(publishers)}


def test_each_joint_publisher_agrees_and_the_last_one_publishes() -> None:
    after().when("publish-results", BOTH).then(BY_OWNER)
    after().by("other").when("publish-results", BOTH).then(AGREED)
    after(AGREED).when("publish-results", BOTH).then(PUBLISHED)
    after(BY_OWNER).by("other").when("publish-results", BOTH).then(PUBLISHED)


def test_of_three_two_agree_before_the_last_one_publishes() -> None:
    three = ("owner", "other", "third")
    history = [charters.charter(**of_three(*three)), *with_outcomes()[1:]]
    for agency in ("third", "owner"):
        agreed = given(background=history).by(agency).when("publish-results", together(*three)).decide()
        assert agreed == (ReleaseAgreed(stage="heat", agency=agency, principal=f"key of {agency}"),)
        history += agreed
    last = given(background=history).by("other").when("publish-results", together(*three))
    last.then(ResultsPublished(stage="heat", publishers=three))


def test_a_sole_publisher_publishes_at_once() -> None:
    history = [charters.charter(joint_publishers=["owner"]), *with_outcomes()[1:]]
    alone = given(background=history).when("publish-results", together("owner"))
    alone.then(ResultsPublished(stage="heat", publishers=("owner",)))


def test_what_is_reported_was_published_by_all_of_them() -> None:
    history = [charters.reported_charter(), *with_outcomes()[1:]]
    reported = {**BOTH, "attribution": "reported", "source": "a newspaper"}
    given(background=history).when("publish-results", reported).then(PUBLISHED)


def test_an_agency_agrees_once() -> None:
    refusal = after(BY_OWNER).when("publish-results", BOTH).refused(ReleaseAlreadyAgreedError)
    assert refusal.detail == "owner agreed to release the results of heat; awaited: other"


def test_every_agreement_is_by_a_publisher_and_names_all_of_them() -> None:
    after(BY_OWNER).by("other").when("publish-results", together("other")).refused(NotJointPublishersError)
    history = [charters.charter(**of_three("owner", "other")), *with_outcomes()[1:], BY_OWNER]
    given(background=history).by("third").when("publish-results", BOTH).refused(NotJointPublishersError)
    after(BY_OWNER).by("nobody").when("publish-results", BOTH).refused(NotMandatedError)


def test_every_agreement_waits_for_what_publication_waits_for() -> None:
    given(background=with_outcomes()[:-1]).when("publish-results", BOTH).refused(OutcomeMissingError)
    ruled_out = ruled("ant", "not_met")
    after(ruled_out).when("publish-results", BOTH).refused(NoBasisError)
    after(deviating("2")).when("publish-results", BOTH).refused(EliminationsNotAsPlannedError)
    after(PUBLISHED).by("other").when("publish-results", BOTH).refused(ResultsAlreadyPublishedError)


def deviating(actual: str) -> DeviationRecorded:
    return DeviationRecorded(
        stage="heat", subject="eliminations", planned="1", actual=actual, reason=REASON, approver="other"
    )


def superseded(team: str, was: Any, to: Any) -> OutcomeSuperseded:
    return OutcomeSuperseded(stage="heat", team=team, was=was, to=to, basis="rank", reason=REASON)


AGAIN = StageReconsolidated(stage="heat", digest="", position=1, basis="computed", supersedes=1, reason=REASON)
CHANGES: dict[str, list[Event]] = {
    "reopened": [ScoringReopened(stage="heat", reason=REASON), ScoringClosed(stage="heat"), AGAIN],
    "settled": [StageConsolidated(stage="heat", digest="", position=1, basis="computed")],
    "settled again": [AGAIN],
    "ruled": [ruled("ant")],
    "deviating": [deviating("2"), deviating("1")],
    "withdrawn": [TeamWithdrawn(team="ant", stage="heat", reason=REASON)],
    "superseded": [superseded("cow", "eliminated", "advanced"), superseded("cow", "advanced", "eliminated")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_agreement_lapses_with_what_was_agreed_to(change: str) -> None:
    """The other has then agreed to something else: the owner is the first again, and may agree once more."""
    after(AGREED, *CHANGES[change]).when("publish-results", BOTH).then(BY_OWNER)
    after(BY_OWNER, *CHANGES[change]).when("publish-results", BOTH).then(BY_OWNER)


def test_an_outcome_too_is_something_else_to_agree_to() -> None:
    for outcome in (
        TeamAdvanced(stage="heat", team="bee", reason=REASON),
        TeamEliminated(stage="heat", team="cow", basis="rank", reason=REASON),
    ):
        rest = [each for each in with_outcomes() if each != outcome]
        given(background=[*rest, AGREED, outcome]).when("publish-results", BOTH).then(BY_OWNER)


def test_what_ends_an_agreement_is_tested() -> None:
    tested = {type(each) for events in CHANGES.values() for each in events} - {ScoringClosed}
    assert tested | {TeamAdvanced, TeamEliminated} == set(CHANGES_RESULTS)


def test_reopening_ends_an_agreement_by_itself() -> None:
    course = Course()
    for position, each in enumerate([*with_outcomes(), AGREED, CHANGES["reopened"][0]], 1):
        run_course(course, position, each)
    assert course.released == {}


def test_after_publication_nobody_has_agreed_to_the_next() -> None:
    history = after(BY_OWNER, PUBLISHED, *CHANGES["reopened"])
    history.when("publish-results", BOTH).then(BY_OWNER)
    course = Course()
    for position, each in enumerate([*with_outcomes(), BY_OWNER, PUBLISHED], 1):
        run_course(course, position, each)
    assert course.released == {}


def test_the_agreement_of_an_agency_that_is_no_publisher_any_more_counts_for_nothing() -> None:
    history = after(AGREED, amended("owner", "third"))
    history.when("publish-results", together("owner", "third")).then(BY_OWNER)
    history.by("other").when("publish-results", together("owner", "third")).refused(NotJointPublishersError)


def test_an_agency_that_becomes_a_publisher_is_awaited() -> None:
    three = ("owner", "other", "third")
    history = after(AGREED, amended(*three))
    history.when("publish-results", together(*three)).then(BY_OWNER)
    again = history.by("other").when("publish-results", together(*three)).refused(ReleaseAlreadyAgreedError)
    assert again.detail.endswith("awaited: owner, third")


def test_once_nobody_is_awaited_any_more_one_who_agreed_publishes() -> None:
    """The charter was amended so that the only one awaited publishes no more."""
    history = after(BY_OWNER, amended("owner"))
    history.when("publish-results", together("owner")).then(ResultsPublished(stage="heat", publishers=("owner",)))


def test_a_proposed_agreement_is_stale_once_it_would_publish() -> None:
    """Where agreements are countersigned: what was approved was an agreement, not a publication."""
    countersigned = [charters.DEVIATIONS, {"decisions": ["publish-results"], "agencies": ["owner", "other"]}]
    history = [charters.charter(countersignatures=countersigned), *with_outcomes()[1:]]
    asked = given(background=history).when("publish-results", BOTH)
    assert asked.approved() == (BY_OWNER,)
    (proposed,) = asked.decide()
    assert isinstance(proposed, DecisionProposed)
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    meanwhile = given(background=[*history, proposed, AGREED]).by("other").when("approve", approval)
    meanwhile.refused(ProposalStaleError)
    assert given(background=[*history, AGREED]).when("publish-results", BOTH).approved() == (PUBLISHED,)


def test_one_person_publishes_for_one_agency_only() -> None:
    theirs = ReleaseAgreed(stage="heat", agency="other", principal="person-1")
    after(theirs).by("owner", "person-1").when("publish-results", BOTH).refused(OnePersonError)
    after(theirs).by("owner", "person-2").when("publish-results", BOTH).then(PUBLISHED)
    reopened = ScoringReopened(stage="heat", reason=REASON)
    anew = StageReconsolidated(stage="heat", digest="", position=1, basis="computed", supersedes=1, reason=REASON)
    (agreed,) = after(theirs, reopened, anew).by("owner", "person-1").when("publish-results", BOTH).decide()
    assert agreed == ReleaseAgreed(stage="heat", agency="owner", principal="person-1")


def test_what_was_agreed_before_it_was_told_who_did_counts_still() -> None:
    of_old = decode_data("ReleaseAgreed", 1, b'{"stage":"heat","agency":"other"}')
    after(of_old).by("owner", "person-1").when("publish-results", BOTH).then(PUBLISHED)


def test_a_person_s_later_agreement_ends_that_for_a_former_publisher() -> None:
    """Which so does not count again once that agency is a publisher again."""
    history = [charters.charter(**of_three("owner", "other", "third")), *with_outcomes()[1:]]
    history.append(ReleaseAgreed(stage="heat", agency="owner", principal="person-1"))
    history.append(amended("other", "third"))
    asking = given(background=history).by("other", "person-1").when("publish-results", together("other", "third"))
    agreed = ReleaseAgreed(stage="heat", agency="other", principal="person-1")
    asking.then(agreed)
    history += [agreed, amended("owner", "other", "third")]
    last = given(background=history).by("third").when("publish-results", together("owner", "other", "third"))
    last.then(ReleaseAgreed(stage="heat", agency="third", principal="key of third"))
