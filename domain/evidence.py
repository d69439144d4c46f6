"""Evidence, by its SHA-256; the document itself stays outside the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from domain.boundary import QueryItem, tag
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.hearing_course import AlreadyRuledError, ReviewCourse
from domain.objections import Objections
from domain.outcome_events import EvidenceRegistered
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Identifier, Sha256, Text
from domain.teams import Roster


class EvidenceAlreadyRegisteredError(Refusal):
    """The same document is registered once in a programme."""


class RegisteredEvidence:
    """A fact: which of these documents are registered, and about which team in which stage."""

    def __init__(self, programme: str, hashes: tuple[str, ...]) -> None:
        self.programme = programme
        self.hashes = hashes
        self.about: dict[str, tuple[str, str]] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return tuple(
            QueryItem(types=(EvidenceRegistered.TYPE,), tags=(tag("evidence", self.programme, each),))
            for each in self.hashes
        )

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, EvidenceRegistered):
            self.about[event.sha256] = (event.stage, event.team)


class RegisterEvidence(Command, frozen=True, kw_only=True):
    """`sha256`: of the document, hex. `kind`: one of the charter's."""

    stage: Identifier
    team: Identifier
    kind: Identifier
    sha256: Sha256
    title: Text


def _facts(command: RegisterEvidence, p: str) -> tuple[Roster, RegisteredEvidence, ReviewCourse, Objections]:
    review = ReviewCourse(p, command.stage, command.team)
    return Roster(p), RegisteredEvidence(p, (command.sha256,)), review, Objections(p, command.stage)


@decision("register-evidence", RegisterEvidence, comes_to=(EvidenceRegistered,), needs=_facts)
def register_evidence(
    command: RegisterEvidence,
    case: Case,
    roster: Roster,
    registered: RegisteredEvidence,
    review: ReviewCourse,
    objections: Objections,
) -> Iterator[Event]:
    """Register a document that a ruling is to cite, before the team is ruled upon."""
    if case.charter.stage(command.stage) is None:
        raise InvalidCommandError(
            f"stage: {command.stage!r} is no stage of {case.programme}",
            rule="The charter names the stages.",
            pointer="/stage",
        )
    if command.kind not in case.charter.evidence_kinds:
        raise InvalidCommandError(
            f"kind: {command.kind!r} is none of {', '.join(case.charter.evidence_kinds)}",
            rule="The charter names the kinds of evidence.",
            pointer="/kind",
        )
    roster.require(command.team)
    if command.sha256 in registered.about:
        raise EvidenceAlreadyRegisteredError(
            f"{command.sha256} is registered", rule="A document is registered once in a programme."
        )
    ruled = review.state == "ruled" and not objections.upheld_since(review.ruled, command.team, "ruling")
    if ruled and not command.reported:
        raise AlreadyRuledError(
            f"{command.team} was ruled upon at position {review.ruled}",
            rule="A ruling cites all the evidence that is registered; what comes later is for an objection to it.",
        )
    yield EvidenceRegistered(
        stage=command.stage, team=command.team, kind=command.kind, sha256=command.sha256, title=command.title
    )
