"""Sending notices: what follows from new events is kept for each recipient, with the position that was reached.

Exactly once, however often it runs and however many workers do: rows are unique by (position, recipient, template), and
change in one transaction with the position. Nothing else writes them: neither a rebuild nor a replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Final, Literal

import msgspec
import structlog
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import tag
from domain.call_events import CallApplicationReceived
from domain.charter import CHARTER_EVENTS
from domain.charter_document import parse
from domain.disclosure import PUBLIC, stage_of_event
from domain.event import Event
from domain.noticing import FACT_EVENTS, Notice, NoticeFacts, last_of_each, notices_of
from domain.proposal_events import DecisionApproved
from domain.stage_events import ResultsPublished
from domain.views import MemoryRows, Occurrence, PoisonEventError
from domain.views.audit_trail import Kept, keep_entries, key
from service.application.notice_ports import NoticeStore, RegisteredConsortiums
from service.application.ports import PAGE, Ledger, LedgerUnavailableError, StreamedEvent
from service.application.projecting import occurrences
from service.application.shown_by_tag import of_stage

_AROUND: Final = frozenset((*(cls.TYPE for cls in CHARTER_EVENTS), DecisionApproved.TYPE))
"""What the entries of the audit trail rest on, besides their own events."""
_RULES: Final = sorted(_AROUND)
_FACTS: Final = sorted(FACT_EVENTS | _AROUND)

SENT_TOGETHER: Final = 500
"""The database takes it for lost whoever keeps a transaction waiting."""

Outcome = Literal["current", "more", "busy", "halted"]
"""`current`: up to the head. `more`: events are left. `busy`: another worker has the programme. `halted`: an event
cannot be told of, and whoever looks after the service has to see why."""

_log = structlog.get_logger()


class SendNotices:
    """The use case."""

    def __init__(self, ledger: Ledger, store: NoticeStore, registered: RegisteredConsortiums) -> None:
        self._ledger = ledger
        self._store = store
        self._registered = registered

    def __call__(self, programme: str, *, batch: int = PAGE) -> Outcome:
        """Send what follows from at most so many events."""
        with self._store.turn(programme) as turn:
            if turn is None:
                return "busy"
            if turn.halted is not None:
                return "halted"
            head = self._ledger.head()
            with closing(self._ledger.stream(programme, after=turn.position, upto=head, page=batch)) as pages:
                events = next(pages, [])
            found: list[Notice] = []
            try:
                facts, rows = self._known(programme, turn.position if events else 0)
                for each in self._due(events, facts, rows):
                    found.append(each)
                    if len(found) == SENT_TOGETHER:
                        turn.send(found, facts.service)
                        found = []
            except PoisonEventError as poison:
                turn.position, turn.halted = poison.position - 1, str(poison)
                _log.error("notices halted", programme=programme, because=turn.halted)
            turn.send(found, facts.service if found else {})
            if turn.halted is not None:
                return "halted"
            more = len(events) == batch
            turn.position = events[-1].position if more else max(turn.position, head)
            return "more" if more else "current"

    def _due(self, events: Iterable[StreamedEvent], facts: NoticeFacts, rows: MemoryRows) -> Iterator[Notice]:
        """What follows from each event, once it is known. Raises `PoisonEventError`."""
        told = facts.told_of
        for each in events:
            if each.type not in _FACTS and each.type not in told:
                continue
            (occurrence,) = occurrences((each,))
            yield from self._follows(occurrence, facts, rows)
            told = facts.told_of if each.type in _AROUND else told

    def foreseen(self, programme: str, after: int, coming: Iterable[Occurrence]) -> list[Notice]:
        """What would follow from events, recorded after a position; nothing is sent. Raises `PoisonEventError`."""
        facts, rows = self._known(programme, after)
        return [notice for each in coming for notice in self._follows(each, facts, rows)]

    def _follows(self, occurrence: Occurrence, facts: NoticeFacts, rows: MemoryRows) -> Iterator[Notice]:
        """What follows from an event, which facts and rows take in. Raises `PoisonEventError`."""
        event, position = occurrence.event, occurrence.position
        try:
            published = _published_before(event, facts)
            if event.TYPE in FACT_EVENTS:
                facts.apply(position, event)
            keep_entries(rows, (occurrence,), facts.told_of)
            if published is not None:
                yield from self._released(occurrence, published, facts)
            if (stored := rows.get(key(position))) is not None:
                yield from notices_of(stored, facts)
        except (LedgerUnavailableError, MemoryError, PoisonEventError):
            raise
        except Exception as cause:
            raise PoisonEventError(position, cause) from cause

    def _known(self, programme: str, upto: int) -> tuple[NoticeFacts, MemoryRows]:
        """The facts as of a position, and what entries that follow rest on."""
        facts, rows = NoticeFacts(programme, self._registered), MemoryRows()
        if upto:
            of_programme = DCBQueryItem(types=_FACTS, tags=[tag("programme", programme)])
            found = list(self._ledger.read(DCBQuery(items=[of_programme]), upto=upto))
            calls = [
                DCBQueryItem(types=[CallApplicationReceived.TYPE], tags=[each]) for each in _calls(programme, found)
            ]
            if calls:
                found += self._ledger.read(DCBQuery(items=calls), upto=upto)
            for each in occurrences(sorted(found, key=lambda each: each.position)):
                facts.apply(each.position, each.event)
                keep_entries(rows, (each,), ())
        return facts, rows

    def _released(self, published: Occurrence, since: int, facts: NoticeFacts) -> Iterator[Notice]:
        """What was withheld of a stage until now: what comes after `since`, up to which it was public before."""
        stage, disclosure = stage_of_event(published.event), facts.disclosure(PUBLIC)
        types = {each for each in facts.told_of if "with-results" in disclosure.kinds(each)}
        rules = DCBQueryItem(types=_RULES, tags=[tag("programme", facts.programme)])
        items = [rules, *of_stage(facts.programme, stage or "", types)]
        found = self._ledger.read(DCBQuery(items=items), upto=published.position - 1)
        rows = MemoryRows()
        keep_entries(rows, occurrences(each for each in found if each.programme == facts.programme), types)
        withheld = [stored for row, stored in rows.scan("0") if row > key(since)]
        due = (notice for stored in withheld if _stage_of(stored) == stage for notice in notices_of(stored, facts))
        yield from last_of_each(due)


def _published_before(event: Event, facts: NoticeFacts) -> int | None:
    """Where results are published, up to which position they were public before; else `None`."""
    return facts.roster.publications.upto.get(event.stage, 0) if isinstance(event, ResultsPublished) else None


def _stage_of(stored: bytes) -> str | None:
    return msgspec.json.decode(stored, type=Kept).entry.stage


def _calls(programme: str, found: Iterable[StreamedEvent]) -> list[str]:
    """The tag of every call that a charter ever had."""
    charters = [each.event for each in occurrences(each for each in found if each.type in _AROUND)]
    calls = (
        call.id
        for event in charters
        if isinstance(event, CHARTER_EVENTS)
        for call in parse(event.document.encode()).calls
    )
    return [tag("call", programme, each) for each in dict.fromkeys(calls)]
