"""Evidence, by its SHA-256; the document itself stays outside the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from domain.boundary import QueryItem, tag
from domain.charter_document import Identifier, Text
from domain.decision import Case, Command, decision
from domain.event import Event, event
from domain.outcome_events import Sha256
from domain.refusal import InvalidCommandError, Refusal
from domain.teams import Roster


class EvidenceAlreadyRegisteredError(Refusal):
    """The same document is registered once in a programme."""


@event("EvidenceRegistered", public="with-results")
class EvidenceRegistered(Event, frozen=True, kw_only=True):
    """A document about a team, by its hash."""

    stage: str
    team: str
    kind: str
    sha256: str
    title: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("team", programme, self.team), tag("evidence", programme, self.sha256))


class RegisteredEvidence:
    """A fact: which of these documents are registered, and about which team."""

    def __init__(self, programme: str, hashes: tuple[str, ...]) -> None:
        self.programme = programme
        self.hashes = hashes
        self.team_of: dict[str, str] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return tuple(
            QueryItem(types=(EvidenceRegistered.TYPE,), tags=(tag("evidence", self.programme, each),))
            for each in self.hashes
        )

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, EvidenceRegistered):
            self.team_of[event.sha256] = event.team


class RegisterEvidence(Command, frozen=True, kw_only=True):
    """`sha256`: of the document, hex. `kind`: one of the charter's."""

    stage: Identifier
    team: Identifier
    kind: Identifier
    sha256: Sha256
    title: Text


@decision(
    "register-evidence",
    RegisterEvidence,
    needs=lambda command, p: (Roster(p), RegisteredEvidence(p, (command.sha256,))),
)
def register_evidence(
    command: RegisterEvidence, case: Case, roster: Roster, registered: RegisteredEvidence
) -> Iterator[Event]:
    """Register a document that a ruling or a statement may cite."""
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
    if command.sha256 in registered.team_of:
        raise EvidenceAlreadyRegisteredError(
            f"{command.sha256} is registered", rule="A document is registered once in a programme."
        )
    yield EvidenceRegistered(
        stage=command.stage, team=command.team, kind=command.kind, sha256=command.sha256, title=command.title
    )
