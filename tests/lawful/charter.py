"""The charter and its amendments, keys, proposals, notices and erasure."""

from __future__ import annotations

import hashlib
import json

from tests.lawful.history import Data, Lawful, rule


@rule("CharterPublished")
def published(history: Lawful, _position: int, data: Data) -> None:
    assert not history.charter
    _in_force(history, data)


@rule("CharterAmended")
def amended(history: Lawful, position: int, data: Data) -> None:
    opened = [name for name, stage in history.stages.items() if stage.opened]
    before = {name: history.plan(name) for name in opened}
    assert data["replaces"] == history.rules_hash != data["rules_hash"]
    assert data["deviation"] == bool(opened)
    assert not opened or data["reason"] or history.reported
    data_set, signed = history.charter["data_set"], set(history.charter.get("signed", ()))
    _in_force(history, data)
    assert history.charter["data_set"] == data_set
    assert signed <= set(history.charter.get("signed", ()))
    assert [each["id"] for each in history.charter["stages"]][: len(opened)] == opened
    for name in opened:
        if history.stages[name].consolidated or history.stages[name].certified:
            assert history.plan(name) == before[name], f"the rules of {name}, which rests on them"
    history.amendments[data["rules_hash"]] = position
    history.require_seats()


def _in_force(history: Lawful, data: Data) -> None:
    assert hashlib.sha256(data["document"].encode()).hexdigest() == data["rules_hash"]
    history.charter, history.rules_hash = json.loads(data["document"]), data["rules_hash"]


@rule("AmendmentAssented")
def took_a_stance(history: Lawful, position: int, data: Data) -> None:
    assert data["team"] in history.status
    assert history.amendments[data["rules_hash"]] == data["amendment"] < position
    history.require_once("stance", data["team"], str(data["amendment"]))


@rule("KeyRegistered")
def registered_key(history: Lawful, _position: int, data: Data) -> None:
    agencies = {each["id"] for each in history.charter["agencies"]}
    assert data["agency"] in (agencies if data["party"] == "agency" else history.status)
    history.require_once("key", data["key"])
    history.require_once("public key", data["jwk"]["x"])
    history.keys[data["key"]] = data


@rule("KeyRevoked")
def revoked_key(history: Lawful, _position: int, data: Data) -> None:
    assert history.keys[data["key"]]["agency"] == data["agency"]
    history.require_once("revoked", data["key"])


@rule("SubjectErased")
def erased(history: Lawful, _position: int, data: Data) -> None:
    assert data["legal_basis"]
    history.require_once("erased", data["subject"])


@rule("FieldSealed")
def sealed(history: Lawful, _position: int, data: Data) -> None:
    assert ("erased", data["subject"]) not in history.once
    history.require_once("sealed", data["subject"], data["commitment"])


@rule("DecisionProposed")
def proposed(history: Lawful, _position: int, data: Data) -> None:
    history.require_once("proposed", data["proposal"])
    assert data["proposer"]["agency"] not in data["awaiting"] != []
    history.proposals[data["proposal"]] = data


@rule("DecisionApproved")
def approved(history: Lawful, _position: int, data: Data) -> None:
    was = history.proposals[data["proposal"]]
    assert {name: data[name] for name in ("decision", "command_hash", "proposer")} == {
        name: was[name] for name in ("decision", "command_hash", "proposer")
    }
    assert hashlib.sha256(was["command"].encode()).hexdigest() == data["command_hash"]


@rule("DecisionApproved", "DecisionRejected", "ProposalWithdrawn")
def settled_proposal(history: Lawful, _position: int, data: Data) -> None:
    assert data["proposal"] in history.proposals
    history.require_once("settled", data["proposal"])


@rule("NoticeServed")
def served(history: Lawful, _position: int, data: Data) -> None:
    template = next(each for each in history.charter["notices"] if each["id"] == data["template"])
    history.require_once("notice", data["notice"])
    assert not history.embargoed(data["team"])
    assert history.status[data["team"]] in template["recipients"]
    assert set(data["values"]) == set(template["variables"])
    history.notices[data["notice"]] = data["team"]


@rule("NoticeAcknowledged")
def acknowledged(history: Lawful, _position: int, data: Data) -> None:
    assert history.notices[data["notice"]] == data["team"]
    history.require_once("acknowledged", data["notice"])
