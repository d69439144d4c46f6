"""Sessions: they end idle, old, when somebody ends them; they change only what a page of our own asks for."""

from __future__ import annotations

import httpx
import psycopg
import pytest

from service.application import access
from tests.integration.browsing import ORIGIN, Browser, as_operator, signed_in
from tests.integration.conftest import Running
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL, lines_of

CHARTER = f"/v1/programmes/{REHEARSAL}/decisions/publish-charter"
TEAMS = f"/v1/programmes/{REHEARSAL}/teams"


@pytest.fixture(autouse=True)
def _believed_no_longer_than_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 0.0)


def age(running: Running, column: str, by: str) -> None:
    with psycopg.connect(running.database) as connection:
        connection.execute(f"UPDATE access.session SET {column} = {column} - %s::interval", (by,))


def test_a_person_decides_and_the_ledger_has_their_id_alone(running: Running) -> None:
    browser = signed_in(running, "agency:msit")
    person = browser.get("/v1/session").json()["person_id"]
    done = browser.page("POST", CHARTER, json=lines_of(REHEARSAL)[0].body, headers={"Idempotency-Key": "one"})
    assert done.status_code == 201, done.text
    with psycopg.connect(running.database) as connection:
        ((envelope,),) = connection.execute("SELECT envelope FROM ledger.event").fetchall()
    assert person.encode() in bytes(envelope)


BAD: list[dict[str, str]] = [
    {"X-CSRF-Token": ""},
    {"X-CSRF-Token": "A" * 43},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "", "Sec-Fetch-Site": ""},
]


def test_a_change_by_a_session_is_asked_for_by_our_own_page(running: Running) -> None:
    """For every method that changes something; with a token of another session too."""
    browser, other = signed_in(running, "agency:msit"), signed_in(running, "operator:operator")
    theirs = other.get("/v1/session").json()["csrf_token"]
    body = lines_of(REHEARSAL)[0].body
    for headers in [*BAD, {"X-CSRF-Token": theirs}]:
        sent = {"Idempotency-Key": "one", **headers}
        expect(browser.page("POST", CHARTER, json=body, headers=sent), 403, "cross-site-request")
        expect(browser.page("POST", "/sign-out", headers=headers), 403, "cross-site-request")
        deleted = browser.page("DELETE", "/v1/sessions/session-0123456789abcdef", headers=headers)
        expect(deleted, 403, "cross-site-request")
    assert running.head() == 0
    assert browser.get("/v1/session").status_code == 200


def test_a_form_may_carry_the_token_to_sign_out(running: Running) -> None:
    browser = signed_in(running, "agency:msit")
    token = browser.get("/v1/session").json()["csrf_token"]
    own = {"Origin": ORIGIN}
    expect(browser.request("POST", "/sign-out", headers=own, data={}), 403, "cross-site-request")
    assert browser.request("POST", "/sign-out", headers=own, data={"csrf_token": token}).status_code == 200
    assert browser.session is None
    assert browser.request("POST", "/sign-out", headers=own).status_code == 200


@pytest.mark.parametrize(("column", "by"), [("used_at", "31 minutes"), ("ends_at", "12 hours")])
def test_a_session_ends_idle_and_ends_old(running: Running, column: str, by: str) -> None:
    browser = signed_in(running, "agency:msit")
    assert browser.get("/v1/session").status_code == 200
    age(running, column, by)
    answer = browser.get(TEAMS)
    expect(answer, 401, "session-ended")
    assert browser.session is None
    assert browser.get(TEAMS).status_code == 404


def test_a_session_that_is_used_goes_on(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_NOTED_SECONDS", 0.0)
    browser = signed_in(running, "agency:msit")
    for _ in range(3):
        age(running, "used_at", "20 minutes")
        assert browser.get("/v1/session").status_code == 200
        running.service.threads.submit(lambda: None).result()
        with psycopg.connect(running.database) as connection:
            for _try in range(200):
                fresh = "SELECT used_at > now() - interval '10 minutes' FROM access.session"
                if connection.execute(fresh).fetchone() == (True,):
                    break
                connection.rollback()


def test_sessions_are_listed_and_ended_by_their_person_and_by_operators(running: Running) -> None:
    one = signed_in(running, "agency:msit")
    person = one.get("/v1/session").json()["person_id"]
    two, stranger = Browser(running), signed_in(running, "agency:nipa")
    two.sign_in_by(f"{ORIGIN}/sign-in/link?secret={running.service.parts.signing_in.make_link(person, 'tests')}")
    listed = one.get("/v1/sessions").json()["sessions"]
    assert {each["signed_in_by"] for each in listed} == {"link"}
    ids = [each["session_id"] for each in listed]
    assert set(ids) == {each.get("/v1/session").json()["session_id"] for each in (one, two)}
    mine = two.get("/v1/session").json()["session_id"]
    expect(stranger.page("DELETE", f"/v1/sessions/{mine}"), 404, "not-found")
    assert one.page("DELETE", f"/v1/sessions/{mine}").status_code == 204
    expect(two.get("/v1/session"), 401, "session-ended")
    (left,) = running.client.get(f"/v1/people/{person}/sessions", headers=as_operator(running)).json()["sessions"]
    path = f"/v1/people/{person}/sessions/{left['session_id']}"
    assert running.client.delete(path, headers=as_operator(running)).status_code == 204
    expect(running.client.delete(path, headers=as_operator(running)), 404, "not-found")
    expect(one.get("/v1/session"), 401, "session-ended")


def test_beside_a_bearer_credential_a_cookie_counts_for_nothing(running: Running) -> None:
    """Neither its rights nor its need of a CSRF token."""
    browser = signed_in(running, "operator:operator")
    key = {"Authorization": f"Bearer {running.keys.agencies['msit']}"}
    expect(browser.get("/v1/keys", **key), 403, "wrong-role")
    sent = {**key, "Idempotency-Key": "one", "Origin": "https://elsewhere.example"}
    assert browser.request("POST", CHARTER, json=lines_of(REHEARSAL)[0].body, headers=sent).status_code == 201
    expect(browser.get("/v1/keys", Authorization="Bearer nothing"), 401, "unauthenticated")


def test_a_cookie_is_no_key_and_a_key_no_cookie(running: Running) -> None:
    browser = signed_in(running, "operator:operator")
    assert browser.session is not None
    for name in (browser.session, f"session{browser.session}", f"session {browser.session}"):
        header = {"X-API-Key": name}
        expect(running.client.get("/v1/keys", headers=header), 401, "unauthenticated")
    other = Browser(running)
    for value in (running.keys.operator, "", "x", "x" * 5000, '"', "a=b"):
        other.cookies["sillok-session"] = value
        assert other.get("/v1/keys").status_code == 401, value


def test_two_cookies_of_one_name_are_refused(running: Running) -> None:
    browser = signed_in(running, "operator:operator")
    for value in (
        f"sillok-session={browser.session}; sillok-session=x",
        f"sillok-session=x; sillok-session={browser.session}",
    ):
        answer = running.client.get(f"{ORIGIN}/v1/keys", headers={"Cookie": value})
        expect(answer, 401, "unauthenticated")


def test_what_was_withdrawn_or_revoked_is_noticed_at_once(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 60.0)
    browser = signed_in(running, "operator:operator", "agency:msit")
    person = browser.get("/v1/session").json()["person_id"]
    acting = {"Sillok-Acting-For": "operator:operator"}

    def asked() -> httpx.Response:
        return browser.get("/v1/keys", **acting)

    assert asked().status_code == 200
    running.client.delete(f"/v1/people/{person}/memberships/operator:operator", headers=as_operator(running))
    expect(asked(), 403, "not-a-member")
    running.client.delete(f"/v1/people/{person}", headers=as_operator(running))
    expect(asked(), 401, "session-ended")


def test_answers_of_a_session_are_nobody_elses(running: Running) -> None:
    browser = signed_in(running, "auditor:board")
    varies = browser.get("/v1/programmes").headers["vary"]
    assert "Cookie" in varies
    assert "Sillok-Acting-For" in varies
    for path in ("/v1/session", "/v1/sessions"):
        assert browser.get(path).headers["cache-control"] == "no-store"
