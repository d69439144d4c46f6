"""Certificates: who publishes results binds the digest of their standings to a checkpoint of the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from domain.boundary import QueryItem, tag, whole
from domain.decision import Case, decision
from domain.event import Event, event
from domain.publishing import NotJointPublishersError
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Sha256
from domain.sentences import Says, Words
from domain.stage_events import OfStage as StageEvent
from domain.stage_events import ResultsPublished, ScoringReopened, StageConsolidated, StageReconsolidated
from domain.stages import OfStage, stage_of


class CertificateIssuedError(Refusal):
    """The agency has certified these standings."""


class NotPublishedNowError(Refusal):
    """The stage has no published results, or scoring was reopened since."""


class DigestDiffersError(Refusal):
    """The digest is not that of the standings whose results are published."""


class CheckpointDiffersError(Refusal):
    """The log signed no such checkpoint, or signed it before the results were published."""


@event(
    "CertificateIssued",
    says=Says(
        title=Words("Certificate issued", "확인서 발급"),
        en="{agency} certified that the standings of {stage}, settled at position {settlement}, are in the log as its "
        "checkpoint of size {size} has it",
        ko="{agency}이(가) 기록 {settlement}번에서 확정된 {stage}의 순위가 크기 {size}의 체크포인트에 담겨 있음을 "
        "확인하였다",
    ),
)
class CertificateIssued(StageEvent, frozen=True, kw_only=True):
    """The standings that were settled at a position, with this digest, are under this root of the log.

    `origin`, `size`, `root` (base64): of a checkpoint that the log signed after the results were published.
    """

    agency: str
    settlement: int
    digest: str
    origin: str
    size: int
    root: str


class Settlement(msgspec.Struct, frozen=True):
    """Standings that were settled: at which position, with which digest."""

    position: int
    digest: str


class PublishedStandings:
    """A fact: the settlement of a stage whose results are published, where, and who has certified it."""

    def __init__(self, programme: str, stage: str) -> None:
        self._tag = tag("stage", programme, stage)
        self._settled: Settlement | None = None
        self.published: Settlement | None = None
        self.published_at = 0
        self.certified_by: set[str] = set()

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        types = (StageConsolidated, StageReconsolidated, ResultsPublished, ScoringReopened, CertificateIssued)
        return (QueryItem(types=tuple(each.TYPE for each in types), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        match event:
            case StageConsolidated(digest=digest) | StageReconsolidated(digest=digest):
                self._settled = Settlement(position, digest)
            case ResultsPublished():
                self.published, self.published_at = self._settled, position
                self.certified_by.clear()
            case ScoringReopened():
                self.published = None
            case CertificateIssued(agency=agency):
                self.certified_by.add(agency)
            case _:
                pass


class IssueCertificate(OfStage, frozen=True, kw_only=True):
    """`digest`: of the settlement. `size`, `root` (base64): of a checkpoint, as its signed note has them."""

    digest: Sha256
    size: Annotated[str, whole("[1-9][0-9]{0,18}", "a whole number of 1 or more")]
    root: Annotated[str, whole("[A-Za-z0-9+/]{43}=", "32 bytes in base64")]


@decision(
    "issue-certificate",
    IssueCertificate,
    comes_to=(CertificateIssued,),
    needs=lambda command, p: (PublishedStandings(p, command.stage),),
    mandated=False,
)
def issue_certificate(command: IssueCertificate, case: Case, standings: PublishedStandings) -> Iterator[Event]:
    """Certify, as a joint publisher, that published standings are in the log under a checkpoint's root."""
    if command.reported:
        raise InvalidCommandError(
            "attribution: a certificate is of this log, and nobody reported it",
            rule="Whoever publishes results certifies them.",
            pointer="/attribution",
        )
    agency = case.actor.agency
    if case.actor.party != "agency" or agency not in case.charter.joint_publishers:
        raise NotJointPublishersError(
            f"{agency} does not publish results of {case.programme}",
            rule="Whoever publishes results certifies them.",
        )
    stage = stage_of(case, command.stage)
    settled = standings.published
    if settled is None:
        raise NotPublishedNowError(
            f"the results of {stage.id} are not published", rule="What is certified is public as it stands."
        )
    if agency in standings.certified_by:
        raise CertificateIssuedError(
            f"{agency} has certified the standings of {stage.id}", rule="A publisher certifies standings once."
        )
    if command.digest != settled.digest:
        raise DigestDiffersError(
            f"digest: the standings that were settled at position {settled.position} have {settled.digest}",
            rule="A certificate is of the settlement whose results are published.",
            pointer="/digest",
        )
    size = int(command.size)
    checkpoint = case.sealed(size)
    if checkpoint is None or checkpoint.root_text != command.root:
        raise CheckpointDiffersError(
            f"the log signed no checkpoint of size {size} with this root",
            rule="A certificate names a checkpoint of the log.",
            pointer="/size" if checkpoint is None else "/root",
        )
    if size < standings.published_at:
        raise CheckpointDiffersError(
            f"size: the results were published at position {standings.published_at}, after this checkpoint",
            rule="A certificate names a checkpoint that has the published results.",
            pointer="/size",
        )
    yield CertificateIssued(
        stage=stage.id,
        agency=agency,
        settlement=settled.position,
        digest=settled.digest,
        origin=checkpoint.origin,
        size=size,
        root=command.root,
    )
