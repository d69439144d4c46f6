"""Assertions: each good for one token; forged, stale, misdirected and replayed ones are refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from tests.integration.conftest import Running
from tests.integration.signing import FORM, ISSUER, OTHER, SigningClient, b64, compact, faults, jwk_of, unb64


@pytest.fixture
def agency(running: Running) -> SigningClient:
    """The ministry, as a client that signs for itself."""
    return SigningClient(running)


def test_a_good_assertion_is_taken(agency: SigningClient) -> None:
    good: list[dict[str, Any]] = [
        {"aud": ISSUER},
        {"aud": [ISSUER]},
        {"iat": None},
        {"nbf": int(time.time()) - 5},
        {"exp": time.time() + 110.5},
        {"client_name": "what is not known is not looked at"},
    ]
    for changed in good:
        assert agency.ask(agency.assertion(**changed)).status_code == 200, changed
    for header in ({"alg": "Ed25519"}, {"typ": None}, {"typ": "client-authentication+jwt"}):
        assert agency.ask(agency.assertion(header=agency.header(**header))).status_code == 200, header


BAD_HEADERS: dict[str, dict[str, Any]] = {
    "alg none": {"alg": "none"},
    "alg None": {"alg": "NonE"},
    "alg missing": {"alg": None},
    "alg HS256": {"alg": "HS256"},
    "alg RS256": {"alg": "RS256"},
    "alg of another curve": {"alg": "Ed448"},
    "alg list": {"alg": ["EdDSA"]},
    "kid missing": {"kid": None},
    "kid unknown": {"kid": "unknown"},
    "kid traversal": {"kid": "../../../../dev/null"},
    "kid of SQL": {"kid": "' OR '1'='1"},
    "kid with a zero": {"kid": "a\0"},
    "kid empty": {"kid": ""},
    "kid long": {"kid": "k" * 129},
    "kid number": {"kid": 1},
    "crit": {"crit": ["exp"], "exp": 1},
    "embedded jwk": {"jwk": jwk_of(OTHER)},
    "jku": {"jku": "http://127.0.0.1:1/jwks"},
    "x5u": {"x5u": "http://127.0.0.1:1/cert"},
    "x5c": {"x5c": ["AAAA"]},
    "b64": {"b64": False, "crit": ["b64"]},
    "typ of a token": {"typ": "at+jwt"},
    "typ of a logout token": {"typ": "logout+jwt"},
}


def test_a_bad_header_is_refused(agency: SigningClient) -> None:
    for name, changed in BAD_HEADERS.items():
        answer = agency.ask(agency.assertion(header=agency.header(**changed)))
        assert answer.status_code == 401, (name, answer.text)
        faults(answer, 401, "invalid_client")


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": timedelta(seconds=-11)},
    "too far ahead": {"exp": timedelta(seconds=140)},
    "without end": {"exp": None},
    "ends at no time": {"exp": "soon"},
    "ends after all time": {"exp": 10**400},
    "issued ahead": {"iat": timedelta(seconds=20)},
    "not valid yet": {"nbf": timedelta(seconds=20)},
    "for another service": {"aud": "https://elsewhere.example"},
    "for another path": {"aud": f"{ISSUER}/v1/keys"},
    "for several": {"aud": [ISSUER, "https://elsewhere.example"]},
    "for several, us last": {"aud": ["https://elsewhere.example", ISSUER]},
    "for nobody": {"aud": None},
    "for no one": {"aud": []},
    "of another issuer": {"iss": "slc_0123456789abcdef"},
    "about another": {"sub": "slc_0123456789abcdef"},
    "about an agency": {"iss": "msit", "sub": "msit"},
    "about a zero": {"iss": "slc_\0", "sub": "slc_\0"},
    "without a name": {"jti": None},
    "of an empty name": {"jti": ""},
    "of a long name": {"jti": "j" * 201},
    "of a name with a zero": {"jti": "a\0b"},
    "of a numbered name": {"jti": 1},
}


def test_bad_claims_are_refused(agency: SigningClient) -> None:
    """A difference of times is from now."""
    for name, changed in BAD_CLAIMS.items():
        claims: dict[str, Any] = {
            each: int(time.time() + value.total_seconds()) if isinstance(value, timedelta) else value
            for each, value in changed.items()
        }
        answer = agency.ask(agency.assertion(**claims))
        assert answer.status_code == 401, (name, answer.text)
        faults(answer, 401, "invalid_client")


def forgeries(good: SigningClient) -> dict[str, str]:
    """Assertions that the client never signed, or that are none."""
    head, claims, signature = good.assertion().split(".")
    secret = unb64(jwk_of(good.private)["x"])
    confused = f"{b64(json.dumps(good.header(alg='HS256')).encode())}.{claims}"
    none = b64(json.dumps({"alg": "none"}).encode())
    deep = b64(b'{"more":' + b"[" * 2000)
    return {
        "signed by another": compact(good.header(), good.claims(), OTHER),
        "signed by nobody": f"{head}.{claims}.",
        "of no algorithm": f"{none}.{claims}.",
        "hashed with the public key": f"{confused}.{b64(hmac.digest(secret, confused.encode(), hashlib.sha256))}",
        "another's signature": f"{head}.{b64(json.dumps(good.claims()).encode())}.{signature}",
        "a short signature": f"{head}.{claims}.{signature[:40]}",
        "padded": f"{head}.{claims}.{signature}==",
        "with a line break": f"{head}.{claims}.{signature}\n",
        "two parts": f"{head}.{claims}",
        "five parts": f"{head}.{claims}.{signature}.{head}.{claims}",
        "only dots": "..",
        "no text": "\x00\xff",
        "a key": good.running.keys.operator,
        "a token": good.token(),
        "too long": good.assertion(more="x" * 4096),
        "claims nested deeply": f"{head}.{deep}.{signature}",
        "header nested deeply": f"{deep}.{claims}.{signature}",
        "claims no object": compact(good.header(), [], good.private),
        "claims no JSON": compact(good.header(), b"\xff{", good.private),
        "claims twice": compact(good.header(), b'{"iss":1}{}', good.private),
    }


def test_what_the_client_never_signed_is_refused(agency: SigningClient) -> None:
    for name, forged in forgeries(agency).items():
        answer = agency.ask(forged)
        assert answer.status_code == 401, (name, answer.text)
        faults(answer, 401, "invalid_client")


def test_an_assertion_is_good_once_for_the_client_that_made_it(agency: SigningClient) -> None:
    assertion = agency.assertion()
    named = "slc_0123456789abcdef"
    assert "another client" in faults(agency.ask(assertion, client_id=named), 401, "invalid_client")
    assert agency.ask(assertion, client_id=agency.client_id).status_code == 200
    assert "used before" in faults(agency.ask(assertion), 401, "invalid_client")


def test_of_many_at_once_that_replay_an_assertion_one_gets_a_token(agency: SigningClient) -> None:
    assertion = agency.assertion()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _n: agency.ask(assertion).status_code, range(16)))
    assert sorted(statuses) == [200] + [401] * 15


def test_a_name_is_good_once_for_each_client(running: Running, agency: SigningClient) -> None:
    other = SigningClient(running, subject="nipa")
    assert agency.ask(agency.assertion(jti="the-same")).status_code == 200
    assert other.ask(other.assertion(jti="the-same")).status_code == 200


def test_used_assertions_are_forgotten_after_they_expired(running: Running, agency: SigningClient) -> None:
    agency.token()
    with psycopg.connect(running.database) as connection:
        connection.execute("UPDATE access.used_assertion SET expires_at = now() - interval '1 hour'")
    running.service.entrance.clients.prune()
    with psycopg.connect(running.database) as connection:
        assert connection.execute("SELECT count(*) FROM access.used_assertion").fetchone() == (0,)


FORMS: dict[str, tuple[dict[str, str | None], str]] = {
    "no grant": ({"grant_type": None}, "invalid_request"),
    "another grant": ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
    "no type": ({"client_assertion_type": None}, "invalid_request"),
    "another type": (
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        "invalid_request",
    ),
    "no assertion": ({"client_assertion": None}, "invalid_request"),
    "a secret too": ({"client_secret": "s"}, "invalid_request"),
    "a scope": ({"scope": "everything"}, "invalid_scope"),
}


def test_a_request_that_is_none_is_refused(agency: SigningClient) -> None:
    for changed, error in FORMS.values():
        form = {**FORM, "client_assertion": agency.assertion(), **changed}
        data = {key: value for key, value in form.items() if value is not None}
        faults(agency.running.client.post("/oauth/token", data=data), 400, error)


def test_a_body_that_is_no_form_is_refused(running: Running) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    post = running.client.post
    faults(post("/oauth/token", json=FORM), 400, "invalid_request")
    faults(post("/oauth/token", content=b"", headers=form), 400, "invalid_request")
    faults(post("/oauth/token", content=b"\xff\xfe", headers=form), 400, "invalid_request")
    faults(post("/oauth/token", content=b"grant_type=a&grant_type=b", headers=form), 400, "invalid_request")
    faults(post("/oauth/token", content=b"&".join([b"a=b"] * 21), headers=form), 400, "invalid_request")
    assert post("/oauth/token", content=b"a=" + b"b" * 20_000, headers=form).status_code == 413
    assert running.client.get("/oauth/token").status_code == 405


def test_a_client_authenticates_in_one_way(running: Running, agency: SigningClient) -> None:
    data = {**FORM, "client_assertion": agency.assertion()}
    answer = running.client.post("/oauth/token", data=data, headers={"Authorization": "Basic YTpi"})
    faults(answer, 400, "invalid_request")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
def test_a_page_of_another_site_asks_for_no_token_and_uses_up_nobodys_failures(
    running: Running, headers: dict[str, str]
) -> None:
    with capture_logs() as lines:
        answer = running.client.post("/oauth/token", data={**FORM, "client_assertion": "a.b.c"}, headers=headers)
    faults(answer, 400, "invalid_request")
    assert [line["event"] for line in lines if line["logger"] == "sillok.audit"] == ["cross-site request refused"]
