"""Each event is of a decision that comes to such, and countersigned where it always is; no honest record is accused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.decision import DECISION_OF
from domain.envelope import Actor
from domain.event import EVENTS, Event
from domain.outcome_events import DeviationRecorded
from domain.proposal_events import DecisionProposed
from domain.rulebook import DECISIONS
from domain.scalars import Names
from domain.stage_events import StageOpened
from tests import given as deciding
from tests import playing
from tests.domain import charters, playbook
from tests.domain.lives import LIVES
from tests.domain.verified import (
    BEE,
    ENROL,
    GIVEN_TO_TWO,
    STANDALONE,
    Entry,
    alone,
    amended,
    by_two,
    changed,
    first,
    found,
    recorded,
)
from tests.given import Given, decide
from tests.playing import EVERY, lines_of, play


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


OF_NO_DECISION = {
    "no command": ([*TO_ONE, FOLLOWING], [2]),
    "no command, and what it had comes after another's": ([*TO_ONE, *OPENED, FOLLOWING], [3]),
    "another decision": ([*TO_ONE, changed(ENROLLED[0], command_type="open-stage")], [2]),
    "one more event": ([*TO_ONE, *ENROLLED, FOLLOWING], [3]),
    "one more event of what was approved": ([*TO_TWO, *BY_TWO, BY_TWO[-1]], [5]),
    "not right after its approval": ([*TO_TWO, *BY_TWO[:2], *OPENED, BY_TWO[-1]], [4, 5]),
    "of what was approved, nothing": ([*TO_TWO, *BY_TWO[:2], *by_two("enrol-team", ENROL, 2)], [4, 5, 6]),
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


def test_what_the_charter_in_force_let_be_decided_an_amendment_takes_back() -> None:
    """Whoever could do it before, and alone."""
    mandates = [{"decisions": ["amend-charter"], "agencies": ["owner"]}, charters.PUBLISHING]
    assert found([*TO_ONE, *ENROLLED, *ENROLLED, *amended(mandates=mandates), *ENROLLED]) == [5]
    assert found([*TO_ONE, *ENROLLED, *TO_CLERK, *ENROLLED]) == [6]


REPORTED = {"attribution": "reported", "source": "a newspaper"}
SAME_BUT = {
    "by another agency": changed(ENROLLED[0], actor=IDLE),
    "another decision": OPENED[0],
    "reported": alone("enrol-team", ENROL | REPORTED, BEE)[0],
    "said to be another's": alone("enrol-team", ENROL | {"decided_by": "other"}, BEE)[0],
}


@pytest.mark.parametrize("what", SAME_BUT)
def test_who_may_decide_one_thing_may_not_decide_another(what: str) -> None:
    """Nor another agency the same, though the charter was asked just before whether the first one may."""
    mandates = [{"decisions": ["publish-charter", "enrol-team"], "agencies": ["owner"]}, charters.PUBLISHING]
    assert found([*first(mandates=mandates), *ENROLLED, SAME_BUT[what], *ENROLLED]) == [3]


@pytest.mark.parametrize("said", [{"source": None}, {"decided_by": "nobody"}, {"attribution": "decided"}])
def test_what_is_reported_has_a_source_and_who_decided_it_is_of_the_charter(said: dict[str, str | None]) -> None:
    """Each time."""
    reported = alone("enrol-team", ENROL | REPORTED, BEE)
    by_other = alone("enrol-team", ENROL | REPORTED | {"decided_by": "other"}, BEE)
    otherwise = alone("enrol-team", ENROL | REPORTED | said, BEE)
    assert found([*first(REPORTED, data_set="public-record"), *by_other, *reported, *otherwise, *reported]) == [4]


def test_what_one_may_decide_takes_one() -> None:
    assert found([*TO_TWO, *BY_TWO]) == found([*TO_ONE, *ENROLLED, *amended(seats="9")]) == []
    at_times = [{**GIVEN_TO_TWO[-1], "when": "after-close"}]
    assert found([*first(countersignatures=at_times), *ENROLLED]) == []
    said = {"attribution": "reported", "source": "a newspaper"}
    reported = [
        *first(said, countersignatures=GIVEN_TO_TWO, data_set="public-record"),
        *alone("enrol-team", ENROL | said, BEE),
        *alone("open-stage", {"stage": "heat"} | said, HEAT),
        *amended(said, data_set="public-record"),
    ]
    assert found(reported) == []
