"""Agencies' signatures: what is signed, by whom, and what the charter asks for."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.decision import Command, SignatureRequiredError
from domain.effects import ProposalNotSignedError
from domain.envelope import Actor
from domain.event import Event
from domain.keys import KeyRegistered, KeyRevoked, KeyRevokedError, Keys, KeyUnknownError, NotOwnAgencyError
from domain.proposal_events import DecisionProposed
from domain.refusal import Refusal
from domain.rulebook import DECISIONS
from domain.signatures import (
    SIGNED_BEFORE,
    SignatureMalformedError,
    SignatureMismatchError,
    SignatureTooOldError,
    Signed,
    read_signature,
    require_signature,
)
from service.client.signing import SigningKey
from service.ed25519 import verify_ed25519
from tests.domain import charters
from tests.given import DECIDED_AT, given

KEY, OTHER = SigningKey.make("first"), SigningKey.make("theirs")
COMMAND = b'{"team": "ant",  "name": {"en": "ANT", "ko": "ant (ko)"}}'
ASKED = Signed(
    programme="programme",
    decision="enrol-team",
    command=COMMAND,
    actor=Actor(agency="owner", principal="a key"),
    request="request-1",
    decided_at=DECIDED_AT,
)


def registered(key: SigningKey = KEY, agency: str = "owner") -> KeyRegistered:
    return KeyRegistered(agency=agency, key=key.kid, jwk=key.public)


def keys(*events: Event) -> Keys:
    found = Keys("programme")
    for position, each in enumerate((registered(), registered(OTHER, "other"), *events), start=1):
        found.apply(position, each)
    return found


def signature(key: SigningKey = KEY, **changes: Any) -> str:
    made = {"command": COMMAND, "programme": "programme", "decision": "enrol-team", "request": "request-1"}
    return key.sign(**{**made, "made_at": DECIDED_AT, **changes})


def check(text: str, *events: Event, of: Signed = ASKED, **changes: Any) -> str:
    asked = msgspec.structs.replace(of, **changes)
    parsed: Command = msgspec.json.decode(asked.command, type=DECISIONS[asked.decision].command)
    return require_signature(read_signature(text), asked, parsed, keys(*events), verify_ed25519)


def written(header: object, value: str = "A" * 86) -> str:
    raw = header if isinstance(header, bytes) else msgspec.json.encode(header)
    return f"{base64.urlsafe_b64encode(raw).decode().rstrip('=')}..{value}"


HEADER: dict[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(signature().split("..")[0] + "=="))


def test_the_key_that_signed_is_named() -> None:
    assert check(signature()) == "first"


def test_a_signature_is_over_the_very_bytes() -> None:
    with pytest.raises(SignatureMismatchError):
        check(signature(), command=COMMAND.replace(b"  ", b" "))


@pytest.mark.parametrize(
    "change",
    [{"programme": "another"}, {"decision": "change-consortium"}, {"request": "request-2"}, {"command": b"{}"}],
)
def test_a_signature_is_for_one_request(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureMismatchError):
        check(signature(**change))


def test_a_signature_is_by_a_key_of_the_agency_that_decides() -> None:
    with pytest.raises(NotOwnAgencyError):
        check(signature(OTHER))
    with pytest.raises(NotOwnAgencyError):
        check(signature(), actor=Actor(agency="owner", principal="a key", party="consortium"))
    with pytest.raises(KeyUnknownError):
        check(signature(SigningKey.make("nobody's")))
    with pytest.raises(SignatureMismatchError):
        check(signature(SigningKey.make("first")))


def test_a_revoked_key_signs_nothing_more() -> None:
    with pytest.raises(KeyRevokedError):
        check(signature(), KeyRevoked(agency="owner", key="first", reason="lost"))


@pytest.mark.parametrize(
    ("before", "right"),
    [
        (timedelta(0), True),
        (timedelta(seconds=-60), True),
        (timedelta(seconds=-61), False),
        (SIGNED_BEFORE, True),
        (SIGNED_BEFORE + timedelta(seconds=1), False),
    ],
)
def test_a_signature_is_made_not_long_before_the_decision(before: timedelta, *, right: bool) -> None:
    made = signature(made_at=DECIDED_AT - before)
    if right:
        assert check(made)
        return
    with pytest.raises(SignatureTooOldError):
        check(made)


def test_a_key_that_is_being_registered_signs_for_itself() -> None:
    new = SigningKey.make("new")
    body = msgspec.json.encode({"agency": "owner", "key": "new", "jwk": new.public})
    made = signature(new, command=body, decision="register-key")
    assert check(made, command=body, decision="register-key") == "new"
    other = SigningKey.make("new")
    with pytest.raises(SignatureMismatchError):
        check(signature(other, command=body, decision="register-key"), command=body, decision="register-key")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        signature().replace("..", "."),
        signature().replace("..", ".x."),
        signature() + "=",
        signature() + " ",
        signature()[:-1],
        "A" * 3000 + ".." + "A" * 86,
        # The last character of 64 bytes has two bits to spare: another text for the same bytes.
        written(HEADER, "A" * 85 + "B"),
        written({**HEADER, "alg": "none"}),
        written({**HEADER, "alg": "HS256"}),
        written({**HEADER, "alg": "ES256"}),
        written({**HEADER, "typ": "JWT"}),
        written({**HEADER, "crit": ["b64"], "b64": False}),
        written({**HEADER, "jwk": {"kty": "OKP"}}),
        written({name: value for name, value in HEADER.items() if name != "kid"}),
        written({**HEADER, "iat": True}),
        written({**HEADER, "iat": 10**30}),
        written({**HEADER, "iat": "1"}),
        written(b"[" * 900),
        written(b'{"alg":"none",' + msgspec.json.encode(HEADER)[1:]),
        written(b"\xff"),
    ],
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(SignatureMalformedError):
        check(text)


def test_a_time_beyond_the_calendar_is_no_time() -> None:
    with pytest.raises(SignatureMalformedError):
        check(written({**HEADER, "iat": 10**15}))


def test_the_algorithm_may_be_called_by_its_newer_name() -> None:
    """RFC 9864: the header's bytes are what is signed, so that the signature is another one."""
    with pytest.raises(SignatureMismatchError):
        check(written({**HEADER, "alg": "Ed25519"}))


@for_all(st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: written(raw)))
def test_no_text_gives_anything_but_a_key_or_a_refusal(text: str) -> None:
    with pytest.raises(Refusal):
        check(text)


def test_the_charter_asks_for_signatures() -> None:
    history = given(charters.charter(signed=["enrol-team"]))
    body = {"team": "ant", "name": charters.names("ant")}
    history.when("enrol-team", body).refused(SignatureRequiredError)
    assert history.signed("first").when("enrol-team", body).decide()


ENROL = {"team": "ant", "name": charters.names("ant")}


def test_whoever_settles_what_is_signed_signs_too() -> None:
    countersigned = [{"decisions": ["enrol-team"], "agencies": ["other"]}]
    charter = charters.charter(signed=["enrol-team"], countersignatures=countersigned)
    given(charter).when("enrol-team", ENROL).refused(SignatureRequiredError)
    (proposed,) = given(charter).signed("first").when("enrol-team", ENROL).decide()
    assert isinstance(proposed, DecisionProposed)
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    against = {"proposal": proposed.proposal, "reason": "no"}
    waiting = given(charter, proposed)
    for by, decision, body in (
        ("other", "approve", approval),
        ("other", "reject", against),
        ("owner", "withdraw-proposal", against),
    ):
        waiting.by(by).when(decision, body).refused(SignatureRequiredError)
        assert waiting.by(by).signed("a key").when(decision, body).decide()


def test_the_approval_of_what_a_consortium_proposes_is_signed() -> None:
    charter = charters.charter(
        consortium_decisions=["change-consortium"],
        signed=["change-consortium"],
        countersignatures=[
            *charters.document()["countersignatures"],
            {"decisions": ["change-consortium"], "agencies": ["other"]},
        ],
    )
    history = [charter, charters.enrolment("ant")]
    body = {"team": "ant", "joined": ["Lab"], "effective": "2026-01-01"}
    asked = given(background=history).by_consortium("ant")
    asked.when("change-consortium", body).refused(SignatureRequiredError)
    (proposed,) = asked.signed("ants").when("change-consortium", body).decide()
    assert isinstance(proposed, DecisionProposed)
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    waiting = given(background=[*history, proposed]).by("other")
    waiting.when("approve", approval).refused(SignatureRequiredError)
    assert len(waiting.signed("theirs").when("approve", approval).decide()) == 2


def test_what_was_proposed_unsigned_does_not_take_effect_once_it_has_to_be_signed() -> None:
    usual = charters.document()["countersignatures"]
    changes = {"countersignatures": [*usual, {"decisions": ["enrol-team"], "agencies": ["other"]}]}
    before = charters.charter(**changes)
    history = {
        name: [before, *asked.when("enrol-team", ENROL).decide()]
        for name, asked in (("unsigned", given(before)), ("signed", given(before).signed("first")))
    }
    for proposed in history.values():
        body = {"charter": charters.document(signed=["enrol-team"], **changes)}
        proposed += given(background=proposed).when("amend-charter", body).approved("clerk")
    for name, (_before, event, *_amended) in history.items():
        assert isinstance(event, DecisionProposed)
        assert event.signed_by == (None if name == "unsigned" else "first")
        approval = {"proposal": event.proposal, "command_hash": event.command_hash}
        approving = given(background=history[name]).by("other").signed("theirs").when("approve", approval)
        if name == "signed":
            assert len(approving.decide()) == 2
        else:
            approving.refused(ProposalNotSignedError)


@pytest.mark.parametrize(
    ("decision", "body"),
    [
        ("register-key", {"agency": "owner", "key": "new", "jwk": SigningKey.make("new").public}),
        ("revoke-key", {"agency": "owner", "key": "first", "reason": "lost"}),
        ("amend-charter", {"charter": charters.document(seats="9")}),
    ],
)
def test_where_anything_is_signed_so_is_what_could_undo_that(decision: str, body: dict[str, Any]) -> None:
    for signed in (["enrol-team"], []):
        spare = registered(SigningKey.make("spare"))
        history = given(background=[charters.charter(signed=signed), registered(), spare])
        asked = msgspec.to_builtins(body)
        if decision == "amend-charter":
            asked["charter"]["signed"] = signed
        if signed:
            history.when(decision, asked).refused(SignatureRequiredError)
        elif decision != "register-key":
            assert history.when(decision, asked).decide()
        assert history.signed("first").when(decision, asked).decide()


def test_a_consortium_signs_with_its_own_key_and_not_with_that_of_an_agency_of_its_name() -> None:
    team = Actor(agency="owner", principal="a key", party="consortium")
    theirs = SigningKey.make("teams")
    own = KeyRegistered(agency="owner", key="teams", jwk=theirs.public, party="consortium")
    assert check(signature(theirs), own, actor=team) == "teams"
    with pytest.raises(NotOwnAgencyError):
        check(signature(theirs), own)
    with pytest.raises(NotOwnAgencyError):
        check(signature(), own, actor=team)
