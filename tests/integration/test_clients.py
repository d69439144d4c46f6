"""Administration: keys and clients are given and taken away by operators, who do nothing else."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs

from service.api import administration
from tests.integration.conftest import Headers, Running
from tests.integration.signing import b64, jwk_of
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL, lines_of

NOBODY = "slc_0123456789abcdef"


def public() -> dict[str, str]:
    return jwk_of(Ed25519PrivateKey.generate())


@pytest.fixture
def operator(running: Running) -> Headers:
    return {"Authorization": f"Bearer {running.keys.operator}"}


def post(running: Running, path: str, body: Any, headers: Headers) -> httpx.Response:
    return running.client.post(path, json=body, headers=headers)


def test_a_key_is_shown_once_used_listed_and_revoked(running: Running, operator: Headers) -> None:
    asked = {"role": "auditor", "subject": "board-of-audit", "expires_in_days": "30"}
    issued = post(running, "/v1/keys", asked, operator)
    assert issued.status_code == 201
    assert issued.headers["cache-control"] == "no-store"
    key, key_id = issued.json()["key"], issued.json()["key_id"]
    assert key.startswith(f"{key_id}.")

    def listed() -> dict[str, Any]:
        answer = running.client.get("/v1/keys", headers=operator)
        assert key.partition(".")[2] not in answer.text
        return next(each for each in answer.json()["keys"] if each["key_id"] == key_id)

    assert (listed()["role"], listed()["subject"], listed()["revoked_at"]) == ("auditor", "board-of-audit", None)
    lasts = datetime.fromisoformat(listed()["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < lasts <= timedelta(days=30)
    path = f"/v1/programmes/{REHEARSAL}/workload"
    assert running.client.get(path, headers={"X-API-Key": key}).status_code == 404
    deadline = time.monotonic() + 10
    while listed()["last_used_at"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert running.client.delete(f"/v1/keys/{key_id}", headers=operator).status_code == 204
    assert running.client.get(path, headers={"X-API-Key": key}).status_code == 401
    assert listed()["revoked_at"] is not None
    assert running.client.delete(f"/v1/keys/{key_id}", headers=operator).status_code == 204


def test_a_client_is_registered_listed_given_another_key_and_revoked(running: Running, operator: Headers) -> None:
    asked = {"role": "agency", "subject": "nipa", "keys": [{**public(), "kid": "first"}]}
    registered = post(running, "/v1/clients", asked, operator)
    assert registered.status_code == 201
    client_id = registered.json()["client_id"]
    assert [key["kid"] for key in registered.json()["keys"]] == ["first"]
    path = f"/v1/clients/{client_id}"
    added = post(running, f"{path}/keys", {**public(), "kid": "second"}, operator)
    assert added.status_code == 201
    assert running.client.delete(f"{path}/keys/first", headers=operator).status_code == 204
    found = running.client.get(path, headers=operator).json()
    assert [(key["kid"], key["revoked_at"] is None) for key in found["keys"]] == [("first", False), ("second", True)]
    assert running.client.get("/v1/clients", headers=operator).json()["clients"] == [found]
    assert running.client.delete(path, headers=operator).status_code == 204
    assert running.client.get(path, headers=operator).json()["revoked_at"] is not None
    expect(post(running, f"{path}/keys", public(), operator), 404, "not-found")


def test_an_id_of_a_key_stands_for_one_key_for_ever(running: Running, operator: Headers) -> None:
    same = {**public(), "kid": "same"}
    twice = {"role": "agency", "subject": "nipa", "keys": [same, {**public(), "kid": "same"}]}
    expect(post(running, "/v1/clients", twice, operator), 409, "key-id-taken")
    asked = {"role": "agency", "subject": "nipa", "keys": [same]}
    path = f"/v1/clients/{post(running, '/v1/clients', asked, operator).json()['client_id']}/keys"
    assert running.client.delete(f"{path}/same", headers=operator).status_code == 204
    expect(post(running, path, {**public(), "kid": "same"}, operator), 409, "key-id-taken")


def test_a_key_without_an_id_is_named_by_its_thumbprint(running: Running, operator: Headers) -> None:
    """The example of RFC 8037, appendix A.3."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    registered = post(running, "/v1/clients", {"role": "agency", "subject": "nipa", "keys": [jwk]}, operator)
    assert registered.json()["keys"][0]["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert registered.json()["keys"][0]["x"] == jwk["x"]


def test_a_private_key_is_not_taken_and_not_repeated(running: Running, operator: Headers) -> None:
    private = b64(b"the private half of some key....")
    asked = {"role": "agency", "subject": "nipa", "keys": [{**public(), "d": private}]}
    with capture_logs() as lines:
        answer = post(running, "/v1/clients", asked, operator)
    expect(answer, 422, "invalid-command", "/keys/0/d")
    assert private not in answer.text
    assert private not in str(lines)


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/keys", {"role": "owner", "subject": "nipa"}, "/role"),
    ("/v1/keys", {"role": "agency", "subject": "NIPA\0"}, "/subject"),
    ("/v1/keys", {"role": "agency", "subject": ""}, "/subject"),
    ("/v1/keys", {"role": "agency"}, "/subject"),
    ("/v1/keys", {"role": "agency", "subject": "nipa", "expires_in_days": 30}, "/expires_in_days"),
    ("/v1/keys", {"role": "agency", "subject": "nipa", "expires_in_days": "9999999"}, "/expires_in_days"),
    ("/v1/keys", {"role": "agency", "subject": "nipa", "expires_in_days": "0"}, "/expires_in_days"),
    ("/v1/keys", {"role": "agency", "subject": "nipa", "scope": "all"}, "/scope"),
    ("/v1/clients", {"role": "agency", "subject": "nipa"}, "/keys"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": []}, "/keys"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": [{"kty": "oct", "k": "AAAA"}]}, "/keys/0/kty"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": [{**public(), "crv": "Ed448"}]}, "/keys/0/crv"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": [{**public(), "x": "AAAA"}]}, "/keys/0/x"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": [{**public(), "x": "A" * 42 + "B"}]}, "/keys/0/x"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": [{**public(), "kid": "../x"}]}, "/keys/0/kid"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": [{**public(), "kid": "x\n"}]}, "/keys/0/kid"),
    ("/v1/clients", {"role": "agency", "subject": "nipa", "keys": [{**public(), "use": "enc"}]}, "/keys/0/use"),
    (f"/v1/clients/{NOBODY}/keys", {"kty": "OKP"}, "/crv"),
]


def test_a_bad_request_names_the_field_and_leaves_nothing(running: Running, operator: Headers) -> None:
    def recorded() -> Any:
        with psycopg.connect(running.database) as connection:
            return connection.execute("SELECT count(*) FROM access.audit").fetchone()

    before = recorded()
    for path, body, pointer in BAD:
        expect(post(running, path, body, operator), 422, "invalid-command", pointer)
    expect(
        running.client.post("/v1/keys", content=b"{", headers={**operator, "Content-Type": "application/json"}),
        400,
        "malformed-body",
    )
    expect(running.client.post("/v1/keys", content=b"{}", headers=operator), 415, "unsupported-media-type")
    expect(post(running, f"/v1/clients/{NOBODY}/keys", public(), operator), 404, "not-found")
    for path in (
        f"/v1/clients/{NOBODY}",
        "/v1/clients/a%00b",
        "/v1/keys/slk_0000000000000000",
        "/v1/keys/a%00b",
        f"/v1/clients/{NOBODY}/keys/a",
        f"/v1/clients/{NOBODY}/keys/a%00b",
    ):
        expect(running.client.delete(path, headers=operator), 404, "not-found")
    expect(running.client.get("/v1/keys?after=1", headers=operator), 400, "invalid-parameter")
    assert recorded() == before


def every_operation() -> list[tuple[str, str]]:
    return [
        (method, path.replace(":str", ""))
        for handler in administration.HANDLERS
        for path in handler.paths
        for method in handler.http_methods
    ]


def test_only_operators_administer(running: Running) -> None:
    keys = running.keys
    others = [keys.agencies["msit"], keys.consortiums["nc-ai"], keys.evaluator, keys.auditor]
    for method, path in every_operation():
        address = path.replace("{client_id}", NOBODY).replace("{key_id}", "slk_0").replace("{kid}", "k")
        expect(running.client.request(method, address), 401, "unauthenticated")
        for key in others:
            with capture_logs() as lines:
                refused = running.client.request(method, address, headers={"Authorization": f"Bearer {key}"})
            expect(refused, 403, "wrong-role")
            assert [(line["event"], line["principal"]) for line in lines] == [("role refused", key.partition(".")[0])]


def test_an_operator_decides_nothing_and_reads_as_the_public(played: Running) -> None:
    operator = {"Authorization": f"Bearer {played.keys.operator}", "Idempotency-Key": "one"}
    head = played.head()
    line = lines_of(REHEARSAL)[0]
    for path in (f"/v1/programmes/{REHEARSAL}/decisions/{line.decision}", f"/v1/proposals/{REHEARSAL}:1/approval"):
        expect(played.client.post(path, json={}, headers=operator), 403, "wrong-role")
    checked = played.client.post(f"/v1/programmes/{REHEARSAL}/disclosure-check", json={}, headers=operator)
    expect(checked, 403, "wrong-role")
    for view in ("workload", "disagreement"):
        assert played.client.get(f"/v1/programmes/{REHEARSAL}/{view}", headers=operator).status_code == 403
    for path in (
        "/v1/ledger/events?limit=1000",
        f"/v1/programmes/{REHEARSAL}/standings?stage=stage-2",
        f"/v1/programmes/{REHEARSAL}/audit-trail?limit=1000",
        f"/v1/programmes/{REHEARSAL}/objections",
        f"/v1/programmes/{REHEARSAL}/calls",
    ):
        assert played.client.get(path, headers=operator).content == played.client.get(path).content, path
    assert played.head() == head


def test_every_act_leaves_a_line_and_a_row_with_who_did_it(running: Running, operator: Headers) -> None:
    me = f"operator {running.keys.operator.partition('.')[0]}"
    with psycopg.connect(running.database) as connection:
        connection.execute("ALTER TABLE access.audit ALTER COLUMN id RESTART")
        connection.execute("TRUNCATE access.audit")
    with capture_logs() as lines:
        key = post(running, "/v1/keys", {"role": "agency", "subject": "nia"}, operator).json()
        running.client.delete(f"/v1/keys/{key['key_id']}", headers=operator)
        asked = {"role": "agency", "subject": "nia", "keys": [{**public(), "kid": "a"}]}
        client_id = post(running, "/v1/clients", asked, operator).json()["client_id"]
        post(running, f"/v1/clients/{client_id}/keys", {**public(), "kid": "b"}, operator)
        running.client.delete(f"/v1/clients/{client_id}/keys/a", headers=operator)
        running.client.delete(f"/v1/clients/{client_id}", headers=operator)
    with psycopg.connect(running.database) as connection:
        rows = connection.execute("SELECT operator, act, object FROM access.audit ORDER BY id").fetchall()
    done = [
        ("key issued", key["key_id"], ""),
        ("key revoked", key["key_id"], ""),
        ("client registered", client_id, ""),
        ("client key added", client_id, " b"),
        ("client key revoked", client_id, " a"),
        ("client revoked", client_id, ""),
    ]
    assert rows == [(me, act, object_ + kid) for act, object_, kid in done]
    told = [line for line in lines if line["logger"] == "sillok.audit"]
    assert [(line["operator"], line["event"], line["object"]) for line in told] == [
        (me, act, object_) for act, object_, _kid in done
    ]
    assert key["key"].partition(".")[2] not in f"{lines}{rows}"


def test_the_service_can_neither_change_nor_delete_what_was_recorded(database: str) -> None:
    for statement in (
        "UPDATE access.audit SET act = 'nothing'",
        "DELETE FROM access.audit",
        "DELETE FROM access.api_key",
        "DELETE FROM access.client",
        "TRUNCATE access.audit",
    ):
        with psycopg.connect(database) as connection:
            connection.execute("SET ROLE sillok_service")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
