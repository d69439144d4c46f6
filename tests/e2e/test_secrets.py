"""No secret is where somebody might read it: logs, answers, events, tables, process lists."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.cli import main
from service.embedded import EmbeddedPostgres
from service.secret_rings import SecretRing
from tests.e2e.test_up import Up, only_public_record, start
from tests.integration.signing import FORM, b64, compact, jwk_of
from tests.playing import PUBLIC_RECORD
from tests.serving import free_port

PASSWORD = "planted-password-of-the-database"
PATH = f"/v1/programmes/{PUBLIC_RECORD}"


@dataclass
class Planted:
    """A service with planted secrets, which was asked about everything, and what it answered."""

    up: Up
    database: str
    secrets: dict[str, str]
    answers: list[str]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    home = tmp_path_factory.mktemp("secrets")
    home.chmod(0o755)
    postgres = EmbeddedPostgres(home / "postgres", home / "postgres.log")
    try:
        url = urlsplit(postgres.start())
        database = urlunsplit(url._replace(netloc=f"postgres:{PASSWORD}@"))
        up = start(home / "home", free_port(), *only_public_record(home / "programmes"), DATABASE_URL=database)
        try:
            up.wait_until_shown()
            yield asked_about_everything(up, database)
        finally:
            up.stop()
    finally:
        postgres.stop()


def asked_about_everything(up: Up, database: str) -> Planted:
    environment = {"DATABASE_URL": database, "SILLOK_HOME": str(up.home), "PORT": str(up.port)}

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, arguments, env=environment)
        assert done.exit_code == 0, done.output
        answers.append(done.stderr)
        return done.stdout

    answers: list[str] = []
    keys = json.loads((up.home / "keys.json").read_text())
    private = Ed25519PrivateKey.generate()
    (up.home / "public.json").write_text(json.dumps(jwk_of(private, kid="own")))
    client_id = run("clients", "register", "agency", "msit", str(up.home / "public.json")).strip()
    made = run("keys", "create", "agency", "nipa").strip()
    claims = {"iss": client_id, "sub": client_id, "aud": up.url, "exp": 2**40, "jti": "far"}
    refused = compact({"alg": "EdDSA", "kid": "own"}, claims, private)
    with httpx.Client(base_url=up.url, trust_env=False) as client:
        claims["exp"] = int(time.time()) + 60
        assertion = compact({"alg": "EdDSA", "kid": "own"}, claims, private)
        token = client.post("/oauth/token", data={**FORM, "client_assertion": assertion}).json()["access_token"]
        issued = client.post(
            "/v1/keys", json={"role": "auditor", "subject": "board"}, headers={"X-API-Key": keys["operator"]}
        ).json()["key"]
        operator = {"X-API-Key": keys["operator"]}
        bodies = [{"role": "agency", "subject": made}, {"role": made, "subject": "x"}]
        for body in [*bodies, {**jwk_of(private), "d": b64(private.private_bytes_raw())}]:
            for path in ("/v1/clients", f"/v1/clients/{client_id}/keys"):
                answers.append(client.post(path, json=body, headers=operator).text)
        for credential in (keys["auditor"], made, issued, token, refused, f"{made}x", f"{token}x", "Basic " + made):
            for headers in ({"Authorization": f"Bearer {credential}"}, {"X-API-Key": credential}):
                got = [client.get(f"{PATH}/{view}", headers=headers) for view in ("standings", "workload")]
                got += [client.get("/v1/keys", headers=headers), client.get("/v1/clients", headers=headers)]
                got.append(client.post(f"{PATH}/decisions/grant-resource", json={}, headers=headers))
                got.append(client.post("/oauth/token", data={**FORM, "client_assertion": credential}))
                answers += [f"{each.headers} {each.text}" for each in got]
    rotated = run("secrets", "rotate", "pepper") + run("secrets", "rotate", "tokens") + run("secrets", "list")
    answers += [rotated, run("keys", "list"), run("clients", "list"), run("keys", "list", "--json")]
    secrets = {
        "password of the database": PASSWORD,
        "private key of a client": b64(private.private_bytes_raw()),
        "token": token.rpartition(".")[2],
        "assertion": assertion.rpartition(".")[2],
        "refused assertion": refused.rpartition(".")[2],
        "key made by a command": made.partition(".")[2],
        "key issued over HTTP": issued.partition(".")[2],
        **{f"key of the {role}": keys[role].partition(".")[2] for role in ("operator", "auditor")},
        **{f"key of {agency}": key.partition(".")[2] for agency, key in keys["agencies"].items()},
    }
    for name in ("pepper", "token-keys", "signer/keys"):
        for secret, state in SecretRing(up.home / name, make=False).every():
            secrets[f"{name}, {state}"] = secret.secret
    return Planted(up, database, secrets, answers)


def holds_none(planted: Planted, text: str, where: str) -> None:
    found = [name for name, secret in planted.secrets.items() if secret in text]
    assert not found, f"{where} holds: {found}"


def test_no_answer_holds_a_secret(planted: Planted) -> None:
    assert len(planted.answers) > 50
    holds_none(planted, "\n".join(planted.answers), "an answer")


def test_no_log_holds_a_secret(planted: Planted) -> None:
    logs = sorted((planted.up.home / "logs").iterdir())
    assert {"api.log", "worker.log", "beat.log"} <= {log.name for log in logs}
    api = (planted.up.home / "logs" / "api.log").read_text()
    assert api.count("authentication refused") > 10
    for log in [*logs, planted.up.home.parent / "postgres.log"]:
        holds_none(planted, log.read_text(errors="replace"), log.name)


def test_no_process_shows_a_secret(planted: Planted) -> None:
    family = planted.up.family()
    assert len(family) > 4
    for process in family:
        holds_none(planted, " ".join(process.cmdline()), process.name())


def test_no_table_holds_a_secret(planted: Planted) -> None:
    """Events, views, credentials and what was recorded of them: as text, and bytes as the text that they may be."""
    with psycopg.connect(planted.database) as connection:
        tables = connection.execute(
            "SELECT schemaname, relname FROM pg_stat_user_tables"
            " WHERE schemaname IN ('access', 'ledger', 'seal', 'views')"
        ).fetchall()
        assert len(tables) > 10
        for schema, table in tables:
            for row in connection.execute(f'SELECT * FROM "{schema}"."{table}"'):
                text = " ".join(each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in row)
                holds_none(planted, text, f"{schema}.{table}")


def test_no_file_but_its_own_holds_a_secret(planted: Planted) -> None:
    own = {"keys.json", "pepper", "token-keys"}
    for file in planted.up.home.iterdir():
        if file.is_file() and file.name not in own:
            holds_none(planted, file.read_text(errors="replace"), file.name)
        elif file.name in own:
            assert file.stat().st_mode & 0o077 == 0, file.name
