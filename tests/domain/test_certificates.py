"""Certificates: a publisher binds published standings to a checkpoint of the log, once, and truly."""

from __future__ import annotations

from typing import Any

from domain.certificates import (
    CertificateIssued,
    CertificateIssuedError,
    CheckpointDiffersError,
    DigestDiffersError,
    NotPublishedNowError,
)
from domain.event import Event
from domain.publishing import NotJointPublishersError
from domain.refusal import InvalidCommandError
from domain.stage_events import ResultsPublished, ScoringReopened, StageConsolidated, StageReconsolidated
from tests.domain import charters
from tests.domain.test_publishing import PUBLISHED, of_three
from tests.domain.test_stages import REASON, with_outcomes
from tests.given import Given, checkpoint, given

OUTCOMES = with_outcomes()
SETTLED_AT = next(at for at, each in enumerate(OUTCOMES, 1) if isinstance(each, StageConsolidated))
DIGEST = next(each.digest for each in OUTCOMES if isinstance(each, StageConsolidated))
PUBLISHED_AT = len(OUTCOMES) + 1
OTHER_DIGEST = "f" * 64


def root_of(size: int) -> str:
    return checkpoint(size).root_text


def asked(size: int = PUBLISHED_AT, **changes: Any) -> dict[str, Any]:
    return {"stage": "heat", "digest": DIGEST, "size": str(size), "root": root_of(size), **changes}


def certificate(agency: str = "owner", size: int = PUBLISHED_AT) -> CertificateIssued:
    return CertificateIssued(
        stage="heat",
        agency=agency,
        settlement=SETTLED_AT,
        digest=DIGEST,
        origin="log",
        size=size,
        root=root_of(size),
    )


def after(*more: Event) -> Given:
    return given(background=[*OUTCOMES, PUBLISHED, *more])


def test_each_publisher_certifies_the_published_standings_once() -> None:
    after().when("issue-certificate", asked()).then(certificate())
    theirs = after(certificate()).by("other").when("issue-certificate", asked(PUBLISHED_AT + 1))
    theirs.then(certificate("other", PUBLISHED_AT + 1))
    after(certificate()).when("issue-certificate", asked()).refused(CertificateIssuedError)


def test_nobody_else_does_not_even_the_team_of_that_name() -> None:
    history = [charters.charter(**of_three("owner", "third")), *OUTCOMES[1:], PUBLISHED]
    given(background=history).by("other").when("issue-certificate", asked()).refused(NotJointPublishersError)
    after().by_consortium("owner").when("issue-certificate", asked()).refused(NotJointPublishersError)


def test_what_is_not_public_as_it_stands_is_not_certified() -> None:
    given(background=OUTCOMES).when("issue-certificate", asked(SETTLED_AT)).refused(NotPublishedNowError)
    reopened = ScoringReopened(stage="heat", reason=REASON)
    after(reopened).when("issue-certificate", asked()).refused(NotPublishedNowError)


def test_after_scoring_was_reopened_it_is_the_new_standings_that_are_certified() -> None:
    anew = StageReconsolidated(
        stage="heat", digest=OTHER_DIGEST, position=1, basis="computed", supersedes=SETTLED_AT, reason=REASON
    )
    history: list[Event] = [certificate(), ScoringReopened(stage="heat", reason=REASON), anew, PUBLISHED]
    at = PUBLISHED_AT + len(history)
    after(*history).when("issue-certificate", asked(at)).refused(DigestDiffersError, "/digest")
    (issued,) = after(*history).when("issue-certificate", asked(at, digest=OTHER_DIGEST)).decide()
    assert isinstance(issued, CertificateIssued)
    assert (issued.settlement, issued.digest, issued.size) == (at - 1, OTHER_DIGEST, at)


def test_the_checkpoint_is_one_of_the_log_with_the_published_results_in_it() -> None:
    after().when("issue-certificate", asked(PUBLISHED_AT + 1)).refused(CheckpointDiffersError, "/size")
    lying = asked(root=root_of(PUBLISHED_AT + 1))
    after().when("issue-certificate", lying).refused(CheckpointDiffersError, "/root")
    after().when("issue-certificate", asked(PUBLISHED_AT - 1)).refused(CheckpointDiffersError, "/size")


def test_a_certificate_is_not_reported() -> None:
    reported = {"attribution": "reported", "source": "a newspaper", **asked()}
    history = [charters.reported_charter(), *OUTCOMES[1:], ResultsPublished(stage="heat", publishers=("owner",))]
    given(background=history).when("issue-certificate", reported).refused(InvalidCommandError, "/attribution")
