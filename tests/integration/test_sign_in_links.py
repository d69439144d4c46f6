"""Signing in by a link, where there is no issuer: once, soon, by a button that only a page of ours can press."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psycopg
import pytest
from structlog.testing import capture_logs

from service.application.sessions import hash_of
from service.cli.demonstration_people import sign_in_links
from service.settings import OidcSettings
from tests.integration.browsing import ORIGIN, Browser, add_person, as_operator
from tests.integration.conftest import Run, Running, run_service
from tests.integration.test_bad_input import expect


@pytest.fixture
def person(running: Running) -> str:
    return add_person(running, "agency:msit")


def link_of(running: Running, person: str) -> str:
    return running.service.parts.signing_in.make_link(person, "tests")


def use(browser: Browser, secret: str, **form: str) -> int:
    return browser.page("POST", "/sign-in/link", data={"secret": secret, **form}).status_code


def test_a_link_signs_in_once(running: Running, run: Run) -> None:
    person = run("people", "add").strip()
    link = run("people", "sign-in-link", person).strip()
    browser, other = Browser(running), Browser(running)
    with capture_logs() as lines:
        assert browser.sign_in_by(link).headers["location"] == "/v1/session"
        assert browser.get("/v1/session").json()["person_id"] == person
        assert use(other, link.partition("secret=")[2]) == 403
    assert other.session is None
    assert link.partition("secret=")[2] not in str(lines)
    assert [line["event"] for line in lines if line["logger"] == "sillok.audit"] == [
        "signed in",
        "authentication refused",
    ]


def test_to_look_at_a_link_does_not_use_it_up_and_tells_nothing(running: Running, person: str) -> None:
    secret, browser = link_of(running, person), Browser(running)
    good = browser.get(f"/sign-in/link?secret={secret}")
    unknown = browser.get(f"/sign-in/link?secret={'u' * 43}")
    assert good.text.replace(secret, "") == unknown.text.replace("u" * 43, "")
    assert browser.cookies == {}
    assert good.headers["referrer-policy"] == "no-referrer"
    assert good.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in good.headers["content-security-policy"]
    for bad in ('"><script>', "", "x"):
        answer = browser.get("/sign-in/link?secret=" + bad)
        assert answer.status_code == 403
        assert "<script>" not in answer.text
    assert use(browser, secret) == 303


def test_of_many_who_use_a_link_at_once_one_is_signed_in(running: Running, person: str) -> None:
    secret = link_of(running, person)
    own = {"Origin": ORIGIN}

    def press(_number: int) -> int:
        path = f"{ORIGIN}/sign-in/link"
        answer = running.client.post(path, data={"secret": secret}, headers=own, follow_redirects=False)
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(press, range(12))) == [303] + [403] * 11


def test_a_link_ends_after_a_quarter_of_an_hour_and_with_its_person(running: Running, person: str) -> None:
    late, revoked = link_of(running, person), link_of(running, person)
    with psycopg.connect(running.database) as connection:
        connection.execute(
            "UPDATE access.sign_in_link SET ends_at = ends_at - interval '15 minutes' WHERE secret_hash = %s",
            (hash_of(late),),
        )
        hashes = connection.execute("SELECT secret_hash FROM access.sign_in_link").fetchall()
    assert late.encode() not in b"".join(bytes(each) for (each,) in hashes)
    assert use(Browser(running), late) == 403
    running.client.delete(f"/v1/people/{person}", headers=as_operator(running))
    assert use(Browser(running), revoked) == 403


def test_no_other_site_presses_the_button(running: Running, person: str) -> None:
    """Or somebody would be signed in as somebody else, without noticing."""
    secret, browser = link_of(running, person), Browser(running)
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
    ):
        with capture_logs() as lines:
            answer = browser.request("POST", "/sign-in/link", data={"secret": secret}, headers=headers)
        assert [line["event"] for line in lines] == ["cross-site request refused"]
        expect(answer, 403, "cross-site-request")
    assert use(browser, secret, return_to="//evil.example") == 400
    assert use(browser, secret, return_to="/v1/programmes") == 303


def test_without_an_issuer_the_page_says_how(running: Running) -> None:
    browser = Browser(running)
    page = browser.get("/sign-in")
    assert page.status_code == 200
    assert "로그인 링크" in page.text
    assert "sillok people sign-in-link" in page.text
    assert browser.get("/sign-in/callback?code=1&state=1").status_code == 403


def test_the_demonstration_has_somebody_of_each_kind_and_makes_them_once(running: Running) -> None:
    settings = running.settings
    for _ in range(2):
        links = sign_in_links(settings, running.keys)
        assert [membership.role for membership, _link in links] == ["operator", "auditor", "agency", "consortium"]
        browser = Browser(running)
        assert browser.sign_in_by(links[0][1]).status_code == 303
        assert len(browser.get("/v1/people").json()["people"]) == 4
    issuer = OidcSettings(issuer="https://id.example", client_id="sillok")
    assert sign_in_links(msgspec.structs.replace(settings, oidc=issuer), running.keys) == []


@pytest.fixture
def public(database: str, tmp_path: Path) -> Iterator[Running]:
    """A service that browsers reach by HTTPS."""
    yield from run_service(database, tmp_path, issuer_url="https://sillok.example")


def test_by_https_cookies_are_secure_and_for_this_host_alone(public: Running) -> None:
    browser = Browser(public, "https://sillok.example")
    secret = link_of(public, add_person(public, "agency:msit"))
    assert use(browser, secret) == 303
    cookie = browser.set["__Host-sillok-session"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["secure"]) == ("/", True, "lax", True)
    assert cookie["domain"] == ""
    assert browser.get("/v1/session").status_code == 200
    planted = Browser(public, "https://sillok.example")
    planted.cookies = {"sillok-session": cookie.value}
    expect(planted.get("/v1/session"), 401, "session-ended")
    expect(browser.request("POST", "/sign-out", headers={"Origin": "http://sillok.example"}), 403, "cross-site-request")
