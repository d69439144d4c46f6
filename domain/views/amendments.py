"""The charters of a programme, and its amendments with what teams said. They are few, so they are folded when asked."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from domain.amendments import AmendmentAssented
from domain.charter import CHARTER_EVENTS, CharterAmended, CharterInForce, CharterPublished
from domain.charter_document import Charter, parse
from domain.event import Event
from domain.scalars import Names

AMENDMENT_EVENTS = (CharterAmended, AmendmentAssented)
"""What `amendment_summaries` is folded from."""


class Charters(CharterInForce):
    """Every charter that the programme ever had, by position, besides the one in force."""

    def __init__(self, programme: str) -> None:
        super().__init__(programme)
        self._had: dict[int, CharterPublished | CharterAmended] = {}

    def apply(self, position: int, event: Event) -> None:
        super().apply(position, event)
        if isinstance(event, CHARTER_EVENTS):
            self._had[position] = event

    @property
    def in_order(self) -> tuple[tuple[int, Charter], ...]:
        """Each charter with the position that brought it into force."""
        return tuple((position, parse(event.document.encode())) for position, event in self._had.items())

    def document_of(self, rules_hash: str) -> str | None:
        """The canonical document of that hash, if it ever was in force."""
        return next((event.document for event in self._had.values() if event.rules_hash == rules_hash), None)


class StanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A team that assented or dissented at `position`."""

    team: str
    statement: str | None
    position: int


class AmendmentSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An amendment: the rules of `replaces` gave way to those of `rules_hash`. `deviation`: a stage had been opened."""

    rules_hash: str
    replaces: str
    position: int
    recorded_at: str
    deviation: bool
    reason: Names | None
    assents: tuple[StanceRow, ...]
    dissents: tuple[StanceRow, ...]


def amendment_summaries(found: Iterable[tuple[int, str, Event]]) -> tuple[AmendmentSummary, ...]:
    """Every amendment in order. `found`: events with position and time, among them all `AMENDMENT_EVENTS`."""
    amended: dict[int, tuple[str, CharterAmended]] = {}
    said: dict[int, list[tuple[int, AmendmentAssented]]] = {}
    for position, recorded_at, event in found:
        if isinstance(event, CharterAmended):
            amended[position], said[position] = (recorded_at, event), []
        elif isinstance(event, AmendmentAssented):
            said[event.amendment].append((position, event))

    def rows(position: int, stance: str) -> tuple[StanceRow, ...]:
        return tuple(
            StanceRow(team=each.team, statement=each.statement, position=at)
            for at, each in said[position]
            if each.stance == stance
        )

    return tuple(
        AmendmentSummary(
            rules_hash=event.rules_hash,
            replaces=event.replaces,
            position=position,
            recorded_at=recorded_at,
            deviation=event.deviation,
            reason=event.reason,
            assents=rows(position, "assent"),
            dissents=rows(position, "dissent"),
        )
        for position, (recorded_at, event) in amended.items()
    )
