"""Tokens: a signed assertion is good for one, a token for five minutes; everything forged is refused."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from structlog.testing import capture_logs

from service import secret_rings
from service.application import access
from service.application.tokens import LIFETIME
from service.settings import Settings
from tests.integration.conftest import Running
from tests.integration.signing import ISSUER, OTHER, SigningClient, bearer, compact, faults, jwk_of, submit, unb64
from tests.playing import REHEARSAL


@pytest.fixture
def agency(running: Running) -> SigningClient:
    """The ministry, as a client that signs for itself."""
    return SigningClient(running)


def test_an_agency_signs_gets_a_token_and_decides(running: Running, agency: SigningClient) -> None:
    answer = agency.ask(agency.assertion())
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 300)
    recorded = submit(running, answer.json()["access_token"])
    assert recorded.status_code == 201
    with psycopg.connect(running.database) as connection:
        envelopes = connection.execute("SELECT envelope FROM ledger.event").fetchall()
    assert [agency.client_id.encode() in bytes(each) for (each,) in envelopes] == [True]


def test_a_token_is_one_of_rfc_9068_and_verifies_with_the_published_keys(agency: SigningClient) -> None:
    header, claims, signature = agency.token().split(".")
    head, said = json.loads(unb64(header)), json.loads(unb64(claims))
    assert (head["typ"], head["alg"]) == ("at+jwt", "EdDSA")
    assert (said["iss"], said["aud"]) == (ISSUER, ISSUER)
    assert (said["sub"], said["client_id"]) == (agency.client_id, agency.client_id)
    assert said["exp"] - said["iat"] == LIFETIME.total_seconds()
    keys = {key["kid"]: key for key in agency.running.client.get("/.well-known/jwks.json").json()["keys"]}
    assert "d" not in keys[head["kid"]]
    public = Ed25519PublicKey.from_public_bytes(unb64(keys[head["kid"]]["x"]))
    public.verify(unb64(signature), f"{header}.{claims}".encode())


def test_the_server_says_where_everything_is(running: Running) -> None:
    metadata = running.client.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == ISSUER
    assert metadata["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert metadata["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"
    assert metadata["grant_types_supported"] == ["client_credentials"]
    assert metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]


class Forger:
    """Someone with the service's own signing key, as no attacker has it: what is changed then is what is refused."""

    def __init__(self, agency: SigningClient, home: Settings) -> None:
        self.secret = home.token_keys().current()
        self.private = Ed25519PrivateKey.from_private_bytes(self.secret.value)
        _header, claims, _signature = agency.token().split(".")
        self.good = json.loads(unb64(claims))

    def token(self, header: dict[str, Any] | None = None, **changed: Any) -> str:
        head = {"alg": "EdDSA", "kid": self.secret.id, "typ": "at+jwt", **(header or {})}
        claims = {name: value for name, value in {**self.good, **changed}.items() if value is not None}
        return compact(head, claims, self.private)


@pytest.fixture
def forger(running: Running, agency: SigningClient) -> Forger:
    return Forger(agency, running.settings)


def test_a_token_that_is_wrong_in_any_part_is_refused(running: Running, agency: SigningClient, forger: Forger) -> None:
    now = int(time.time())
    assert submit(running, forger.token()).status_code == 201
    head = running.head()
    wrong = {
        "expired": forger.token(exp=now),
        "issued ahead": forger.token(iat=now + 30),
        "of another issuer": forger.token(iss="https://elsewhere.example"),
        "for another service": forger.token(aud="https://elsewhere.example"),
        "of an unknown client": forger.token(client_id="slc_0123456789abcdef"),
        "got with an unknown key": forger.token(client_key="unknown"),
        "without end": forger.token(exp=None),
        "of type JWT": forger.token({"typ": "JWT"}),
        "of no type": forger.token({"typ": ""}),
        "of no algorithm": forger.token({"alg": "none"}),
        "with a key of its own": forger.token({"jwk": jwk_of(OTHER)}),
        "with a critical header": forger.token({"crit": ["exp"]}),
        "of an unknown key": forger.token({"kid": "unknown"}),
        "of a key in a file": forger.token({"kid": "../../dev/null"}),
        "signed by another": compact({"alg": "EdDSA", "kid": forger.secret.id, "typ": "at+jwt"}, forger.good, OTHER),
        "an assertion": agency.assertion(),
        "an assertion that calls itself a token": agency.assertion(header=agency.header(typ="at+jwt")),
        "a token cut short": forger.token()[:-4],
        "dots": "..",
        "too long": "a." * 5000,
    }
    for name, token in wrong.items():
        answer = submit(running, token, "two")
        assert answer.status_code == 401, (name, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert answer.json()["type"] == "/problems/unauthenticated"
    assert running.head() == head


def test_each_refusal_leaves_an_audit_line_that_names_who_was_claimed_and_holds_no_token(
    running: Running, agency: SigningClient, forger: Forger
) -> None:
    forged, assertion = forger.token(exp=1), agency.assertion(exp=1)
    with capture_logs() as lines:
        assert running.client.get(f"/v1/programmes/{REHEARSAL}/teams", headers=bearer(forged)).status_code == 401
        assert agency.ask(assertion).status_code == 401
        assert agency.ask("a" * 10_000).status_code == 401
        assert running.client.get(f"/v1/programmes/{REHEARSAL}/teams", headers={"X-API-Key": "x"}).status_code == 401
    assert {line["logger"] for line in lines} == {"sillok.audit"}
    assert [(line["event"], line["address"], line["claimed"], line["reason"]) for line in lines] == [
        ("authentication refused", "testclient", agency.client_id, "the token has expired"),
        ("authentication refused", "testclient", agency.client_id, "the assertion has expired"),
        ("authentication refused", "testclient", None, "a token has 4096 characters at most"),
        ("authentication refused", "testclient", None, "it is neither a key nor a token"),
    ]


def test_a_request_carries_one_credential(running: Running, agency: SigningClient) -> None:
    key, token = running.keys.agencies["msit"], agency.token()
    path = f"/v1/programmes/{REHEARSAL}/teams"
    for headers in (
        [("Authorization", f"Bearer {key}"), ("X-API-Key", key)],
        [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {token}")],
        [("X-API-Key", key), ("X-API-Key", token)],
        [("Authorization", f"Basic {key}")],
        [("Authorization", "")],
        [("X-API-Key", "")],
    ):
        assert running.client.get(path, headers=headers).status_code == 401, headers
    assert running.client.get(path, headers=[("X-API-Key", token)]).status_code == 404


def test_a_revoked_client_and_its_tokens_are_refused_at_once(running: Running, agency: SigningClient) -> None:
    token = agency.token()
    assert submit(running, token).status_code == 201
    revoked = running.client.delete(f"/v1/clients/{agency.client_id}", headers=agency.operator)
    assert revoked.status_code == 204
    assert submit(running, token).status_code == 401
    faults(agency.ask(agency.assertion()), 401, "invalid_client")


def test_a_revoked_key_ends_its_tokens_and_another_key_goes_on(running: Running, agency: SigningClient) -> None:
    old = agency.token()
    path = f"/v1/clients/{agency.client_id}/keys"
    second = SigningClient.__new__(SigningClient)
    second.__dict__ |= {**agency.__dict__, "private": Ed25519PrivateKey.generate(), "kid": "second"}
    added = running.client.post(path, json=jwk_of(second.private, kid="second"), headers=agency.operator)
    assert added.status_code == 201
    new = second.token()
    assert running.client.delete(f"{path}/{agency.kid}", headers=agency.operator).status_code == 204
    assert submit(running, old).status_code == 401
    assert submit(running, new).status_code == 201
    faults(agency.ask(agency.assertion()), 401, "invalid_client")


def test_a_revocation_elsewhere_is_noticed_within_what_is_documented(
    running: Running, agency: SigningClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process revokes: this one believes what it knows for `REMEMBERED_SECONDS`, no longer."""
    assert access.REMEMBERED_SECONDS == 5.0
    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 0.0)
    token = agency.token()
    assert submit(running, token).status_code == 201
    with psycopg.connect(running.database) as connection:
        connection.execute("UPDATE access.client SET revoked_at = now()")
    assert submit(running, token).status_code == 401


def test_tokens_go_on_while_the_services_key_is_changed(
    running: Running, agency: SigningClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new key is published before it is used, the former one until every token of it has expired."""
    monkeypatch.setattr(secret_rings, "_LOOK_SECONDS", 0.0)
    clock = [datetime.now(UTC)]
    ring = running.settings.token_keys()
    running.service.entrance.token_keys.clock = ring.clock = lambda: clock[0]

    def published() -> list[str]:
        return [key["kid"] for key in running.client.get("/.well-known/jwks.json").json()["keys"]]

    first, old = ring.current().id, agency.token()
    fresh = ring.add(after=timedelta(minutes=10)).id
    assert published() == [fresh, first]
    assert json.loads(unb64(agency.token().split(".")[0]))["kid"] == first
    clock[0] += timedelta(minutes=10)
    new = agency.token()
    assert json.loads(unb64(new.split(".")[0]))["kid"] == fresh
    assert published() == [fresh, first]
    assert submit(running, old).status_code == 201
    assert submit(running, new).status_code == 201
    ring.drop(first)
    assert published() == [fresh]
    running.service.parts.access.forget()
    assert submit(running, old).status_code == 401
    assert submit(running, new).status_code == 201
