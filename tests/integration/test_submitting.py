"""What stands in the ledger of a decision that was submitted through the API: the envelope, whole."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import msgspec

from domain.boundary import Boundary, Query, QueryItem
from domain.charter_document import canonical, rules_hash
from domain.envelope import Actor, PrivateEnvelope, decode_envelope, encode_envelope
from domain.rulebook import DECISIONS
from service.application.ports import RecordedEvent
from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme
from tests.playing import PUBLIC_RECORD, lines_of

CONSORTIUMS = ("TeamEnrolled", "CallTeamSelected", "ConsortiumChanged")
RULES = ("CharterPublished", "CharterAmended")
ROSTER = (
    *("TeamEnrolled", "CallTeamSelected", "TeamAdvanced", "TeamEliminated", "TeamWithdrawn", "OutcomeSuperseded"),
    *("ResultsPublished", "ScoringReopened", "StageFinalised"),
)
"""What enrolling a team depends on beside the rules."""


def stored(running: Running, position: int) -> tuple[RecordedEvent, PrivateEnvelope]:
    """The event at a position, and its envelope, whose bytes say just what was decoded."""
    (event,) = running.service.ledger.read(after=position - 1, upto=position)
    envelope = decode_envelope(event.envelope)
    assert encode_envelope(envelope) == event.envelope
    return event, envelope


def test_an_event_keeps_what_was_sent_by_whom_and_what_the_decision_read(running: Running) -> None:
    small = SmallProgramme(running, seats="4")
    body = '{ "team":"dog", "name":{"ko":"개",\t"en":"Dog"} }'
    read_at = running.head()
    path = f"/v1/programmes/{PROGRAMME}/decisions/enrol-team"
    headers = {**small.headers("owner"), "Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = running.client.post(path, content=body.encode(), headers=headers).json()
    event, envelope = stored(running, answer["events"][0]["position"])
    whole = (f"programme:{PROGRAMME}",)
    assert envelope == PrivateEnvelope(
        event_id=str(event.event_id),
        tags=event.tags,
        data_set="rehearsal",
        decided_at=envelope.decided_at,
        actor=Actor(agency="owner", principal=small.keys["owner"].partition(".")[0]),
        attribution="decided",
        decision_id=answer["decision_id"],
        command_type="enrol-team",
        command=body,
        boundary=Boundary(
            Query(tuple(QueryItem(types, whole) for types in (RULES, ROSTER, ("StageOpened",), CONSORTIUMS))),
            after=read_at,
        ),
        rules_hash=rules_hash(canonical(charters.document(seats="4"))),
        decider=f"enrol-team/{DECISIONS['enrol-team'].version}",
    )
    assert event.recorded_at - datetime.fromisoformat(envelope.decided_at) < timedelta(seconds=5)


def test_only_the_first_event_of_a_decision_repeats_the_command(running: Running) -> None:
    """Of an approval: that it was given, and what was proposed, both of one decision."""
    openings = {"decisions": ["open-stage"], "agencies": ["other"]}
    small = SmallProgramme(running, countersignatures=[*charters.document()["countersignatures"], openings])
    waiting = small.propose("open-stage", HEAT)
    answer = small.approve(waiting).json()
    assert [each["type"] for each in answer["events"]] == ["DecisionApproved", "StageOpened"]
    (_first, approved), (_second, opened) = [stored(running, each["position"]) for each in answer["events"]]
    assert approved.command is not None
    assert json.loads(approved.command) == {"proposal": waiting["proposal"], "command_hash": waiting["command_hash"]}
    assert opened == msgspec.structs.replace(approved, event_id=opened.event_id, tags=opened.tags, command=None)
    assert opened.event_id != approved.event_id


def test_a_consortium_that_decides_about_itself_is_the_actor(running: Running) -> None:
    small = SmallProgramme(running, consortium_decisions=["withdraw-team", "acknowledge-notice", "assent-amendment"])
    position = small.accepted("withdraw-team", {"team": "ant", "reason": WHY}, by="ant")
    _event, envelope = stored(running, position)
    assert envelope.actor == Actor(agency="ant", principal=small.keys["ant"].partition(".")[0], party="consortium")


def test_what_was_reported_carries_its_source_and_who_is_said_to_have_decided(played: Running) -> None:
    lines = lines_of(PUBLIC_RECORD)
    number = [line.decision for line in lines].index("rule-independence")
    (event,) = [
        each for each in played.service.ledger.read_programme(PUBLIC_RECORD) if each.type == "IndependenceRuled"
    ]
    _event, envelope = stored(played, event.position)
    assert envelope.command is not None
    assert json.loads(envelope.command) == lines[number].body
    assert envelope.command_type == "rule-independence"
    assert (envelope.attribution, envelope.decided_by) == ("reported", "msit")
    assert envelope.source == lines[number].body["source"]
    assert envelope.actor.agency == "sillok-recorder"
