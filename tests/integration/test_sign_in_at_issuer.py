"""Signing in at an OIDC issuer over HTTP: one browser, one issuer, one answer each; and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from service.application import access
from service.application.identity import account_mark
from service.settings import OidcSettings
from tests.integration import issuer as issuing
from tests.integration.browsing import Browser, add_person, as_operator
from tests.integration.conftest import Running, run_service
from tests.integration.issuer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, LocalIssuer, make_key, serve
from tests.integration.signing import bearer
from tests.integration.test_bad_input import expect
from tests.integration.test_proposals import ENROL, let_two_enrol
from tests.playing import REHEARSAL


@pytest.fixture
def service(issuer: LocalIssuer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 0.0)
    secret = tmp_path / "client-secret"
    secret.write_text(f"{CLIENT_SECRET}\n")
    oidc = OidcSettings(issuer=issuer.url, audience=AUDIENCE, client_id=CLIENT_ID, client_secret_path=secret)
    yield from run_service(database, tmp_path, oidc=oidc)


@pytest.fixture(autouse=True)
def alice(service: Running, issuer: LocalIssuer) -> str:
    return add_person(service, "agency:msit", issuer=issuer.url, subject="alice")


def refused(answer: httpx.Response, browser: Browser, status: int = 403) -> str:
    """Nobody is signed in; what the page says."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert browser.session is None
    return answer.text


def changed(path: str, **parameters: str | None) -> str:
    """The way back from the issuer, with other parameters."""
    found = {**dict(parse_qsl(urlsplit(path).query)), **parameters}
    return f"/sign-in/callback?{urlencode({name: value for name, value in found.items() if value is not None})}"


def test_a_person_signs_in_acts_and_signs_out(service: Running, alice: str) -> None:
    browser = Browser(service)
    with capture_logs() as lines:
        was = "/v1/programmes?a=b" + "/" * 483
        answer = browser.sign_in(f"/sign-in?return_to={was}")
        assert (answer.status_code, answer.headers["location"]) == (303, was)
        session = browser.get("/v1/session").json()
        assert session["person_id"] == alice
        assert session["memberships"] == [{"role": "agency", "subject": "msit"}]
        assert browser.page("POST", "/sign-out").status_code == 200
    assert browser.cookies == {}
    expect(browser.get("/v1/session"), 401, "session-ended")
    told = [line["event"] for line in lines if line["logger"] == "sillok.audit"]
    assert told == ["signed in", "session ended"]


def test_the_secret_at_the_issuer_is_changed_while_the_service_runs(
    service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The issuer takes another secret from now on; the service reads it when it is used, and says when it cannot."""
    monkeypatch.setattr(issuing, "CLIENT_SECRET", "the second secret")
    browser = Browser(service)
    refused(browser.sign_in(), browser)
    file = tmp_path / "client-secret"
    file.write_text("the second secret\n")
    assert browser.sign_in().status_code == 303
    file.unlink()
    another = Browser(service)
    assert "SILLOK_OIDC_CLIENT_SECRET_FILE" not in refused(another.sign_in(), another, 503)


def test_no_secret_is_in_any_line_or_row(service: Running, issuer: LocalIssuer) -> None:
    """Planted ones: of the program at the issuer, of the cookies, the code, its verifier, the ID token."""
    browser = Browser(service)
    with capture_logs() as lines:
        back = browser.follow_to_issuer()
        begun = browser.cookies["sillok-sign-in"]
        browser.get(back)
        issuer.answer = {"code": "a-planted-code"}
        failed = Browser(service)
        refused(failed.sign_in(), failed)
        browser.get("/v1/session")
    session = browser.session
    assert session is not None
    told = json.dumps(lines, default=str)
    for secret in (CLIENT_SECRET, begun.partition(".")[0], session, issuer.last_code, "a-planted-code"):
        assert secret not in told
        assert secret not in failed.get("/sign-in").text


def test_cookies_are_out_of_reach(service: Running) -> None:
    """On this machine without HTTPS they can be no more than this."""
    browser = Browser(service)
    back = browser.follow_to_issuer()
    begun = browser.set["sillok-sign-in"]
    assert (begun["path"], begun["httponly"], begun["samesite"], begun["secure"]) == ("/", True, "lax", "")
    assert (begun["max-age"], begun["domain"]) == ("600", "")
    browser.get(back)
    cookie = browser.set["sillok-session"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == ("/", True, "lax", "")
    assert cookie["domain"] == cookie["max-age"] == ""
    assert browser.set["sillok-sign-in"]["max-age"] == "0"


def test_each_sign_in_makes_a_session_that_nobody_chose(service: Running) -> None:
    """Fixation: a cookie that was planted does not become a session; one that was is ended by the next sign-in."""
    browser = Browser(service)
    browser.cookies["sillok-session"] = planted = "p" * 43
    browser.sign_in()
    first = browser.session
    assert first != planted
    browser.sign_in()
    assert browser.session not in (first, planted)
    other = Browser(service)
    for dead in (planted, first):
        assert dead is not None
        other.cookies["sillok-session"] = dead
        expect(other.get("/v1/session"), 401, "session-ended")


def test_an_answer_is_taken_from_the_browser_that_began_only(service: Running) -> None:
    """And others do not count as failures of their address: any page can send browsers there."""
    mallory, victim = Browser(service), Browser(service)
    back = mallory.follow_to_issuer()
    with capture_logs() as lines:
        refused(victim.get(back), victim)
        victim.follow_to_issuer()
        assert "state" in refused(victim.get(back), victim)
        for state in ("", "x", None):
            other = Browser(service)
            refused(other.get(changed(other.follow_to_issuer(), state=state)), other)
    assert [line["event"] for line in lines if line["logger"] == "sillok.audit"] == ["sign-in refused"] * 5
    assert mallory.get(back).status_code == 303


def test_a_code_is_good_once_and_for_the_browser_that_it_was_given_to(service: Running) -> None:
    browser = Browser(service)
    back = browser.follow_to_issuer()
    begun = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    again = Browser(service)
    again.cookies = begun
    refused(again.get(back), again)
    victims = Browser(service).follow_to_issuer()
    code = dict(parse_qsl(urlsplit(victims).query))["code"]
    mallory = Browser(service)
    refused(mallory.get(changed(mallory.follow_to_issuer(), code=code)), mallory)


def test_an_answer_of_another_issuer_is_refused(service: Running, issuer: LocalIssuer) -> None:
    """Mix-up (RFC 9207)."""
    with serve(LocalIssuer()) as other:
        browser = Browser(service)
        assert "another issuer" in refused(browser.get(changed(browser.follow_to_issuer(), iss=other.url)), browser)
    issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    fresh = Browser(service)
    without = changed(fresh.follow_to_issuer(), iss=None)
    assert fresh.get(without).status_code == 303


BAD_ID_TOKENS: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1},
    "without end": {"exp": None},
    "issued ahead": {"iat": 4_000_000_000},
    "of another issuer": {"iss": "https://elsewhere.example"},
    "for another program": {"aud": "another"},
    "for the API": {"aud": AUDIENCE},
    "for several without saying for whom": {"aud": [CLIENT_ID, "another"]},
    "given to another": {"azp": "another"},
    "of another sign-in": {"nonce": "another"},
    "of no sign-in": {"nonce": None},
    "about nobody": {"sub": None},
    "about a number": {"sub": 1},
    "of another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


def test_an_id_token_that_is_wrong_in_any_part_is_refused(service: Running, issuer: LocalIssuer) -> None:
    add_person(service, "agency:msit", issuer=issuer.url, subject="1")
    for name, claims in BAD_ID_TOKENS.items():
        issuer.id_token = claims
        browser = Browser(service)
        answer = browser.sign_in()
        assert answer.status_code == 403, (name, answer.text)
        assert browser.session is None
    issuer.id_token = {}
    for header in ({"alg": "none"}, {"typ": "at+jwt"}, {"kid": "unknown"}, {"alg": "ES256"}):
        issuer.id_header = {} if header == {"alg": "none"} else header
        issuer.id_token = {"key": make_key("RS256")} if header == {"alg": "none"} else {"by": "RS256"}
        browser = Browser(service)
        refused(browser.sign_in(), browser)
    issuer.id_header, issuer.id_token = {}, {}
    assert Browser(service).sign_in().status_code == 303


def test_who_is_not_registered_or_is_revoked_or_a_client_is_not_signed_in(
    service: Running, issuer: LocalIssuer, alice: str
) -> None:
    issuer.sub = "mallory"
    browser = Browser(service)
    with capture_logs() as lines:
        refused(browser.sign_in(), browser)
    assert [line["claimed"] for line in lines if line["event"] == "authentication refused"] == [
        account_mark(issuer.url, "mallory")
    ]
    assert "mallory" not in json.dumps(lines, default=str)
    account = {"issuer": issuer.url, "subject": "mallory"}
    client = {"role": "agency", "subject": "msit", "identity": account}
    assert service.client.post("/v1/clients", json=client, headers=as_operator(service)).status_code == 201
    refused(browser.sign_in(), browser)
    issuer.sub = "alice"
    open_ = Browser(service)
    assert open_.sign_in().status_code == 303
    assert service.client.delete(f"/v1/people/{alice}", headers=as_operator(service)).status_code == 204
    expect(open_.get("/v1/session"), 401, "session-ended")
    refused(browser.sign_in(), browser)


def test_the_issuers_refusal_is_said_and_its_words_are_not_repeated(service: Running, issuer: LocalIssuer) -> None:
    issuer.answer = {"error": "<script>alert(1)</script>", "error_description": "<b>come here</b>"}
    browser = Browser(service)
    said = refused(browser.sign_in(), browser)
    assert "<script>" not in said
    assert "come here" not in said


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "",
     "/a\r\nSet-Cookie: a=b", "/\t/evil.example", "evil.example", "/" + "a" * 600],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_afterwards(service: Running, elsewhere: str) -> None:
    browser = Browser(service)
    begun = browser.get(f"/sign-in?{urlencode({'return_to': elsewhere})}")
    expect(begun, 400, "invalid-parameter")
    back = browser.follow_to_issuer()
    secret = browser.cookies["sillok-sign-in"].partition(".")[0]
    browser.cookies["sillok-sign-in"] = f"{secret}.{urlencode({'': elsewhere})[1:]}"
    answer = browser.get(back)
    assert answer.headers.get("location", "") in ("", "/v1/session")
    if elsewhere:
        expect(answer, 400, "invalid-parameter")


def test_an_issuer_that_is_down_is_said_and_sessions_go_on(service: Running, issuer: LocalIssuer) -> None:
    before = Browser(service)
    issuer.status = 503
    refused(before.get("/sign-in"), before, 503)
    assert "Retry" not in before.cookies


def test_where_there_is_an_issuer_there_are_no_links(service: Running, alice: str) -> None:
    browser = Browser(service)
    used = browser.page("POST", "/sign-in/link", data={"secret": "s" * 43})
    expect(used, 409, "no-such-sign-in")
    with pytest.raises(Exception, match="not by links"):
        service.service.parts.signing_in.make_link(alice, "tests")


def test_nobody_signs_in_over_plain_http_from_elsewhere(service: Running) -> None:
    browser = Browser(service, "http://sillok.example")
    for path in ("/sign-in", "/sign-in/callback?code=1", "/sign-in/link?secret=" + "s" * 43):
        expect(browser.get(path), 403, "sign-in-refused")


def test_a_second_account_of_the_same_person_approves_nothing_of_their_own(
    service: Running, issuer: LocalIssuer, alice: str
) -> None:
    """Whatever account was used, for whichever agency and by whichever way: the ledger has one principal."""
    let_two_enrol(service)
    path = f"/v1/people/{alice}"
    second = {"issuer": issuer.url, "subject": "alice-at-nipa"}
    for where, body in (("identities", second), ("memberships", {"role": "agency", "subject": "nipa"})):
        assert service.client.post(f"{path}/{where}", json=body, headers=as_operator(service)).status_code == 201
    first, other = Browser(service), Browser(service)
    first.sign_in()
    issuer.sub = "alice-at-nipa"
    other.sign_in()
    assert {each.get("/v1/session").json()["person_id"] for each in (first, other)} == {alice}
    proposed = first.page(
        "POST",
        f"/v1/programmes/{REHEARSAL}/decisions/enrol-team",
        json=ENROL,
        headers={"Idempotency-Key": "propose", "Sillok-Acting-For": "agency:msit"},
    )
    assert proposed.status_code == 202, proposed.text
    approval = f"/v1/proposals/{proposed.json()['proposal']}/approval"
    body = {"command_hash": proposed.json()["command_hash"]}
    for_nipa = {"Idempotency-Key": "approve", "Sillok-Acting-For": "agency:nipa"}
    problem = expect(other.page("POST", approval, json=body, headers=for_nipa), 403, "not-countersigner")
    assert "Nobody approves what they proposed themselves" in problem["rule"]
    token = issuer.token(sub="alice-at-nipa")
    by_token = service.client.post(approval, json=body, headers={**for_nipa, **bearer(token)})
    expect(by_token, 403, "not-countersigner")
    issuer.sub = "bob"
    add_person(service, "agency:nipa", issuer=issuer.url, subject="bob")
    bob = Browser(service)
    bob.sign_in()
    assert bob.page("POST", approval, json=body, headers={"Idempotency-Key": "b"}).status_code == 201
