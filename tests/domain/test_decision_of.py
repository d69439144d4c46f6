"""Each event is of a decision that comes to such, and countersigned where it always is; no honest record is accused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
import pytest

from domain.charter import CharterAmended
from domain.decision import DECISION_OF
from domain.envelope import Actor, PrivateEnvelope, encode_envelope
from domain.event import EVENTS, Event, encode_data
from domain.outcome_events import DeviationRecorded
from domain.proposal_events import DecisionProposed
from domain.rulebook import DECISIONS
from domain.scalars import Names
from domain.signature_audit import SignatureAudit
from domain.stage_events import StageOpened
from domain.teams import TeamEnrolled
from service.ed25519 import verify_ed25519
from service.verify import standalone as untyped
from tests import given as deciding
from tests import playing
from tests.domain import charters, playbook
from tests.domain.lives import LIVES
from tests.given import Given, decide, given
from tests.playing import EVERY, lines_of, play

STANDALONE: Any = untyped
Entry = tuple[Event, PrivateEnvelope]
GIVEN_TO_TWO = [*charters.document()["countersignatures"], {"decisions": ["enrol-team"], "agencies": ["other"]}]
BEE = TeamEnrolled(team="bee", name=Names(**charters.names("bee")))


def found(entries: list[Entry], programme: str = charters.PROGRAMME) -> list[int]:
    """Positions of faults, by both checks alike."""
    audit, apart, raised = SignatureAudit(verify_ed25519), STANDALONE.Signatures(programme), []
    for position, (event, envelope) in enumerate(entries, start=1):
        audit.take(position, programme, event, envelope, datetime.fromisoformat(envelope.decided_at))
        try:
            said = json.loads(encode_data(event)), json.loads(encode_envelope(envelope))
            apart.take(position, event.TYPE, *said)
        except STANDALONE.Fault as fault:
            raised.append(fault.position)
    assert list(dict.fromkeys(each.position for each in audit.faults)) == raised, audit.faults
    return raised


def recorded(given: Given, decision: str, body: dict[str, Any], events: tuple[Event, ...]) -> Iterator[Entry]:
    """The events with their envelopes, as the service records them."""
    agency, party = given.agency or "owner", given.party
    for number, event in enumerate(events):
        yield (
            event,
            PrivateEnvelope(
                event_id="",
                tags=event.tags(given.programme),
                data_set="live",
                decided_at=given.decided_at.isoformat(),
                actor=Actor(agency=agency, principal=given.principal or f"key of {agency}", party=party),
                attribution="decided",
                decision_id=given.decision_id,
                command_type=decision,
                command=json.dumps(body, ensure_ascii=False, separators=(",", ":")) if number == 0 else None,
            ),
        )


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """What is decided in the test, as it would be recorded."""
    entries: list[Entry] = []

    def noting(given: Given, decision: str, body: dict[str, Any]) -> tuple[Event, ...]:
        events = decide(given, decision, body)
        entries.extend(recorded(given, decision, body, events))
        return events

    for module in (deciding, playbook, playing):
        monkeypatch.setattr(module, "decide", noting)
    return entries


def test_every_type_of_event_but_a_proposal_is_of_one_decision() -> None:
    assert {*DECISION_OF} == {*EVENTS} - {DecisionProposed.TYPE}
    assert {*DECISION_OF.values()} == {*DECISIONS} - {"propose"}
    assert DECISION_OF == STANDALONE.DECISION_OF


@pytest.mark.parametrize("life", LIVES)
def test_a_life_is_accused_of_nothing(record: list[Entry], life: str) -> None:
    history: list[Event] = []
    for step in LIVES[life]:
        history += playbook.made(history, step)
    assert len(record) == len(history)
    assert found(record) == []


@pytest.mark.parametrize("programme", EVERY)
def test_a_programme_that_is_shipped_is_accused_of_nothing(record: list[Entry], programme: str) -> None:
    assert len(play(programme, lines_of(programme))) == len(record)
    assert found(record, programme) == []


ENROL = {"team": "bee", "name": charters.names("bee")}


def first(**rules: Any) -> list[Entry]:
    body = {"charter": charters.document(**rules)}
    return list(recorded(given(), "publish-charter", body, (charters.charter(**rules),)))


def alone(decision: str, body: dict[str, Any], event: Event) -> list[Entry]:
    """The owner's decision, as though it were the owner's alone."""
    return list(recorded(given(), decision, body, (event,)))


def changed(entry: Entry, **changes: Any) -> Entry:
    return entry[0], msgspec.structs.replace(entry[1], **changes)


def by_two(decision: str, body: dict[str, Any], number: int = 1) -> list[Entry]:
    """What the owner proposed and the other approved: proposal, approval, and what it comes to."""
    under = given(charters.charter(countersignatures=GIVEN_TO_TWO))
    history = replace(under, decision_id=f"{deciding.DECISION_ID[:-1]}{number}")
    proposed = decide(history, decision, body)
    assert isinstance(proposed[0], DecisionProposed)
    approval = {"proposal": proposed[0].proposal, "command_hash": proposed[0].command_hash}
    background = [*history.events, *proposed]
    other = replace(history, events=[], background=background, agency="other", decision_id=f"approval {number}")
    approved = decide(other, "approve", approval)
    return [*recorded(history, decision, body, proposed), *recorded(other, "approve", approval, approved)]


BY_TWO = by_two("enrol-team", ENROL)
ENROLLED = alone("enrol-team", ENROL, BEE)
BY_CLERK = [*charters.document()["countersignatures"], {"decisions": ["enrol-team"], "agencies": ["clerk"]}]
TO_CLERK = by_two("amend-charter", {"charter": charters.document(countersignatures=BY_CLERK)}, 2)
HEAT = StageOpened(stage="heat", teams=())
OPENED = alone("open-stage", {"stage": "heat"}, HEAT)
DEVIATION = DeviationRecorded(
    stage="heat", subject="eliminations", planned="1", actual="0", reason=Names(en="why", ko="왜"), approver="other"
)
FOLLOWING = changed(ENROLLED[0], command=None)
TO_TWO, TO_ONE = first(countersignatures=GIVEN_TO_TWO), first()
IDLE = Actor(agency="idle", principal="key of idle")


def to_idle(entry: Entry) -> Entry:
    event, envelope = entry
    if isinstance(event, DecisionProposed):
        return msgspec.structs.replace(event, awaiting=("idle",)), envelope
    return event, msgspec.structs.replace(envelope, actor=IDLE)


def amended(**rules: Any) -> list[Entry]:
    now = charters.charter(**rules)
    event = CharterAmended(rules_hash=now.rules_hash, document=now.document, replaces="a" * 64, deviation=False)
    return alone("amend-charter", {"charter": charters.document(**rules)}, event)


OF_NO_DECISION = {
    "no command": ([*TO_ONE, FOLLOWING], [2]),
    "no command, and what it had comes after another's": ([*TO_ONE, *OPENED, FOLLOWING], [3]),
    "another decision": ([*TO_ONE, changed(ENROLLED[0], command_type="open-stage")], [2]),
    "one more event": ([*TO_ONE, *ENROLLED, FOLLOWING], [3]),
    "one more event of what was approved": ([*TO_TWO, *BY_TWO, BY_TWO[-1]], [5]),
    "not right after its approval": ([*TO_TWO, *BY_TWO[:2], *OPENED, BY_TWO[-1]], [5]),
    "by another": ([*TO_TWO, *BY_TWO[:2], changed(BY_TWO[-1], actor=IDLE)], [4]),
    "at another time": ([*TO_TWO, *BY_TWO[:2], changed(BY_TWO[-1], decided_at="2026-01-15T04:00:00+00:00")], [4]),
    "of another decision's id": ([*TO_TWO, *BY_TWO[:2], changed(BY_TWO[-1], decision_id="another")], [4]),
    "another than was approved": ([*TO_TWO, *BY_TWO[:2], (HEAT, BY_TWO[-1][1])], [4]),
}
BY_ONE = {
    "not approved": ([*TO_TWO, *ENROLLED], [2]),
    "said to be reported": ([*TO_TWO, changed(ENROLLED[0], attribution="reported")], [2]),
    "waits for one whom the charter does not name": ([*TO_TWO, *map(to_idle, BY_TWO)], [2, 3, 4]),
    "approved by one whom the charter does not name": ([*TO_TWO, BY_TWO[0], *map(to_idle, BY_TWO[1:])], [3]),
    "approved by one whom the charter does not name any more": ([*TO_TWO, BY_TWO[0], *TO_CLERK, *BY_TWO[1:]], [6, 7]),
    "nobody countersigns it any more": ([*TO_ONE, *amended(countersignatures=[])], [2]),
    "published by one": ([*TO_ONE, *amended(joint_publishers=["owner"])], [2]),
    "signed from here on": ([*TO_ONE, *amended(signed=["enrol-team"])], [2]),
    "amended after a stage was opened": ([*TO_ONE, *OPENED, *amended(seats="9")], [3]),
    "a deviation": ([*first(countersignatures=[]), *alone("record-deviation", {}, DEVIATION)], [2]),
}


@pytest.mark.parametrize("what", OF_NO_DECISION)
def test_what_no_decision_comes_to_is_found(what: str) -> None:
    entries, at = OF_NO_DECISION[what]
    assert found(entries) == at


@pytest.mark.parametrize("what", BY_ONE)
def test_what_takes_two_and_has_one_is_found(what: str) -> None:
    entries, at = BY_ONE[what]
    assert found(entries)[: len(at)] == at


def test_what_one_may_decide_takes_one() -> None:
    assert found([*TO_TWO, *BY_TWO]) == found([*TO_ONE, *ENROLLED, *amended(seats="9")]) == []
    at_times = [{**GIVEN_TO_TWO[-1], "when": "after-close"}]
    assert found([*first(countersignatures=at_times), *ENROLLED]) == []
    reported = first(countersignatures=GIVEN_TO_TWO, data_set="public-record")
    assert found([*reported, *ENROLLED, *OPENED, *amended(data_set="public-record")]) == []
