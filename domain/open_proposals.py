"""The proposals of a programme that wait for an approval: what an amendment of the charter leaves approvable."""

from __future__ import annotations

from datetime import datetime

from domain.boundary import QueryItem, tag
from domain.deadlines import passed
from domain.event import Event
from domain.proposal_events import PROPOSAL_EVENTS, DecisionProposed


class OpenProposals:
    """A fact: every proposal of the programme that is not settled."""

    def __init__(self, programme: str) -> None:
        self._tag = tag("programme", programme)
        self._unsettled: dict[str, DecisionProposed] = {}

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=tuple(cls.TYPE for cls in PROPOSAL_EVENTS), tags=(self._tag,)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, DecisionProposed):
            self._unsettled[event.proposal] = event
        elif isinstance(event, PROPOSAL_EVENTS):
            self._unsettled.pop(event.proposal, None)

    def at(self, time: datetime) -> list[DecisionProposed]:
        """Those that can still be approved at an instant."""
        return [each for each in self._unsettled.values() if not passed(each.expires_at, time)]
