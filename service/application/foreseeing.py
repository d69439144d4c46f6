"""What events would be seen to change, on the ledger as it is: nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from domain.boundary import Query
from domain.decision import Case
from domain.effects import decided_anew
from domain.event import Event
from domain.foreseen import Foreseen
from domain.proposal_events import Proposal
from domain.proposals import Approve
from domain.refusal import Refusal
from domain.standings import Standings
from domain.teams import Roster, Status
from domain.views import Occurrence, Rows
from domain.views.effects import (
    HoldingChange,
    StandingChange,
    TeamChange,
    foreseen,
    holding_changes,
    shown_from,
    standing_changes,
    team_changes,
)
from domain.views.grants import GRANTS, ResourceUse, resource_use
from domain.views.standings import STANDINGS
from service.application.deciding import Considered
from service.application.facts import read_facts
from service.application.ports import Ledger
from service.application.projecting import fold_stretch
from service.application.reading import Queries, poison_told


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What would be seen to change. Standings of a stage that takes scores are worked out once scoring closes."""

    teams: tuple[TeamChange, ...]
    standings: tuple[StandingChange, ...]
    holdings: tuple[HoldingChange, ...]

    def foreseen(self, events: Sequence[Event]) -> Foreseen:
        """The digests of these changes, and of the events that bring them."""
        return foreseen(events, self.teams, self.standings, self.holdings)


class Foreseeing:
    """Safe to call from many threads. Every method raises `NotYetProjectedError`, `LedgerUnavailableError`."""

    def __init__(self, ledger: Ledger, queries: Queries) -> None:
        self._ledger = ledger
        self._queries = queries

    def compared(self, considered: Considered) -> Considered:
        """An approval that names what was foreseen, with what is foreseen now; any other decision as it is.

        It then depends on all that is shown: what comes in between makes it be decided again.
        """
        command, case = considered.command, considered.case
        if not isinstance(command, Approve) or command.effects is None:
            return considered
        proposal, *facts = considered.facts
        assert isinstance(proposal, Proposal)
        try:
            events = decided_anew(proposal.proposed, tuple(facts), case=case).events
        except Refusal:
            return considered  # the decision itself says why it is refused, and to whom
        now = self.changes(case, events).foreseen(events)
        roster = self._roster(case.programme)
        shown = shown_from(case.programme, case.charter, roster.status)
        return msgspec.structs.replace(
            considered,
            case=msgspec.structs.replace(case, foreseen=now),
            query=Query(tuple(dict.fromkeys((*considered.query.items, *shown)))),
        )

    def changes(self, case: Case, events: Sequence[Event]) -> Changes:
        """What the events would change, recorded after the position of the case."""
        programme, head = case.programme, case.position
        ahead = [
            Occurrence(head + n, case.decided_at, each.VERSION, b"", each) for n, each in enumerate(events, start=1)
        ]
        roster = self._roster(programme)
        statuses: dict[str, Status] = dict(roster.status)
        for each in ahead:
            if any(each.event.TYPE in item.types for item in roster.selects):
                roster.apply(each.position, each.event)
        return Changes(
            teams=tuple(team_changes(statuses, roster.status, roster.names)),
            standings=tuple(self._standing_changes(programme, head, ahead)),
            holdings=tuple(self._holding_changes(programme, head, ahead)),
        )

    def _roster(self, programme: str) -> Roster:
        roster = Roster(programme)
        read_facts(self._ledger, (roster,))
        return roster

    def _standing_changes(self, programme: str, head: int, ahead: list[Occurrence]) -> Iterator[StandingChange]:
        with self._queries.rows(STANDINGS, programme, None, 0) as (rows, position):
            with poison_told():
                fold_stretch(self._ledger, STANDINGS, programme, rows, after=position, upto=head)
                before = dict(rows.scan("standings/"))
                STANDINGS.fold(rows, ahead)
            after = dict(rows.scan("standings/"))
        for key in dict.fromkeys((*before, *after)):
            if before.get(key) != after.get(key):
                yield from standing_changes(
                    key.removeprefix("standings/"), _standings(before.get(key)), _standings(after.get(key))
                )

    def _holding_changes(self, programme: str, head: int, ahead: list[Occurrence]) -> Iterator[HoldingChange]:
        with self._queries.rows(GRANTS, programme, None, 0) as (rows, position):
            with poison_told():
                fold_stretch(self._ledger, GRANTS, programme, rows, after=position, upto=head)
                before = _uses(rows)
                GRANTS.fold(rows, ahead)
            after = _uses(rows)
        yield from holding_changes(before, after)


def _standings(stored: bytes | None) -> Standings | None:
    return msgspec.json.decode(stored, type=Standings) if stored else None


def _uses(rows: Rows) -> tuple[ResourceUse, ...]:
    return resource_use([*rows.scan("grant/"), *rows.scan("pool/")])
