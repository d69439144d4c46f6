"""A ledger's signatures, checked again from its events alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain import base64url
from domain.charter_document import GUARDING
from domain.envelope import Actor, PrivateEnvelope
from domain.event import Event
from domain.keys import KeyRegistered, KeyRevoked
from domain.proposal_events import DecisionApproved, DecisionProposed, DecisionRejected, ProposalWithdrawn
from domain.scalars import Names
from domain.signature_audit import SignatureAudit
from domain.signatures import signing_input
from domain.teams import TeamEnrolled
from service.client.signing import SigningKey
from service.ed25519 import verify_ed25519
from tests.domain import charters, verified
from tests.domain.test_signatures import COMMAND, KEY, OTHER, registered, signature
from tests.domain.verified import Entry
from tests.given import DECIDED_AT

OWNER = Actor(agency="owner", principal="a key")
ENROLLED = TeamEnrolled(team="ant", name=Names(en="ANT", ko="ant (ko)"), members=())
COUNTERSIGNED = [
    *charters.document()["countersignatures"],
    {"decisions": ["enrol-team", "open-stage"], "agencies": ["other"], "when": "after-close"},
]
"""What may be proposed here and is not always."""


def entry(event: Event, command: bytes, type_: str, text: str | None = None, actor: Actor = OWNER) -> Entry:
    return event, PrivateEnvelope(
        event_id="",
        tags=event.tags("programme"),
        data_set="live",
        decided_at=DECIDED_AT.isoformat(),
        actor=actor,
        attribution="decided",
        command=command.decode(),
        command_type=type_,
        signature=text,
    )


def key_entry(key: SigningKey = KEY, agency: str = "owner", text: str | None = None) -> Entry:
    """`text`: what it is signed with; `signed` by itself."""
    command = msgspec.json.encode({"agency": agency, "key": key.kid, "jwk": key.public})
    if text == "signed":
        text = signature(key, command=command, decision="register-key", request=f"key {key.kid}")
    return entry(registered(key, agency), command, "register-key", text, Actor(agency=agency, principal="a key"))


def headed(**changes: Any) -> str:
    """A signature by a header that says something else, too."""
    protected, _, _value = signature().partition("..")
    return under(msgspec.json.encode(msgspec.json.decode(base64url.read(protected)) | changes))


def under(header: bytes) -> str:
    written = base64url.written(header)
    return f"{written}..{base64url.written(KEY._private.sign(signing_input(written.encode(), COMMAND)))}"


def enrolment(text: str | None, **changes: Any) -> Entry:
    return entry(ENROLLED, changes.pop("command", COMMAND), "enrol-team", text, **changes)


def charter_entry(**changes: Any) -> Entry:
    changes = {"countersignatures": COUNTERSIGNED} | changes
    command = msgspec.json.encode({"charter": charters.document(**changes)})
    return entry(charters.charter(**changes), command, "publish-charter")


def revocation(key: SigningKey = KEY, agency: str = "owner", by: SigningKey | None = None) -> Entry:
    command = msgspec.json.encode({"agency": agency, "key": key.kid, "reason": "lost"})
    text = None if by is None else signature(by, command=command, decision="revoke-key", request=f"revoke {key.kid}")
    actor = Actor(agency=agency, principal="a key")
    return entry(KeyRevoked(agency=agency, key=key.kid, reason="lost"), command, "revoke-key", text, actor)


def audited(*entries: Entry, signed: tuple[str, ...] = ()) -> SignatureAudit:
    """By both verifiers, under a charter that has so much signed."""
    return verified.audited((charter_entry(signed=list(signed)), *entries))


def test_what_is_signed_as_it_should_be_has_no_fault() -> None:
    audit = audited(key_entry(), enrolment(signature()))
    assert (audit.decisions, audit.signed, audit.faults) == (3, 1, [])


@pytest.mark.parametrize(
    "made",
    [
        enrolment(signature(OTHER)),
        enrolment(signature(command=b"{}")),
        enrolment(signature(), command=COMMAND.replace(b"ANT", b"BEE")),
        enrolment(signature(), actor=Actor(agency="other", principal="a key")),
        enrolment(signature(programme="another")),
        enrolment(signature(decision="open-stage")),
        enrolment(signature(made_at=DECIDED_AT - timedelta(hours=25))),
        enrolment(signature(made_at=DECIDED_AT + timedelta(minutes=2))),
        enrolment(headed(typ="JWT")),
        enrolment(headed(alg="ES256")),
        enrolment(headed(crit=["b64"])),
        enrolment(headed(iat=1e9)),
        enrolment(headed(iat=10**18)),
        enrolment(headed(jti=5)),
        enrolment(headed(jti="long" * 1000)),
        enrolment(under(base64url.read(headed().partition(".")[0]).replace(b"{", b'{"jti":"another",'))),
        enrolment("nothing"),
        entry(ENROLLED, COMMAND, "nothing", signature(decision="nothing")),
    ],
)
def test_what_was_altered_or_signed_by_another_is_named_by_its_position(made: Entry) -> None:
    audit = audited(key_entry(), key_entry(OTHER, "other"), made)
    assert [each.position for each in audit.faults] == [4]


def test_a_header_that_says_the_same_is_right() -> None:
    assert audited(key_entry(), enrolment(headed())).faults == []


def test_a_signature_before_the_revocation_of_its_key_stands_and_one_after_does_not() -> None:
    audit = audited(key_entry(), enrolment(signature()), revocation(), enrolment(signature(request="another")))
    assert [each.position for each in audit.faults] == [5]


def test_a_signature_made_before_its_key_was_registered_does_not_count() -> None:
    assert [each.position for each in audited(enrolment(signature()), key_entry()).faults] == [2]


def test_a_signature_stands_once() -> None:
    audit = audited(key_entry(), enrolment(signature()), enrolment(signature()))
    assert [each.position for each in audit.faults] == [4]


def test_a_key_may_sign_its_own_registration() -> None:
    (event, envelope) = key_entry()
    assert isinstance(event, KeyRegistered)
    command = (envelope.command or "").encode()
    assert audited(key_entry(text=signature(command=command, decision="register-key"))).faults == []


PROPOSAL = "programme:01936f2e-0000-7000-8000-000000000001"
CLERK = Actor(agency="other", principal="another key")
SAID = {"proposal": PROPOSAL, "reason": "no"}
COMMANDS = {"enrol-team": COMMAND, "open-stage": b'{"stage": "heat"}', "reject": msgspec.json.encode(SAID)}
HASHES = {name: hashlib.sha256(command).hexdigest() for name, command in COMMANDS.items()}


def proposal(decision: str = "enrol-team", text: str | None = None, **changes: Any) -> Entry:
    event = DecisionProposed(
        proposal=PROPOSAL,
        decision=decision,
        command=COMMANDS[decision].decode(),
        command_hash=HASHES[decision],
        proposer=OWNER,
        awaiting=("other",),
        expires_at=(DECIDED_AT + timedelta(days=1)).isoformat(),
        events=(),
        effects="0" * 64,
    )
    return entry(msgspec.structs.replace(event, **changes), COMMANDS[decision], decision, text)


def approval(decision: str = "enrol-team", asked: str | None = None, **changes: Any) -> Entry:
    """`asked`: the hash that the approver sent, if it is not the proposal's."""
    event = DecisionApproved(proposal=PROPOSAL, decision=decision, command_hash=HASHES[decision], proposer=OWNER)
    command = msgspec.json.encode({"proposal": PROPOSAL, "command_hash": asked or HASHES[decision]})
    return entry(msgspec.structs.replace(event, **changes), command, "approve", actor=CLERK)


def rejected(_decision: str = "", actor: Actor = CLERK) -> Entry:
    return entry(DecisionRejected(**SAID), COMMANDS["reject"], "reject", actor=actor)


def withdrawn(_decision: str = "", actor: Actor = OWNER) -> Entry:
    return entry(ProposalWithdrawn(**SAID), COMMANDS["reject"], "withdraw-proposal", actor=actor)


@pytest.mark.parametrize("settle", [approval, rejected, withdrawn])
def test_what_settles_a_signed_decision_is_signed(settle: Callable[[str], Entry]) -> None:
    own = key_entry(text="signed")
    for decision, at in (("enrol-team", [4]), ("open-stage", [])):
        text = signature(command=COMMANDS[decision], decision=decision, request="proposed")
        made = audited(own, proposal(decision, text), settle(decision), signed=("enrol-team",))
        assert verified.positions(made) == at


def test_what_the_charter_asks_to_be_signed_is_missed() -> None:
    own = key_entry(text="signed")
    made = [own, enrolment(None), enrolment(signature()), proposal()]
    assert verified.positions(audited(*made, signed=("enrol-team",))) == [3, 5]
    team = Actor(agency="ant", principal="a key", party="consortium")
    assert verified.positions(audited(enrolment(None, actor=team), signed=("enrol-team",))) == [2]


@pytest.mark.parametrize("decision", sorted(GUARDING))
def test_what_could_undo_signatures_is_missed_where_anything_is_signed(decision: str) -> None:
    made = entry(ENROLLED, b"{}", decision)
    for signed, missed in ((("enrol-team",), True), ((), False)):
        (fault,) = audited(made, signed=signed).faults
        assert fault.detail.startswith(f"{decision} of owner is not signed") == missed


@pytest.mark.parametrize(("late", "faults"), [(59, 0), (61, 1), (-61, 1)])
def test_what_is_decided_is_recorded_when_it_is_decided(late: int, faults: int) -> None:
    audit = SignatureAudit(verify_ed25519)
    for position, (event, envelope) in enumerate((charter_entry(), key_entry(), enrolment(signature())), start=1):
        decided = datetime.fromisoformat(envelope.decided_at)
        audit.take(position, "programme", event, envelope, decided + timedelta(minutes=late))
    assert verified.positions(audit) == [1, 2, 3][: 3 * faults]
