"""Playing a programme's folder through the domain, in memory, as the service would."""

from __future__ import annotations

import functools
from collections import defaultdict
from pathlib import Path

from domain.charter import CHARTER_EVENTS
from domain.charter_document import parse, rules_hash
from domain.event import Event
from domain.proposal_events import DecisionProposed
from domain.record import StageRecord
from domain.rubric import Stage
from domain.standings import Standings, standings_of
from domain.tally import tally
from service.cli.programme_files import Line, Proposals, read_decisions, with_proposals
from tests.given import Given, decide

ROOT = Path(__file__).parent.parent
PROGRAMMES = ROOT / "ops" / "programmes"
PUBLIC_RECORD = "independent-ai-foundation-model"
REHEARSAL = "independent-ai-foundation-model-rehearsal"
HARBOUR = "meridian-harbour"
EVERY = (PUBLIC_RECORD, REHEARSAL, HARBOUR)


def lines_of(programme: str) -> list[Line]:
    return list(_read_once(programme))


@functools.cache
def _read_once(programme: str) -> tuple[Line, ...]:
    return tuple(read_decisions(PROGRAMMES / programme))


_made: defaultdict[str, list[tuple[Line, tuple[Event, ...]]]] = defaultdict(list)
"""By programme: what was played last, and what each line came to."""


def play(programme: str, lines: list[Line]) -> list[Event]:
    """The events that the decisions come to, in order. Raises the first refusal.

    Lines that were played last and begin alike are not decided anew: they come to the same.
    """
    events: list[Event] = []
    proposals: Proposals = {}
    known = _made[programme]
    for number, line in enumerate(lines, start=1):
        if len(known) < number or known[number - 1][0] is not line:
            given = Given(
                [],
                programme,
                line.agency or line.consortium or "",
                background=events,
                party="agency" if line.consortium is None else "consortium",
                decision_id=f"01936f2e-0000-7000-8000-{number:012x}",
            )
            del known[number - 1 :]
            known.append((line, decide(given, line.decision, with_proposals(line.body, proposals))))
        made = known[number - 1][1]
        if line.name is not None and isinstance(made[0], DecisionProposed):
            proposals[line.name] = {"proposal": made[0].proposal, "command_hash": made[0].command_hash}
        events.extend(made)
    return events


def standings(programme: str, stage: str, events: list[Event]) -> Standings:
    """Standings as of the last event."""
    document, rules, record = facts_of(programme, stage, events)
    found = tally(rules, record.course, record.cells)
    charter = parse(document)
    return standings_of(charter, rules_hash(document), rules, record.course, found, record.roster.names, len(events))


def facts_of(programme: str, stage: str, events: list[Event]) -> tuple[bytes, Stage, StageRecord]:
    """The charter in force, the stage as it has it, and the stage's record, as of the last event."""
    record = StageRecord(programme, stage)
    document = b""
    for position, event in enumerate(events, start=1):
        if isinstance(event, CHARTER_EVENTS):
            document = event.document.encode()
        tags = event.tags(programme)
        if any(item.matches(event.TYPE, tags) for item in record.selects):
            record.apply(position, event)
    rules = parse(document).stage(stage)
    assert rules is not None
    return document, rules, record
