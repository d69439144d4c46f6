"""Access tokens of an OIDC issuer over HTTP: they say who asks; everything forged, old or for others is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey
from structlog.testing import capture_logs

from service.application import access
from service.application.identity import account_mark
from service.oidc import discovery
from service.settings import OidcSettings
from tests.integration.browsing import add_person, as_operator
from tests.integration.conftest import Running, run_service
from tests.integration.issuer import AUDIENCE, CLIENT_ID, LocalIssuer, make_key, serve
from tests.integration.signing import bearer, submit
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL

PATH = f"/v1/programmes/{REHEARSAL}/workload"


@pytest.fixture
def service(issuer: LocalIssuer, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A service that takes the issuer's tokens, and believes nothing longer than a request."""
    monkeypatch.setattr(access, "REMEMBERED_SECONDS", 0.0)
    yield from run_service(database, tmp_path, oidc=OidcSettings(issuer=issuer.url, audience=AUDIENCE))


def register_client(running: Running, issuer: LocalIssuer, subject: str = "alice", role: str = "agency") -> str:
    account = {"issuer": issuer.url, "subject": subject}
    asked = {"role": role, "subject": "msit", "identity": account}
    answer = running.client.post("/v1/clients", json=asked, headers=as_operator(running))
    assert answer.status_code == 201, answer.text
    assert answer.json()["identity"] == account
    return str(answer.json()["client_id"])


@pytest.mark.parametrize("alg", ["RS256", "ES256", "Ed25519"])
def test_a_registered_client_decides_with_the_issuers_token(service: Running, issuer: LocalIssuer, alg: str) -> None:
    client_id = register_client(service, issuer)
    assert submit(service, issuer.token(alg)).status_code == 201
    assert submit(service, issuer.token("Ed25519", header={"alg": "EdDSA"}, by="Ed25519"), "two").status_code != 401
    clients = service.client.get("/v1/clients", headers=as_operator(service)).json()["clients"]
    assert [each["client_id"] for each in clients] == [client_id]


def test_a_registered_person_asks_with_the_issuers_token(service: Running, issuer: LocalIssuer) -> None:
    add_person(service, "auditor:board-of-audit", issuer=issuer.url, subject="alice")
    assert service.client.get(PATH, headers=bearer(issuer.token())).status_code == 404


def test_what_a_token_claims_gives_nothing(service: Running, issuer: LocalIssuer) -> None:
    """Nobody is registered: no role, scope or group helps; nor does the id of a registered program."""
    register_client(service, issuer, "app")
    for claims in (
        {"roles": ["operator"], "scope": "admin", "groups": ["msit"]},
        {"sub": "bob", "client_id": "app", "azp": "app"},
        {"sub": service.keys.operator.partition(".")[0]},
    ):
        expect(service.client.get("/v1/keys", headers=bearer(issuer.token(**claims))), 401, "unauthenticated")
        assert submit(service, issuer.token(**claims)).status_code == 401
    add_person(service, issuer=issuer.url, subject="alice")
    expect(submit(service, issuer.token(roles=["operator"])), 403, "not-a-member")
    assert service.head() == 0


def forged(issuer: LocalIssuer) -> dict[str, str]:
    """Tokens that are wrong in one part. A number of seconds is from now."""
    now = int(time.time())
    rsa, other = issuer.keys["RS256"], make_key("RS256")
    assert isinstance(rsa, RSAKey)
    head, body, signature = issuer.token().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"x","typ":"at+jwt"}').rstrip(b"=").decode()
    wrong: dict[str, dict[str, Any]] = {
        "expired": {"exp": now - 11},
        "without end": {"exp": None},
        "ends at no time": {"exp": "soon"},
        "not valid yet": {"nbf": now + 30},
        "issued ahead": {"iat": now + 30},
        "for another service": {"aud": "https://elsewhere.example"},
        "for nobody": {"aud": []},
        "for no audience": {"aud": None},
        "for sign-in": {"aud": CLIENT_ID},
        "about nobody": {"sub": None},
        "about another": {"sub": "bob"},
        "about a zero": {"sub": "alice\0"},
        "an ID token": {"header": {"typ": "JWT"}},
        "without a type": {"header": {"typ": None}},
        "of an unknown key": {"header": {"kid": "unknown"}},
        "of a key in a file": {"header": {"kid": "../../../dev/null"}},
        "with a critical header": {"header": {"crit": ["b64"], "b64": True}},
        "signed by another": {"key": other},
        "signed by another that it brings": {"key": other, "header": {"jwk": other.as_dict(private=False)}},
        "of another algorithm": {"header": {"alg": "PS256"}, "by": "PS256"},
        "of a longer algorithm": {"header": {"alg": "RS512"}, "by": "RS512"},
        "of another key's algorithm": {"header": {"kid": issuer.jwk("ES256")["kid"]}},
        "too long": {"more": "x" * 4096},
    }
    made = {name: issuer.token(**changed) for name, changed in wrong.items()}
    return made | {
        "hashed with the public key": hashed({"alg": "HS256"}, head, body, rsa.as_pem(private=False)),
        "called RS256, hashed with the public key": hashed({}, head, body, rsa.as_pem(private=False)),
        "of no algorithm": f"{none}.{body}.",
        "unsigned": f"{head}.{body}.",
        "another's signature": f"{head}.{issuer.token(more=1).split('.')[1]}.{signature}",
        "four parts": f"{head}.{body}.{signature}.x",
        "deep": f"{head}.{base64.urlsafe_b64encode(b'[' * 2400).rstrip(b'=').decode()}.{signature}",
    }


def hashed(changed: dict[str, str], head: str, body: str, secret: bytes) -> str:
    """A token by HMAC, whatever its header says."""
    header = {**json.loads(base64.urlsafe_b64decode(head + "==")), **changed}
    signed = f"{base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b'=').decode()}.{body}"
    mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_a_token_that_is_wrong_in_any_part_is_refused(service: Running, issuer: LocalIssuer) -> None:
    register_client(service, issuer)
    for name, token in forged(issuer).items():
        answer = submit(service, token)
        assert answer.status_code == 401, (name, answer.text)
        assert answer.json()["type"] == "/problems/unauthenticated", name
    assert service.head() == 0
    assert submit(service, issuer.token()).status_code == 201


def test_without_the_id_of_a_key_it_is_the_only_one_for_its_algorithm(
    service: Running, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_client(service, issuer)
    monkeypatch.setattr(discovery, "AGAIN_SECONDS", 0.0)
    issuer.published = [{**each, "kid": None} for each in issuer.published]
    token = issuer.token(header={"kid": None})
    assert submit(service, token).status_code == 201
    first, issuer.keys["RS256"] = issuer.keys["RS256"], make_key("RS256")
    issuer.published.append({**issuer.jwk("RS256"), "kid": "second"})
    monkeypatch.setattr(discovery, "KEPT_SECONDS", 0.0)
    for key in (first, issuer.keys["RS256"]):
        assert submit(service, issuer.token(header={"kid": None}, key=key)).status_code == 401
    assert submit(service, issuer.token(header={"kid": "second"})).status_code == 201


def test_a_token_of_an_issuer_that_is_not_ours_is_refused(service: Running, issuer: LocalIssuer) -> None:
    """The same account there is another one."""
    register_client(service, issuer)
    with serve(LocalIssuer()) as other:
        assert submit(service, other.token()).status_code == 401
        assert submit(service, other.token(iss=issuer.url)).status_code == 401
        assert other.asked == []


def test_a_revoked_client_or_person_is_refused(service: Running, issuer: LocalIssuer) -> None:
    client_id = register_client(service, issuer)
    person = add_person(service, "agency:msit", issuer=issuer.url, subject="bob")
    assert submit(service, issuer.token()).status_code == 201
    assert submit(service, issuer.token(sub="bob")).status_code != 401
    for path in (f"/v1/clients/{client_id}", f"/v1/people/{person}"):
        assert service.client.delete(path, headers=as_operator(service)).status_code == 204
    assert submit(service, issuer.token()).status_code == 401
    assert submit(service, issuer.token(sub="bob")).status_code == 401
    for path, body in (
        ("/v1/people", {"identities": [{"issuer": issuer.url, "subject": "bob"}]}),
        ("/v1/clients", {"role": "agency", "subject": "msit", "identity": {"issuer": issuer.url, "subject": "alice"}}),
    ):
        expect(service.client.post(path, json=body, headers=as_operator(service)), 409, "identity-taken")


def test_a_new_key_is_asked_for_once_a_minute_at_most(
    service: Running, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_client(service, issuer)
    assert submit(service, issuer.token()).status_code == 201
    issuer.keys["RS256"] = make_key("RS256")
    issuer.published.append(issuer.jwk("RS256"))
    for _ in range(3):
        assert submit(service, issuer.token()).status_code == 401
    assert issuer.asked.count("/jwks") == 1
    monkeypatch.setattr(discovery, "AGAIN_SECONDS", 0.0)
    assert submit(service, issuer.token()).status_code == 201
    assert issuer.asked.count("/jwks") == 2


def test_known_keys_go_on_while_the_issuer_is_down_and_a_withdrawn_one_ends(
    service: Running, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_client(service, issuer)
    assert submit(service, issuer.token()).status_code == 201
    for name in ("AGAIN_SECONDS", "KEPT_SECONDS"):
        monkeypatch.setattr(discovery, name, 0.0)
    issuer.status = 503
    assert submit(service, issuer.token()).status_code == 201
    issuer.status = 200
    issuer.published = [each for each in issuer.published if each["kid"] != issuer.jwk("RS256")["kid"]]
    assert submit(service, issuer.token()).status_code == 401
    assert submit(service, issuer.token("ES256")).status_code == 201


MISUSED: dict[str, tuple[dict[str, Any], Any, str]] = {
    "another name": ({"issuer": "https://elsewhere.example"}, None, "it calls itself by another name"),
    "keys over plain HTTP": ({"jwks_uri": "http://elsewhere.example/jwks"}, None, "an address that it names is not"),
    "keys in a file": ({"jwks_uri": "file:///etc/passwd"}, None, "an address that it names is not"),
    "keys that have moved": ({"jwks_uri": "http://127.0.0.1:PORT/moved"}, None, "it answered 302"),
    "keys that are none": ({"jwks_uri": 1}, None, "ValidationError"),
    "keys that are no list": ({}, {}, "ValidationError"),
}


@pytest.mark.parametrize("name", MISUSED)
def test_an_issuer_that_does_not_answer_as_it_should_is_unavailable(
    service: Running, issuer: LocalIssuer, name: str
) -> None:
    register_client(service, issuer)
    metadata, published, why = MISUSED[name]
    port = issuer.url.rpartition(":")[2]
    issuer.metadata = {
        name: value.replace("PORT", port) if isinstance(value, str) else value for name, value in metadata.items()
    }
    if published is not None:
        issuer.published = published
    with capture_logs() as lines:
        answer = submit(service, issuer.token())
    expect(answer, 503, "issuer-unavailable")
    assert why in next(line["error"] for line in lines if line["event"] == "the issuer does not answer")
    assert answer.headers["retry-after"]


def test_keys_that_are_not_for_this_are_not_taken(service: Running, issuer: LocalIssuer) -> None:
    """A shared secret, a short key, a key for encryption or of another algorithm, one without an id."""
    register_client(service, issuer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        short, shared = RSAKey.generate_key(1024), OctKey.generate_key(256)
    good = issuer.jwk("RS256")
    issuer.published = [
        {**short.as_dict(private=False), "kid": "short"},
        {**shared.as_dict(private=True), "kid": "shared"},
        {**good, "kid": "encrypts", "use": "enc"},
        {**good, "kid": "pss", "alg": "PS256"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        issuer.jwk("ES256"),
    ]
    assert submit(service, issuer.token(header={"kid": "short"}, key=short)).status_code == 401
    assert (
        submit(service, issuer.token(header={"kid": "shared", "alg": "HS256"}, key=shared, by="HS256")).status_code
        == 401
    )
    for kid in ("encrypts", "pss", "broken", "None", good["kid"]):
        assert submit(service, issuer.token(header={"kid": kid})).status_code == 401, kid
    assert submit(service, issuer.token("ES256")).status_code == 201


def test_a_refusal_leaves_a_line_that_marks_the_account_and_holds_neither_it_nor_a_token(
    service: Running, issuer: LocalIssuer
) -> None:
    token = issuer.token(sub="mallory")
    with capture_logs() as lines:
        assert submit(service, token).status_code == 401
    (line,) = [each for each in lines if each["event"] == "authentication refused"]
    assert (line["logger"], line["claimed"]) == ("sillok.audit", account_mark(issuer.url, "mallory"))
    assert not any(part in json.dumps(lines, default=str) for part in (*token.split("."), "mallory"))
