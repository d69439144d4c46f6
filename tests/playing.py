"""Playing a programme's folder through the domain, in memory, as the service would."""

from __future__ import annotations

from pathlib import Path

from domain.charter import CharterPublished
from domain.charter_document import parse, rules_hash
from domain.event import Event
from domain.record import StageRecord
from domain.standings import Standings, standings_of
from service.cli.programme_files import Line, read_decisions
from tests.given import Given, decide

PROGRAMMES = Path(__file__).parent.parent / "ops" / "programmes"
PUBLIC_RECORD = "independent-ai-foundation-model"
REHEARSAL = "independent-ai-foundation-model-rehearsal"


def lines_of(programme: str) -> list[Line]:
    return list(read_decisions(PROGRAMMES / programme))


def play(programme: str, lines: list[Line]) -> list[Event]:
    """The events that the decisions come to, in order. Raises the first refusal."""
    events: list[Event] = []
    for line in lines:
        given = Given([], programme, line.agency, background=events)
        events.extend(decide(given, line.decision, line.body))
    return events


def standings(programme: str, stage: str, events: list[Event]) -> Standings:
    """Standings as of the last event."""
    record = StageRecord(programme, stage)
    document = b""
    for position, event in enumerate(events, start=1):
        if isinstance(event, CharterPublished):
            document = event.document.encode()
        tags = event.tags(programme)
        if any(item.matches(event.TYPE, tags) for item in record.selects):
            record.apply(position, event)
    charter = parse(document)
    rules = charter.stage(stage)
    assert rules is not None
    return standings_of(
        charter, rules_hash(document), rules, record.course, record.cells, record.roster.names, len(events)
    )
