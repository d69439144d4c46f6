"""Whether what was decided follows: every signature and countersignature, and every standing from its sheets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

import domain.rulebook  # noqa: F401 — registers every event and decision
from domain.bounds import Contradiction
from domain.certificates import CertificateIssued
from domain.charter import CHARTER_EVENTS
from domain.charter_document import rules_hash
from domain.deadlines import moment
from domain.ed25519 import Verify
from domain.envelope import Actor, PrivateEnvelope, decode_envelope
from domain.event import Event, UnknownEventError, decode_data
from domain.proposal_events import DecisionApproved, DecisionProposed
from domain.record import CHANGES_RESULTS, with_agreement
from domain.signature_audit import SignatureAudit
from domain.stage_events import ReleaseAgreed, ResultsPublished, StageConsolidated, StageReconsolidated
from domain.standings import Standings
from domain.views import MemoryRows, Occurrence, PoisonEventError
from domain.views import standings as view
from service.verify.bundle import Line
from service.verify.faults import Fault
from service.verify.shown import Shown

PAGE: Final = 1000
"""Events that are folded at a time."""


class Outcomes:
    """A fold over the events of a programme, by position. `shown`: what the service shows, by the name of its file."""

    def __init__(self, verify: Verify, shown: Sequence[tuple[str, Shown]]) -> None:
        self.signatures = SignatureAudit(verify)
        self.digests = 0
        self.charters: set[str] = set()
        self.certificates: list[tuple[int, CertificateIssued]] = []
        self.faults: list[Fault] = []
        self._shown = sorted(shown, key=lambda each: each[1].position)
        self._proposed: dict[str, tuple[DecisionProposed, PrivateEnvelope]] = {}
        self._settled: dict[int, str] = {}
        self._agreed: dict[str | None, dict[str, str]] = {}
        self._approved: tuple[str | None, Actor | None] = None, None
        self._rows = MemoryRows()
        self._page: list[Occurrence] = []

    def take(self, lines: Iterable[Line]) -> None:
        """Every event up to one that cannot be taken in, or all, and then what is left to compare."""
        try:
            if self._take_each(lines):
                self._compare_shown(None)
            self._fold()
        except PoisonEventError as error:
            self.faults.append(_not_taken_in(error.position, error))
        signed = [Fault("bad-signature", each.position, each.detail) for each in self.signatures.faults]
        self.faults = sorted([*signed, *self.faults], key=lambda each: each.position)

    def _take_each(self, lines: Iterable[Line]) -> bool:
        for line in lines:
            try:
                self._take(line)
            except (UnknownEventError, msgspec.DecodeError, ValueError) as error:
                self.faults.append(_not_taken_in(line.position, error))
                return False
        return True

    def _take(self, line: Line) -> None:
        self._compare_shown(line.position)
        envelope, data = (line.envelope or "").encode(), (line.data or "").encode()
        event = decode_data(line.type, line.version, data)
        private = decode_envelope(envelope)
        self.signatures.take(line.position, line.programme, event, private, moment(line.recorded_at))
        self.faults += self._published(line.position, event, private)
        self.faults += _countersigned(self._proposed, line.position, event, private)
        if isinstance(event, CHARTER_EVENTS):
            self.charters.add(event.rules_hash)
            if rules_hash(event.document.encode()) != event.rules_hash:
                self.faults.append(Fault("edited", line.position, "the charter is not the one that its hash names"))
        if isinstance(event, StageConsolidated | StageReconsolidated):
            self._compare_settled(line.position, event)
        if isinstance(event, CertificateIssued):
            self.certificates.append((line.position, event))
            if self._settled.get(event.settlement) != event.digest:
                detail = f"no standings with the digest that is certified were settled at position {event.settlement}"
                self.faults.append(Fault("wrong-tally", line.position, detail))
        self._page.append(Occurrence(line.position, moment(line.recorded_at), line.version, envelope, event))
        if len(self._page) == PAGE:
            self._fold()

    def _published(self, position: int, event: Event, envelope: PrivateEnvelope) -> Iterator[Fault]:
        """No single person publishes for several agencies: an agreement stands until what was agreed to changes."""
        if isinstance(event, DecisionApproved):
            self._approved = envelope.decision_id, event.proposer
        stage = getattr(event, "stage", None)
        if isinstance(event, CHANGES_RESULTS):
            self._agreed.pop(stage, None)
        elif isinstance(event, ReleaseAgreed):
            self._agreed[stage] = with_agreement(self._agreed.get(stage, {}), event.agency, event.principal)
        elif isinstance(event, ResultsPublished):
            decision, proposer = self._approved
            actor = proposer if proposer is not None and decision == envelope.decision_id else envelope.actor
            agreed = {**self._agreed.pop(stage, {}), actor.agency: actor.principal}
            told = [each for agency, each in agreed.items() if agency in event.publishers and each]
            if envelope.attribution == "decided" and len(set(told)) < len(told):
                yield Fault("bad-signature", position, "one person published for more than one agency")

    def _fold(self) -> None:
        page, self._page = self._page, []
        view.take_in(self._rows, page)

    def _compare_settled(self, position: int, event: StageConsolidated | StageReconsolidated) -> None:
        self._fold()
        self._settled[position] = event.digest
        derived = self._derived(event.stage, event.position)
        self.digests += 1
        if derived is None or derived.digest != event.digest:
            detail = f"{event.stage} was settled with another digest than its facts come to"
            self.faults.append(Fault("wrong-tally", position, detail))

    def _compare_shown(self, before: int | None) -> None:
        """What was shown as of a position, once all up to it is folded."""
        while self._shown and (before is None or self._shown[0][1].position < before):
            name, shown = self._shown.pop(0)
            self._fold()
            derived = self._derived(shown.stage, shown.position)
            self.digests += 1
            if differs := shown.difference(derived):
                detail = f"{name}: the service shows {differs} than follows from the record"
                self.faults.append(Fault("wrong-tally", shown.position, detail))

    def _derived(self, stage: str, position: int) -> Standings | None:
        try:
            return view.compute(self._rows, stage, position)
        except (Contradiction, LookupError, ValueError, msgspec.DecodeError):
            return None


def _not_taken_in(position: int, error: Exception) -> Fault:
    return Fault("wrong-tally", position, f"the event cannot be taken in: {error}")


def _countersigned(
    proposed: dict[str, tuple[DecisionProposed, PrivateEnvelope]],
    position: int,
    event: Event,
    envelope: PrivateEnvelope,
) -> Iterator[Fault]:
    """An approval names what was proposed, by its hash, and is another's."""
    if isinstance(event, DecisionProposed):
        proposed[event.proposal] = event, envelope
        if hashlib.sha256(event.command.encode()).hexdigest() != event.command_hash:
            yield Fault("bad-signature", position, "the proposal's hash is not that of its command")
    if not isinstance(event, DecisionApproved):
        return
    found = proposed.get(event.proposal)
    if found is None or found[0].command_hash != event.command_hash:
        yield Fault("bad-signature", position, "it approves what was not proposed")
    elif not _another(found[1].actor, envelope.actor) or envelope.actor.agency not in found[0].awaiting:
        yield Fault("bad-signature", position, f"{envelope.actor.agency} is not whose countersignature was asked for")


def _another(proposer: Actor, approver: Actor) -> bool:
    """Whether somebody else approves: another principal and, unless both are persons, of another agency."""
    two_persons = proposer.is_person and approver.is_person
    return (
        approver.party == "agency"
        and approver.principal != proposer.principal
        and (approver.agency != proposer.agency or two_persons)
    )
