"""Reading what facts depend on, and letting them take it in."""

from __future__ import annotations

from collections.abc import Sequence

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from domain.boundary import Query
from domain.decision import Fact, boundary, fold
from domain.event import decode_data
from service.application.ports import Ledger


def as_dcb(query: Query) -> DCBQuery:
    """The domain's query in the library's terms."""
    return DCBQuery(items=[DCBQueryItem(types=list(item.types), tags=list(item.tags)) for item in query.items])


def read_facts(ledger: Ledger, facts: Sequence[Fact]) -> tuple[Query, int]:
    """Fold every event in the facts' boundary, from one snapshot: the boundary, and the ledger's head in it."""
    query = boundary(facts)
    found = ledger.read(as_dcb(query))
    for each in found:
        fold(facts, each.type, each.tags, each.position, decode_data(each.type, each.version, each.data))
    return query, found.head
