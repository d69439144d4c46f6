"""`sillok keys`, `clients` and `secrets`, beside a service that runs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.integration.conftest import Run, Running
from tests.integration.signing import SigningClient, bearer, jwk_of, submit
from tests.playing import REHEARSAL

PATH = f"/v1/programmes/{REHEARSAL}/workload"


def wait_until_none_is_under(running: Running, pepper: str) -> None:
    """Until the keys that were used are hashed anew, off the path of the request."""
    deadline = time.monotonic() + 30
    left = "SELECT count(*) FROM access.api_key WHERE pepper_id = %s AND revoked_at IS NULL"
    with psycopg.connect(running.database, autocommit=True) as connection:
        while connection.execute(left, (pepper,)).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_key_is_made_listed_and_revoked(running: Running, run: Run) -> None:
    key = run("keys", "create", "auditor", "board-of-audit", "--days", "30").strip()
    key_id = key.partition(".")[0]
    assert running.client.get(PATH, headers=bearer(key)).status_code == 404
    listed = json.loads(run("keys", "list", "--json"))
    assert next(each for each in listed if each["key_id"] == key_id)["subject"] == "board-of-audit"
    assert key.partition(".")[2] not in run("keys", "list")
    assert run("keys", "revoke", key_id) == f"{key_id}: revoked\n"
    assert running.client.get(PATH, headers=bearer(key)).status_code == 401
    assert "there is no such key" in run("keys", "revoke", "slk_0000000000000000", status=1)
    assert "subject" in run("keys", "create", "auditor", "Board", status=1)


def test_a_client_is_registered_given_another_key_and_revoked(running: Running, run: Run, tmp_path: Path) -> None:
    client = SigningClient.__new__(SigningClient)
    client.running, client.private, client.kid = running, Ed25519PrivateKey.generate(), "first"
    file = tmp_path / "public.json"
    file.write_text(json.dumps(jwk_of(client.private, kid="first")))
    client.client_id = run("clients", "register", "agency", "msit", str(file)).strip()
    old = client.token()
    client.private, client.kid = Ed25519PrivateKey.generate(), "second"
    file.write_text(json.dumps(jwk_of(client.private, kid="second")))
    assert run("clients", "add-key", client.client_id, str(file)) == f"{client.client_id}: has key second\n"
    new = client.token()
    run("clients", "revoke-key", client.client_id, "first")
    assert submit(running, old).status_code == 401
    assert submit(running, new).status_code == 201
    assert {each["kid"] for each in json.loads(run("clients", "list", "--json"))[0]["keys"]} == {"first", "second"}
    assert client.client_id in run("clients", "list")
    run("clients", "revoke", client.client_id)
    assert submit(running, new).status_code == 401
    assert "no such client" in run("clients", "revoke", "slc_0000000000000000", status=1)
    account = ("--identity", "https://issuer.example", "nipa-system")
    run("clients", "register", "agency", "nipa", *account)
    assert "is nipa-system at https://issuer.example" in run("clients", "list")
    assert "linked already" in run("clients", "register", "agency", "tta", *account, status=1)
    assert "keys: 0 were given" in run("clients", "register", "agency", "nipa", status=1)


def test_the_keys_that_tokens_are_signed_with_are_changed(running: Running, run: Run) -> None:
    """In time, nothing is refused; at once, after a theft, tokens by the stolen key are."""
    client = SigningClient(running)
    before = client.token()
    run("secrets", "rotate", "tokens")
    assert [line.split("\t")[2] for line in run("secrets", "list").splitlines() if line.startswith("tokens")] == [
        "next",
        "current",
    ]
    assert submit(running, before).status_code == 201
    run("secrets", "rotate", "tokens", "--at-once")
    assert submit(running, before).status_code == 401
    assert submit(running, client.token()).status_code == 201


def test_the_pepper_is_changed_and_keys_go_on(running: Running, run: Run) -> None:
    former = running.settings.peppers().current().id
    run("secrets", "rotate", "pepper", "--at-once")
    assert "in use" in run("secrets", "drop", "pepper", running.settings.peppers().current().id, status=1)
    assert "keys are hashed with pepper" in run("secrets", "drop", "pepper", former, status=1)
    for each in json.loads(run("keys", "list", "--json")):
        if each["role"] != "auditor":
            run("keys", "revoke", each["key_id"])
    assert running.client.get(PATH, headers=bearer(running.keys.auditor)).status_code == 404
    wait_until_none_is_under(running, former)
    run("secrets", "drop", "pepper", former)
    assert running.client.get(PATH, headers=bearer(running.keys.auditor)).status_code == 404
    assert "no secret" in run("secrets", "drop", "pepper", former, status=1)
    assert running.settings.peppers().current().secret not in run("secrets", "list")
