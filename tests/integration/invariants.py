"""What holds of every ledger, whatever was decided at once: it is whole, its events are lawful in their order and each
decision is what the facts before it come to, and all views follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from domain import decision as deciding
from domain.charter import CharterInForce
from domain.envelope import PrivateEnvelope, decode_envelope
from domain.event import decode_data, encode_data
from domain.proposals import propose
from domain.record import StageRecord
from domain.rulebook import DECISIONS, prepare
from domain.standings import standings_of
from domain.tally import tally
from domain.views import MemoryRows, View
from service.application.facts import read_facts
from service.application.ports import RecordedEvent
from service.application.projecting import VIEWS, occurrences
from tests.integration.conftest import Running
from tests.integration.small import SmallProgramme
from tests.lawful import Lawful


def require_invariants(played: SmallProgramme) -> None:
    """Fail unless ledger, decisions, views and standings of the programme agree; views are brought up to the head."""
    running, programme = played.running, played.programme
    _dense(running)
    _lawful(running, programme)
    _decided_on_what_was_read(running, programme)
    running.project()
    for view in VIEWS:
        rows, position = stored(running, view, programme)
        assert position == running.head()
        assert rows == folded(running, view, programme, position)
    _standings_follow(played, "heat")


def folded(running: Running, view: View, programme: str, upto: int) -> dict[str, bytes]:
    """The view's rows as one fold from position 1."""
    rows = MemoryRows()
    view.fold(rows, occurrences(running.service.ledger.read_programme(programme, upto=upto)))
    return rows.rows


def stored(running: Running, view: View, programme: str) -> tuple[dict[str, bytes], int]:
    rows, position = running.service.store.scan(view, programme, "")
    return dict(rows), position


def _dense(running: Running) -> None:
    events = list(running.service.ledger.read())
    assert [each.position for each in events] == list(range(1, running.head() + 1))
    assert [each.recorded_at for each in events] == sorted(each.recorded_at for each in events)


def _lawful(running: Running, programme: str) -> None:
    """The rules, said apart from the domain, allow each event after those before it."""
    history = Lawful()
    for each in running.service.ledger.read_programme(programme):
        history.take(each.position, each.type, msgspec.json.decode(each.data))
    assert history.charter["programme"] == programme


def _decided_on_what_was_read(running: Running, programme: str) -> None:
    """Each decision, made again on what it had read, comes to the same, and nothing it depends on came in between."""
    events = list(running.service.ledger.read_programme(programme))
    made: dict[str, list[RecordedEvent]] = {}
    for each in events:
        made.setdefault(str(decode_envelope(each.envelope).decision_id), []).append(each)
    for recorded in made.values():
        envelope = decode_envelope(recorded[0].envelope)
        assert envelope.boundary is not None
        read = envelope.boundary
        for each in events:
            if read.after < each.position < recorded[0].position:
                assert not read.query.matches(each.type, each.tags), f"{envelope.command_type} missed {each.type}"
        before = [each for each in events if each.position <= read.after]
        again = _decide_again(programme, envelope, before, read.after)

        assert again == [(each.type, each.data) for each in recorded], envelope.command_type


def _decide_again(
    programme: str, envelope: PrivateEnvelope, before: Sequence[RecordedEvent], position: int
) -> list[tuple[str, bytes]]:
    assert envelope.command_type is not None
    assert envelope.command is not None
    decision = DECISIONS[envelope.command_type]
    command = msgspec.json.decode(envelope.command, type=decision.command)

    def fold(*facts: deciding.Fact) -> None:
        for each in before:
            event = decode_data(each.type, each.version, each.data)
            deciding.fold(facts, each.type, each.tags, each.position, event)

    prior = None if decision.prior is None else decision.prior(command, programme)
    if prior is not None:
        fold(prior)
    charter_fact, facts = prepare(decision, command, programme, prior)
    fold(*dict.fromkeys((charter_fact, *facts)))
    case = deciding.Case(
        programme=programme,
        actor=envelope.actor,
        decided_at=datetime.fromisoformat(envelope.decided_at),
        position=position,
        decision_id=str(envelope.decision_id),
        charter=charter_fact.charter,
        rules_hash=charter_fact.rules_hash,
    )
    try:
        events = deciding.rule_on(decision, command, facts, case=case).events
    except deciding.CountersignatureRequiredError:
        events = propose(decision, command, envelope.command, facts, case=case).events
    return [(each.TYPE, encode_data(each)) for each in events]


def _standings_follow(played: SmallProgramme, stage_id: str) -> None:
    """The standings that are shown are those of the facts that decisions rest on."""
    charter, record = CharterInForce(played.programme), StageRecord(played.programme, stage_id)
    read_facts(played.running.service.ledger, (charter, record))
    stage = charter.charter.stage(stage_id)
    assert stage is not None
    shown = played.read("/standings", "owner", stage=stage_id)
    computed = standings_of(
        charter.charter,
        charter.rules_hash,
        stage,
        record.course,
        tally(stage, record.course, record.cells),
        record.roster.names,
        shown["position"],
    )
    assert shown["digest"] == computed.digest
