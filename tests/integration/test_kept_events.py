"""Events that are kept decoded between decisions: read once, bounded, and never taken for others."""

from __future__ import annotations

import pytest

from domain.boundary import Query, QueryItem
from domain.teams import TeamEnrolled
from service.application.kept_events import KeptEvents
from tests.domain.charters import PROGRAMME
from tests.integration.test_kept_facts import MemoryLedger, recorded

ENROLLED = Query((QueryItem((TeamEnrolled.TYPE,), (f"programme:{PROGRAMME}",)),))


@pytest.fixture
def ledger() -> MemoryLedger:
    return recorded("granted")


def positions(kept: KeptEvents, query: Query = ENROLLED) -> list[int]:
    return [each.position for each in kept.read(query)[1]]


def enrolled(ledger: MemoryLedger) -> list[int]:
    return [each.position for each in ledger.events if each.type == TeamEnrolled.TYPE]


def test_an_event_is_read_once(ledger: MemoryLedger) -> None:
    kept = KeptEvents(ledger.whole)
    assert positions(kept) == positions(kept) == enrolled(ledger) != []
    assert ledger.read_events == len(enrolled(ledger))


def test_what_is_kept_is_bounded_and_the_rest_is_read_again(ledger: MemoryLedger) -> None:
    for keep in (0, 1, 150):
        kept = KeptEvents(ledger.whole, keep=keep)
        before = ledger.read_events
        assert positions(kept) == positions(kept) == enrolled(ledger)
        assert kept._bytes == sum(each.size for each in kept._kept.values()) <= keep
        assert ledger.read_events - before > len(enrolled(ledger))


def test_an_event_that_only_shares_a_key_is_left_out(ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    probed = ledger.probe(Query())
    monkeypatch.setattr(ledger, "probe", lambda _query: probed)
    assert len(probed.positions) > len(enrolled(ledger))
    assert positions(KeptEvents(ledger.whole)) == enrolled(ledger)
