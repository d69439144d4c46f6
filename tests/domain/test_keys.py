"""The keys of agencies."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from domain.event import Event
from domain.keys import (
    KeyAlreadyRegisteredError,
    KeyNotVouchedForError,
    KeyRegistered,
    KeyRevoked,
    KeyRevokedError,
    KeyUnknownError,
    LastKeyError,
    NotOwnAgencyError,
    PublicKey,
)
from domain.refusal import InvalidCommandError
from tests.domain import charters
from tests.given import Given, given

X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
OTHER_X = "C" * 42 + "A"
JWK = {"kty": "OKP", "crv": "Ed25519", "x": X}
REGISTER = {"agency": "owner", "key": "first", "jwk": JWK}
REVOKE = {"agency": "owner", "key": "first", "reason": "lost"}


def registered(agency: str = "owner", key: str = "first", x: str = X) -> KeyRegistered:
    return KeyRegistered(agency=agency, key=key, jwk=PublicKey(kty="OKP", crv="Ed25519", x=x))


REVOKED = KeyRevoked(agency="owner", key="first", reason="lost")


def after(*events: Event) -> Given:
    return given(charters.charter(), *events)


def test_an_agency_registers_its_key() -> None:
    after().when("register-key", REGISTER).then(registered())


def test_an_agency_that_has_a_key_registers_another_with_a_signature_by_it() -> None:
    second = {**REGISTER, "key": "second", "jwk": {**JWK, "x": OTHER_X}}
    history = after(registered(), registered("other", "theirs", "B" * 43))
    for asked in (history, history.signed("second"), history.signed("theirs")):
        asked.when("register-key", second).refused(KeyNotVouchedForError)
    history.signed("first").when("register-key", second).then(registered(key="second", x=OTHER_X))


def test_an_agency_without_a_live_key_registers_one_without_a_signature() -> None:
    second = {**REGISTER, "key": "second", "jwk": {**JWK, "x": OTHER_X}}
    history = after(registered(), REVOKED, registered("other", "theirs", "B" * 43))
    history.when("register-key", second).then(registered(key="second", x=OTHER_X))


def test_where_decisions_are_signed_a_key_after_the_first_is_vouched_for_and_the_last_stays() -> None:
    signing = charters.charter(signed=["change-consortium"])
    second = {**REGISTER, "key": "second", "jwk": {**JWK, "x": OTHER_X}}
    given(signing, registered()).signed("second").when("register-key", second).refused(KeyNotVouchedForError)
    after_all = given(signing, registered(), REVOKED).signed("second")
    after_all.when("register-key", second).then(registered(key="second", x=OTHER_X))
    theirs = registered("other", "theirs", "B" * 43)
    given(signing, registered(), theirs).signed("first").when("revoke-key", REVOKE).refused(LastKeyError)
    both = given(signing, registered(), theirs, registered(key="second", x=OTHER_X))
    both.signed("second").when("revoke-key", REVOKE).then(REVOKED)
    given(signing, theirs).signed("first").when("register-key", REGISTER).then(registered())


@pytest.mark.parametrize("x", [X[:-1], X + "A", X + "=", X[:-1] + "p", X[:-1] + "!", "A" * 42, X.replace("_", "/")])
def test_a_key_is_32_bytes_in_base64url_written_in_one_way_only(x: str) -> None:
    after().when("register-key", {**REGISTER, "jwk": {**JWK, "x": x}}).refused(InvalidCommandError, "/jwk/x")


@pytest.mark.parametrize(("decision", "body"), [("register-key", REGISTER), ("revoke-key", REVOKE)])
def test_an_agency_decides_about_its_own_keys_only(decision: str, body: dict[str, Any]) -> None:
    history = after(registered(), registered("other", "theirs", OTHER_X))
    history.by("other").when(decision, body).refused(NotOwnAgencyError, "/agency")
    history.by("nobody").when(decision, {**body, "agency": "nobody"}).refused(NotOwnAgencyError, "/agency")
    history.by_consortium("owner").when(decision, body).refused(NotOwnAgencyError, "/agency")


TEAMS = {"agency": "ant", "key": "ants", "jwk": JWK}


def of_team(team: str = "ant", key: str = "ants", x: str = X) -> KeyRegistered:
    return msgspec.structs.replace(registered(team, key, x), party="consortium")


def test_a_team_registers_its_key_and_revokes_it() -> None:
    history = given(charters.charter(), charters.enrolment("ant"))
    history.by_consortium("ant").when("register-key", TEAMS).then(of_team())
    revoke = {"agency": "ant", "key": "ants", "reason": "lost"}
    signing = given(charters.charter(), charters.enrolment("ant"), of_team()).by_consortium("ant")
    signing.when("revoke-key", revoke).then(KeyRevoked(agency="ant", key="ants", reason="lost"))
    second = {**TEAMS, "key": "second", "jwk": {**JWK, "x": OTHER_X}}
    signing.when("register-key", second).refused(KeyNotVouchedForError)
    signing.signed("ants").when("register-key", second).then(of_team(key="second", x=OTHER_X))


def test_nobody_registers_or_revokes_a_key_for_a_team_and_no_stranger_has_one() -> None:
    history = given(background=[charters.charter(), charters.enrolment("ant"), of_team()])
    second = {**TEAMS, "key": "second", "jwk": {**JWK, "x": OTHER_X}}
    history.when("register-key", second).refused(NotOwnAgencyError, "/agency")
    history.by_consortium("bee").when("register-key", {**second, "agency": "bee"}).refused(NotOwnAgencyError, "/agency")
    history.by_consortium("bee").when("register-key", second).refused(NotOwnAgencyError, "/agency")
    history.when("revoke-key", {**REVOKE, "key": "ants"}).refused(NotOwnAgencyError, "/agency")


def test_a_team_and_an_agency_of_the_same_id_share_no_keys() -> None:
    history = given(background=[charters.charter(), charters.enrolment("owner"), of_team("owner", "teams")])
    history.when("revoke-key", {**REVOKE, "key": "teams"}).refused(NotOwnAgencyError)
    # Else the agency's first key would have to be vouched for by the team's.
    body = {**REGISTER, "jwk": {**JWK, "x": OTHER_X}}
    history.when("register-key", body).then(registered(x=OTHER_X))


def test_an_agency_cannot_revoke_the_key_of_another_as_its_own() -> None:
    history = after(registered("other", "theirs"))
    history.when("revoke-key", {**REVOKE, "key": "theirs"}).refused(NotOwnAgencyError, "/agency")


def test_an_id_is_given_once_in_a_programme() -> None:
    again = {**REGISTER, "jwk": {**JWK, "x": OTHER_X}}
    after(registered()).when("register-key", again).refused(KeyAlreadyRegisteredError)
    after(registered(), REVOKED).when("register-key", again).refused(KeyRevokedError)


def test_a_key_serves_one_agency_once_even_after_its_revocation() -> None:
    again = {**REGISTER, "agency": "other", "key": "second"}
    for history in (after(registered()), after(registered(), REVOKED)):
        history.by("other").when("register-key", again).refused(KeyAlreadyRegisteredError, "/jwk")


def test_a_key_is_revoked_once_with_its_reason() -> None:
    after(registered()).when("revoke-key", REVOKE).then(REVOKED)
    after(registered(), REVOKED).when("revoke-key", REVOKE).refused(KeyRevokedError)
    after().when("revoke-key", REVOKE).refused(KeyUnknownError)
