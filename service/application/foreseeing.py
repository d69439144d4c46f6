"""What events would be seen to change, on the ledger as it is: nothing is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from domain.boundary import Query
from domain.deadlines import instant
from domain.decision import Case
from domain.effects import decided_anew
from domain.envelope import PrivateEnvelope, encode_envelope
from domain.event import Event
from domain.noticing import Notice
from domain.proposal_events import Proposal
from domain.proposals import Approve
from domain.refusal import Refusal
from domain.teams import Roster
from domain.views import Occurrence, Rows, View
from domain.views.effects import Changes, ahead, holdings_changed, shown_from, standings_changed, teams_changed
from domain.views.grants import GRANTS
from domain.views.standings import STANDINGS
from service.application.deciding import Considered
from service.application.facts import read_facts
from service.application.ports import Ledger
from service.application.projecting import fold_stretch
from service.application.reading import Queries
from service.application.reading_refusals import poison_told

ForeseenNotices = Callable[[str, int, Sequence[Occurrence]], Sequence[Notice]]
"""What follows from events of a programme that would be recorded after a position."""


class Foreseeing:
    """Safe to call from many threads. Every method raises `NotYetProjectedError`, `LedgerUnavailableError`."""

    def __init__(self, ledger: Ledger, queries: Queries, notices: ForeseenNotices) -> None:
        self._ledger = ledger
        self._queries = queries
        self._notices = notices

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
        coming = ahead(case, events)
        teams = teams_changed(self._roster(programme), coming)
        with self._rows(STANDINGS, programme, head) as rows:
            standings = standings_changed(rows, coming)
        with self._rows(GRANTS, programme, head) as rows:
            holdings = holdings_changed(rows, coming)
        return Changes(teams=teams, standings=standings, holdings=holdings)

    def notices(self, case: Case, events: Sequence[Event]) -> tuple[Notice, ...]:
        """What consortiums would be told of, once the events are recorded after the position of the case."""
        charter = case.charter
        envelope = PrivateEnvelope(
            event_id="",
            tags=(),
            data_set=charter.data_set,
            decided_at=instant(case.decided_at),
            actor=case.actor,
            attribution="reported" if charter.data_set == "public-record" else "decided",
            decision_id=case.decision_id,
        )
        stored = encode_envelope(envelope)
        coming = [msgspec.structs.replace(each, stored_envelope=stored) for each in ahead(case, events)]
        with poison_told():
            return tuple(self._notices(case.programme, case.position, coming))

    @contextmanager
    def _rows(self, view: View, programme: str, head: int) -> Iterator[Rows]:
        """What is kept of a view, and what came since; nobody keeps what is folded into it."""
        with self._queries.views.rows(view, programme, None, 0) as (rows, position), poison_told():
            fold_stretch(self._ledger, view, programme, rows, after=position, upto=head)
            yield rows

    def _roster(self, programme: str) -> Roster:
        roster = Roster(programme)
        read_facts(self._ledger, (roster,))
        return roster
