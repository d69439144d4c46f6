"""Reading what facts depend on, and letting them take it in."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec
from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import Query, QueryItem
from domain.decision import Fact, boundary, folding
from domain.event import decode_data
from domain.record import StageRecord
from service.application.kept_events import KeptEvents
from service.application.ports import Ledger, LedgerUnavailableError

KEPT_EVENTS: Final = 500_000
"""Of the records that are kept between decisions, together; about 200 bytes each."""
TURN_SECONDS: Final = 20.0


def as_dcb(query: Query) -> DCBQuery:
    """The domain's query in the library's terms."""
    return DCBQuery(items=list(map(_as_dcb_item, query.items)))


@functools.lru_cache(maxsize=4096)
def _as_dcb_item(item: QueryItem) -> DCBQueryItem:
    """Decisions have most of their items in common; nobody changes one."""
    return DCBQueryItem(types=list(item.types), tags=list(item.tags))


def read_facts(ledger: Ledger, facts: Sequence[Fact]) -> tuple[Query, int]:
    """Fold every event in the facts' boundary, from one snapshot: the boundary, and the ledger's head in it."""
    query = boundary(facts)
    head, _count = _advance(ledger, facts, query, after=0, upto=None)
    return query, head


def _advance(ledger: Ledger, facts: Sequence[Fact], query: Query, *, after: int, upto: int | None) -> tuple[int, int]:
    """Fold what the query finds between two positions: the head, and how many events that were."""
    found = ledger.read(as_dcb(query), after=after, upto=upto)
    take, count = folding(facts), 0
    for each in found:
        take(each.type, each.tags, each.position, decode_data(each.type, each.version, each.data))
        count += 1
    return found.head, count


class Kept(msgspec.Struct):
    """A stage's record up to a position, and how many events it was folded from."""

    record: StageRecord
    position: int = 0
    events: int = 0


class KeptFacts:
    """Facts for one decision after another. Those that grow with every score, the records of stages, are kept, and
    advanced from where they stand: else every decision on a stage's standings would read all its scores again.

    Whether they are still true when the decision is recorded is for its append condition to say, as with any fact.
    Safe to call from many threads; decisions on stages' records take turns.
    """

    def __init__(self, ledger: Ledger, *, keep: int = KEPT_EVENTS) -> None:
        self._ledger = ledger
        self._keep = keep
        self.events = KeptEvents(ledger)
        self._records: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._turn = threading.Lock()

    @contextmanager
    def read(self, facts: Sequence[Fact]) -> Iterator[tuple[Mapping[Fact, Fact], Query, int]]:
        """What to decide on in the place of each of the facts, which are not folded yet; their boundary; the head.

        They are this decision's own only within the context, and are left as they are. Raises
        `LedgerUnavailableError`.
        """
        query = boundary(facts)
        records = [fact for fact in facts if isinstance(fact, StageRecord)]
        fresh = [fact for fact in facts if not isinstance(fact, StageRecord)]
        known: dict[Fact, Fact] = {fact: fact for fact in fresh}
        if not records:
            yield known, query, self._folded(fresh, query)
            return
        if not self._turn.acquire(timeout=TURN_SECONDS):
            raise LedgerUnavailableError("others decide on standings; no turn in time", outcome_unknown=False)
        try:
            head = self._folded(fresh, boundary(fresh)) if fresh else self._ledger.head()
            known.update((fact, self._advanced(fact, head)) for fact in records)
            yield known, query, head
        finally:
            self._turn.release()

    def _folded(self, fresh: Sequence[Fact], query: Query) -> int:
        """Fold what the query finds; the head."""
        head, found = self.events.read(query)
        take = folding(fresh)
        for each in found:
            take(each.type, each.tags, each.position, each.event)
        return head

    def _advanced(self, empty: StageRecord, head: int) -> StageRecord:
        """The record of a stage as of the head. One that cannot be advanced is not kept."""
        name = (empty.programme, empty.stage)
        kept = self._records.pop(name, None) or Kept(empty)
        query = boundary((kept.record,))
        _head, count = _advance(self._ledger, (kept.record,), query, after=kept.position, upto=head)
        kept.position, kept.events = head, kept.events + count
        self._records[name] = kept
        while sum(each.events for each in self._records.values()) > self._keep:
            self._records.popitem(last=False)
        return kept.record
