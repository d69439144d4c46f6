"""Summaries: one mail a day, at the end of the charter's day, to mailboxes that want no mail for each notice.

What is in it is what is in the inbox, and came there since the summary before. However many workers look, a mailbox has
one of a day: the database keeps them apart by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from domain.charter import CharterInForce
from domain.deadlines import day_of, end_of_day, moment
from service.application.facts import read_facts
from service.application.ports import Ledger


class SummaryStore(Protocol):
    """Which mailboxes have summaries. Every method raises `LedgerUnavailableError` if the database does not answer."""

    def to_summarise(self, now: datetime) -> Sequence[str]:
        """Programmes in which a summary is due."""
        ...

    def summarise(self, programme: str, day: date, now: datetime, *, next_at: datetime) -> None:
        """Queue what is due: of that day, unless there is one, or nothing came since. The next ones are due then."""
        ...


class Summarise:
    """The use case."""

    def __init__(self, ledger: Ledger, store: SummaryStore, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._store = store
        self._now = now

    def __call__(self) -> bool:
        """Queue the summaries that are due; whether any may be. Raises `LedgerUnavailableError`."""
        now = self._now()
        programmes = self._store.to_summarise(now)
        for programme in programmes:
            charter = CharterInForce(programme)
            read_facts(self._ledger, (charter,))
            zone = charter.charter.zone
            day = day_of(now, zone)
            self._store.summarise(programme, day, now, next_at=moment(end_of_day(day, zone)))
        return bool(programmes)
