"""Whether what was decided follows: every signature and countersignature, and every standing from its sheets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

import domain.rulebook  # noqa: F401 — registers every event and decision
from domain.bounds import Contradiction
from domain.certificates import CertificateIssued
from domain.charter import CHARTER_EVENTS, CharterAmended, CharterPublished
from domain.charter_document import parse, rules_hash
from domain.deadlines import moment
from domain.ed25519 import Verify
from domain.envelope import decode_envelope
from domain.event import Event, UnknownEventError, decode_data
from domain.record import SCORE_EVENTS
from domain.said_numbers import require_numbers
from domain.signature_audit import SignatureAudit
from domain.stage_events import StageConsolidated, StageReconsolidated
from domain.standings import Standings
from domain.views import MemoryRows, Occurrence, PoisonEventError
from domain.views import standings as view
from service.verify.bundle import Said
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
        self._settled: dict[int, str] = {}
        self._rules: tuple[str | None, str] = None, ""
        self._ids: set[str | None] = set()
        self._rows = MemoryRows()
        self._page: list[Occurrence] = []

    def take(self, lines: Iterable[Said]) -> None:
        """Every event up to one that cannot be taken in, or all, and then what is left to compare."""
        try:
            if self._take_each(lines):
                self._compare_shown(None)
            self._fold()
        except PoisonEventError as error:
            self.faults.append(_not_taken_in(error.position, error))
        signed = [Fault("bad-signature", each.position, each.detail) for each in self.signatures.faults]
        self.faults = sorted([*signed, *self.faults], key=lambda each: each.position)

    def _take_each(self, lines: Iterable[Said]) -> bool:
        for line in lines:
            try:
                self._take(line)
            except (UnknownEventError, msgspec.DecodeError, ValueError, RecursionError) as error:
                self.faults.append(_not_taken_in(line.position, error))
                return False
        return True

    def _take(self, line: Said) -> None:
        self._compare_shown(line.position)
        envelope, data = (line.envelope or "").encode(), (line.data or "").encode()
        event = decode_data(line.type, line.version, data)
        private, recorded = decode_envelope(envelope), moment(line.recorded_at)
        self.signatures.take(line.position, line.programme, event, private, recorded)
        scored = isinstance(event, SCORE_EVENTS)  # by far the most
        replaced = self._rules[0] if scored else self._replaced(event)
        if (private.rules_hash, private.data_set) != self._rules or replaced != self._rules[0]:
            detail = "it says that other rules than those in force were"
            self.faults.append(Fault("bad-signature", line.position, detail))
        if line.event_id in self._ids:
            self.faults.append(Fault("inserted", line.position, f"event {line.event_id} stands twice"))
        self._ids.add(line.event_id)
        if not scored:
            self._take_apart(line.position, event)
        require_numbers(event)
        self._page.append(Occurrence(line.position, recorded, line.version, envelope, event))
        if len(self._page) == PAGE:
            self._fold()

    def _replaced(self, event: Event) -> str | None:
        """The rules that it replaces, as an amendment says; of any other event those in force, from the first ones."""
        if isinstance(event, CharterPublished):
            self._rules = event.rules_hash, parse(event.document.encode()).data_set
        return event.replaces if isinstance(event, CharterAmended) else self._rules[0]

    def _take_apart(self, position: int, event: Event) -> None:
        """What a charter, a settlement or a certificate says beside what it is folded into."""
        if isinstance(event, CHARTER_EVENTS):
            self._rules = event.rules_hash, self._rules[1]
            self.charters.add(event.rules_hash)
            if rules_hash(event.document.encode()) != event.rules_hash:
                self.faults.append(Fault("edited", position, "the charter is not the one that its hash names"))
        elif isinstance(event, StageConsolidated | StageReconsolidated):
            self._compare_settled(position, event)
        elif isinstance(event, CertificateIssued):
            self.certificates.append((position, event))
            if self._settled.get(event.settlement) != event.digest:
                detail = f"no standings with the digest that is certified were settled at position {event.settlement}"
                self.faults.append(Fault("wrong-tally", position, detail))

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
