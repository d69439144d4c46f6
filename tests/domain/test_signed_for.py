"""Keys, charters, proposals and approvals are held against their own commands: signatures rest on them."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from domain.charter import CharterAmended, CharterPublished
from domain.charter_document import canonical, rules_hash
from domain.event import Event
from domain.keys import KeyRegistered, KeyRevoked
from domain.proposal_events import DecisionProposed
from service.client.signing import SigningKey
from tests.domain import charters
from tests.domain.test_signature_audit import (
    CLERK,
    COUNTERSIGNED,
    PROPOSAL,
    approval,
    audited,
    charter_entry,
    enrolment,
    entry,
    key_entry,
    proposal,
    revocation,
)
from tests.domain.test_signatures import KEY, OTHER, registered, signature
from tests.domain.verified import Entry, alone, changed, found

SIGNED = ("enrol-team",)
SECOND, EVIL = SigningKey.make("second"), SigningKey.make("evil")


def by(key: SigningKey, made: Entry) -> Entry:
    """The same, signed with that key."""
    event, envelope = made
    command, type_ = (envelope.command or "").encode(), envelope.command_type or ""
    text = signature(key, command=command, decision=type_, request=f"{hash(command)} by {key.kid}")
    return event, msgspec.structs.replace(envelope, signature=text)


def saying(event: Event, made: Entry) -> Entry:
    """Another event under the same command."""
    return event, made[1]


def following(made: Entry) -> Entry:
    """The event as though it were not the first of its decision."""
    return made[0], msgspec.structs.replace(made[1], command=None, signature=None)


def positions(*made: Entry, signed: tuple[str, ...] = SIGNED) -> list[int]:
    """Where the faults are; the charter is at position 1."""
    return [each.position for each in audited(*made, signed=signed).faults]


def as_of_team(made: Entry) -> Entry:
    event, envelope = made
    assert isinstance(event, KeyRegistered)
    actor = msgspec.structs.replace(envelope.actor, party="consortium")
    return changed((msgspec.structs.replace(event, party="consortium"), envelope), actor=actor)


def shortened(made: Entry) -> Entry:
    event, envelope = made
    assert isinstance(event, KeyRegistered)
    jwk = msgspec.structs.replace(event.jwk, x="AAAA")
    command = (envelope.command or "").replace(event.jwk.x, jwk.x)
    return changed((msgspec.structs.replace(event, jwk=jwk), envelope), command=command)


OWN = by(KEY, key_entry())
THEIRS = by(OTHER, key_entry(OTHER, "other"))
BY_EVIL = enrolment(signature(EVIL, request="by evil"))
FORGED = {
    "vouched for by nobody": [by(EVIL, key_entry(EVIL))],
    "vouched for by another agency": [THEIRS, by(OTHER, key_entry(EVIL))],
    "vouched for by a revoked key": [
        by(KEY, key_entry(SECOND)),
        by(SECOND, revocation()),
        by(KEY, key_entry(EVIL)),
    ],
    "registered by another agency": [THEIRS, saying(registered(EVIL), by(OTHER, key_entry(EVIL, "other")))],
    "asked for by another agency": [THEIRS, changed(by(OTHER, key_entry(EVIL)), actor=CLERK)],
    "as a team's": [saying(msgspec.structs.replace(registered(EVIL), party="consortium"), by(KEY, key_entry(EVIL)))],
    "another than was signed": [saying(registered(EVIL), by(KEY, key_entry(SECOND)))],
    "of no decision": [following(key_entry(EVIL))],
    "of another decision": [saying(registered(EVIL), enrolment(signature()))],
    "of an agency that is none": [by(EVIL, key_entry(EVIL, "nobody"))],
    "of a team that is none": [as_of_team(by(EVIL, key_entry(EVIL, "nobody")))],
    "of less than a key has": [shortened(key_entry(EVIL, "other"))],
}


@pytest.mark.parametrize("signed", [SIGNED, ()])
@pytest.mark.parametrize("what", FORGED)
def test_a_key_that_its_owner_did_not_vouch_for_is_no_key(what: str, signed: tuple[str, ...]) -> None:
    made = [OWN, *FORGED[what]]
    at = len(made) + 1
    assert positions(*made, BY_EVIL, signed=signed) == [at, at + 1]


def test_a_key_that_was_registered_is_put_in_nobodys_hands() -> None:
    """Neither another key under its id, nor under another agency's name."""
    again = SigningKey.make(KEY.kid)
    for forged in (by(KEY, key_entry(again)), by(again, key_entry(again, "other"))):
        assert positions(OWN, forged, enrolment(signature())) == [3]
        assert positions(OWN, forged, enrolment(signature(again))) == [3, 4]


OWN_REVOKED = KeyRevoked(agency="owner", key=KEY.kid, reason="lost")
UNDONE = {
    "the only one": [by(KEY, revocation())],
    "asked for by another agency": [THEIRS, changed(by(OTHER, revocation()), actor=CLERK)],
    "never registered": [by(KEY, revocation(SECOND))],
    "by another agency": [THEIRS, by(OTHER, (OWN_REVOKED, revocation(KEY, "other")[1]))],
    "another than was signed": [
        by(KEY, key_entry(SECOND)),
        by(SECOND, (OWN_REVOKED, revocation(SECOND)[1])),
    ],
    "of no decision": [by(KEY, key_entry(SECOND)), following(revocation())],
}


@pytest.mark.parametrize("what", UNDONE)
def test_a_key_that_its_owner_may_not_have_revoked_is_live(what: str) -> None:
    made = [OWN, *UNDONE[what]]
    assert positions(*made, enrolment(signature())) == [len(made) + 1]


def amendment(key: SigningKey | None = None, **changes: Any) -> Entry:
    changes = {"countersignatures": COUNTERSIGNED} | changes
    published = charters.charter(**changes)
    event = CharterAmended(
        rules_hash=published.rules_hash, document=published.document, replaces="a" * 64, deviation=False
    )
    made = entry(event, msgspec.json.encode({"charter": charters.document(**changes)}), "amend-charter")
    return made if key is None else by(key, made)


def test_once_every_key_is_revoked_the_next_is_as_the_first_was() -> None:
    """They were revoked before anything was signed: after that the last one stays."""
    lost = [key_entry(), revocation()]
    evil = by(EVIL, key_entry(EVIL))
    assert positions(*lost, evil, BY_EVIL, signed=()) == []
    assert positions(*lost, *amended_by_two(*SIGNED), evil, BY_EVIL, signed=()) == []


def test_a_charter_is_the_one_that_was_signed() -> None:
    amended = amendment(KEY, signed=list(SIGNED), seats="9")
    assert positions(OWN, amended) == []
    less = charters.charter(signed=[])
    for forged in (
        saying(msgspec.structs.replace(amended[0], document=less.document, rules_hash=less.rules_hash), amended),
        following(amendment(signed=[])),
        amendment(KEY, signed=[]),
        charter_entry(seats="9", signed=[]),
        by(KEY, (CharterPublished(rules_hash=less.rules_hash, document=less.document), enrolment(None)[1])),
    ):
        assert dict.fromkeys(positions(OWN, forged, enrolment(None))) == {3: None, 4: None}


def test_a_charter_is_written_in_one_way() -> None:
    """Its rules hash is of these bytes, whatever they say."""
    rules = charters.document()
    text = canonical(rules).decode()
    for other in (text.replace(":", ": ", 1), text.replace("{", '{"seats":"9",', 1)):
        event = CharterPublished(rules_hash=rules_hash(other.encode()), document=other)
        assert found(alone("publish-charter", {"charter": rules}, event)) == [1]


def amended_by_two(*signed: str, key: SigningKey | None = None, **said: Any) -> list[Entry]:
    """A charter that has those signed, proposed and approved. `key`: the proposer's. `said`: by the amendment only."""
    _event, envelope = amendment(key, signed=list(signed))
    (proposed, _), (approved, _) = proposal(), approval()
    named = hashlib.sha256((envelope.command or "").encode()).hexdigest()
    same = {"proposal": PROPOSAL[:-1] + "2", "command_hash": named, "decision": "amend-charter"}
    approving = msgspec.json.encode({each: same[each] for each in ("proposal", "command_hash")})
    signing = {"command": envelope.command, "signed_by": None if key is None else key.kid}
    approval_ = entry(msgspec.structs.replace(approved, **same), approving, "approve", actor=CLERK)
    amended, _ = amendment(**{"signed": list(signed), **said})
    return [
        (msgspec.structs.replace(proposed, **signing, **same), envelope),
        approval_ if key is None else by(OTHER, approval_),
        following(saying(amended, approval_)),
    ]


def test_a_charter_that_was_approved_is_the_one_that_was_proposed() -> None:
    more = (*SIGNED, "open-stage")
    assert positions(OWN, THEIRS, *amended_by_two(*more, key=KEY)) == []
    assert positions(OWN, THEIRS, *amended_by_two(*more, key=KEY, seats="9")) == [6]
    assert positions(OWN, THEIRS, *amended_by_two(key=KEY)) == [6]
    proposed, _approved, amended = amended_by_two(*more, key=KEY)
    assert positions(OWN, THEIRS, proposed, amended) == [5]


SIGNED_PROPOSAL = proposal(text=signature(request="proposed"), signed_by=KEY.kid)


@pytest.mark.parametrize(
    "forged",
    [
        proposal(text=signature(request="proposed"), signed_by="another"),
        saying(msgspec.structs.replace(SIGNED_PROPOSAL[0], command='{"team":"bee"}'), SIGNED_PROPOSAL),
        proposal(text=signature(request="proposed"), proposer=CLERK),
        following(proposal(signed_by=KEY.kid)),
        changed(SIGNED_PROPOSAL, attribution="reported", source="a newspaper", decided_by="clerk"),
    ],
)
def test_a_proposal_is_what_its_proposer_signed(forged: Entry) -> None:
    approved = by(OTHER, approval())
    assert positions(OWN, THEIRS, SIGNED_PROPOSAL, approved) == []
    assert positions(OWN, THEIRS, forged, approved)[:1] == [4]


def test_an_approval_is_what_its_approver_signed() -> None:
    otherwise = by(OTHER, approval(command_hash="b" * 64))
    assert positions(OWN, THEIRS, SIGNED_PROPOSAL, otherwise) == [5]
    assert positions(OWN, THEIRS, SIGNED_PROPOSAL, following(approval())) == [5]
    no_time = msgspec.structs.replace(SIGNED_PROPOSAL[0], expires_at="2026-02-01T00:00:00")
    assert positions(OWN, THEIRS, saying(no_time, SIGNED_PROPOSAL), by(OTHER, approval())) == [5]
    nothing = by(OTHER, entry(approval()[0], b"{}", "approve", actor=CLERK))
    assert positions(OWN, THEIRS, SIGNED_PROPOSAL, nothing) == [5]


def test_what_was_approved_is_nobody_elses() -> None:
    proposed, approved, amended = amended_by_two(*SIGNED, key=KEY)
    others = changed(amended, attribution="reported", source="a newspaper", decided_by="clerk")
    assert positions(OWN, THEIRS, proposed, approved, others) == [6]


def test_what_was_proposed_by_name_is_what_was_signed() -> None:
    command = msgspec.json.decode(enrolment(None)[1].command or "")
    asked = msgspec.json.encode({"decision": "enrol-team", "command": command})
    event = SIGNED_PROPOSAL[0]
    assert isinstance(event, DecisionProposed)
    text = msgspec.json.encode(command, order="deterministic").decode()
    event = msgspec.structs.replace(event, command=text, command_hash=hashlib.sha256(text.encode()).hexdigest())
    named = by(KEY, entry(event, asked, "propose"))
    assert positions(OWN, THEIRS, named) == []
    bees = text.replace("ANT", "BEE")
    other = msgspec.structs.replace(event, command=bees, command_hash=hashlib.sha256(bees.encode()).hexdigest())
    assert positions(OWN, THEIRS, saying(other, named)) == [4]
    assert positions(OWN, THEIRS, changed(named, source="a newspaper")) == [4]
    for command in ("{}", "[]", '{"decision":"enrol-team"}'):
        assert positions(OWN, THEIRS, changed(named, command=command, signature=None), signed=()) == [4]


def test_an_approval_of_what_was_proposed_unsigned_does_not_stand_once_it_has_to_be_signed() -> None:
    """Whoever proposed it before the charter asked for it never signed."""
    before = [OWN, THEIRS, proposal()]
    assert positions(*before, by(OTHER, approval()), signed=()) == []
    begun = amended_by_two(*SIGNED, key=KEY)
    assert positions(*before, *begun, by(OTHER, approval()), signed=()) == [8]
    assert positions(OWN, THEIRS, SIGNED_PROPOSAL, *begun, by(OTHER, approval()), signed=()) == []
