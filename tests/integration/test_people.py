"""People: added, given and taken memberships, linked to accounts and revoked, by operators; one principal each."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from service.api import people
from tests.integration.browsing import add_person, as_operator, signed_in
from tests.integration.conftest import Headers, Run, Running
from tests.integration.test_bad_input import expect
from tests.playing import REHEARSAL

NOBODY = "person-0123456789abcdef"
ACCOUNT = {"issuer": "https://id.example", "subject": "alice"}


@pytest.fixture
def operator(running: Running) -> Headers:
    return as_operator(running)


def test_a_person_is_added_listed_changed_and_revoked(running: Running, operator: Headers) -> None:
    asked = {"name": "홍길동", "memberships": [{"role": "agency", "subject": "msit"}], "identities": [ACCOUNT]}
    added = running.client.post("/v1/people", json=asked, headers=operator)
    assert added.status_code == 201
    assert added.headers["cache-control"] == "no-store"
    person = added.json()["person_id"]
    path = f"/v1/people/{person}"
    granted = running.client.post(f"{path}/memberships", json={"role": "auditor", "subject": "board"}, headers=operator)
    assert granted.status_code == 201
    assert running.client.delete(f"{path}/memberships/agency:msit", headers=operator).status_code == 204
    second = {"issuer": "https://id.example", "subject": "alice-2"}
    assert running.client.post(f"{path}/identities", json=second, headers=operator).status_code == 201
    found = running.client.get(path, headers=operator).json()
    assert found["name"] == "홍길동"
    assert [(each["role"], each["withdrawn_at"] is None) for each in found["memberships"]] == [
        ("agency", False),
        ("auditor", True),
    ]
    assert found["identities"] == [ACCOUNT, second]
    again = running.client.post(f"{path}/memberships", json={"role": "agency", "subject": "msit"}, headers=operator)
    assert [each["withdrawn_at"] for each in again.json()["memberships"]] == [None, None]
    assert running.client.get("/v1/people", headers=operator).json()["people"] == [again.json()]
    assert running.client.delete(path, headers=operator).status_code == 204
    assert running.client.get(path, headers=operator).json()["revoked_at"] is not None
    for where, body in (("memberships", {"role": "auditor", "subject": "board"}), ("identities", ACCOUNT)):
        answer = running.client.post(f"{path}/{where}", json=body, headers=operator)
        assert answer.status_code in (404, 409), where
    expect(running.client.delete(f"{path}/memberships/agency:nipa", headers=operator), 404, "not-found")


def test_an_account_is_one_persons_for_ever(running: Running, operator: Headers) -> None:
    person = add_person(running, **ACCOUNT)
    body = {"identities": [ACCOUNT], "memberships": [{"role": "agency", "subject": "msit"}]}
    expect(running.client.post("/v1/people", json=body, headers=operator), 409, "identity-taken")
    other = add_person(running)
    linked = running.client.post(f"/v1/people/{other}/identities", json=ACCOUNT, headers=operator)
    expect(linked, 409, "identity-taken")
    running.client.delete(f"/v1/people/{person}", headers=operator)
    expect(running.client.post("/v1/people", json=body, headers=operator), 409, "identity-taken")
    assert len(running.client.get("/v1/people", headers=operator).json()["people"]) == 2


BAD: list[tuple[str, Any, str]] = [
    ("/v1/people", {"name": ""}, "/name"),
    ("/v1/people", {"name": "a\nb"}, "/name"),
    ("/v1/people", {"memberships": [{"role": "owner", "subject": "msit"}]}, "/memberships/0/role"),
    ("/v1/people", {"memberships": [{"role": "agency", "subject": "MSIT"}]}, "/memberships/0/subject"),
    ("/v1/people", {"memberships": [{"role": "agency", "subject": "msit"}] * 2}, "/memberships"),
    ("/v1/people", {"identities": [{"issuer": "javascript:1", "subject": "a"}]}, "/identities/0/issuer"),
    ("/v1/people", {"identities": [{"issuer": "https://id.example", "subject": "a\0"}]}, "/identities/0/subject"),
    ("/v1/people", {"admin": True}, "/admin"),
    (f"/v1/people/{NOBODY}/memberships", {"role": "agency"}, "/subject"),
    (f"/v1/people/{NOBODY}/identities", {"issuer": "https://id.example"}, "/subject"),
]


def test_a_bad_request_names_the_field(running: Running, operator: Headers) -> None:
    for path, body, pointer in BAD:
        expect(running.client.post(path, json=body, headers=operator), 422, "invalid-command", pointer)
    for path in (NOBODY, "person-1", "'; --", "x" * 300):
        expect(running.client.get(f"/v1/people/{path}", headers=operator), 404, "not-found")
    expect(running.client.delete(f"/v1/people/{NOBODY}/memberships/owner:msit", headers=operator), 404, "not-found")
    assert running.client.get("/v1/people", headers=operator).json()["people"] == []


def test_only_operators_administer_people(running: Running) -> None:
    agency = signed_in(running, "agency:msit")
    for handler in people.HANDLERS:
        for path in handler.paths:
            address = path.replace("{person_id:str}", NOBODY).replace("{membership:str}", "agency:msit")
            address = address.replace("{session_id:str}", "session-0123456789abcdef")
            for method in handler.http_methods:
                expect(running.client.request(method, address), 401, "unauthenticated")
                for key in (running.keys.agencies["msit"], running.keys.auditor, running.keys.evaluator):
                    refused = running.client.request(method, address, headers={"Authorization": f"Bearer {key}"})
                    expect(refused, 403, "wrong-role")
                expect(agency.page(method, address), 403, "wrong-role")


def test_an_operator_may_be_a_person_and_each_act_says_who_it_was(running: Running) -> None:
    me = signed_in(running, "operator:operator")
    person = me.get("/v1/session").json()["person_id"]
    with capture_logs() as lines:
        added = me.page("POST", "/v1/people", json={"name": "A planted name"})
    assert added.status_code == 201
    with psycopg.connect(running.database) as connection:
        rows = connection.execute("SELECT operator FROM access.audit WHERE object = %s", (added.json()["person_id"],))
        assert rows.fetchall() == [(f"operator {person}",)]
    (line,) = [each for each in lines if each["event"] == "person added"]
    assert line["operator"] == f"operator {person}"
    assert "planted" not in json.dumps(lines, default=str)


def test_a_person_with_several_memberships_says_for_whom(running: Running) -> None:
    both = signed_in(running, "agency:msit", "auditor:board")
    path = f"/v1/programmes/{REHEARSAL}/workload"
    problem = expect(both.get(path), 400, "acting-for-missing")
    assert "agency:msit" in problem["detail"]
    assert both.get(path, **{"Sillok-Acting-For": "auditor:board"}).status_code == 404
    for other in ("agency:nipa", "auditor", "board", "operator:operator", "auditor:board,agency:msit", "x"):
        expect(both.get(path, **{"Sillok-Acting-For": other}), 403, "not-a-member")
    key = {"Authorization": f"Bearer {running.keys.auditor}"}
    expect(running.client.get(path, headers={**key, "Sillok-Acting-For": "agency:msit"}), 403, "not-a-member")
    assert running.client.get(path, headers={**key, "Sillok-Acting-For": "auditor:auditor"}).status_code == 404


def test_a_person_who_acts_for_nobody_is_no_reader(running: Running) -> None:
    nobody = signed_in(running)
    person = nobody.get("/v1/session").json()["person_id"]
    assert nobody.get("/v1/session").json()["memberships"] == []
    with capture_logs() as lines:
        expect(nobody.get(f"/v1/programmes/{REHEARSAL}/teams"), 403, "not-a-member")
    told = [(line["event"], line["reason"]) for line in lines if line.get("logger") == "sillok.audit"]
    assert told == [("membership refused", f"{person} does not act for anybody")]


def test_people_are_administered_at_the_command_line(run: Run) -> None:
    person = run("people", "add", "--name", "홍길동").strip()
    assert run("people", "grant", person, "agency", "msit") == f"{person}: acts for agency:msit\n"
    run("people", "link", person, "https://id.example", "alice")
    listed = json.loads(run("people", "list", "--json"))
    assert [(each["person_id"], each["name"], each["identities"]) for each in listed] == [(person, "홍길동", [ACCOUNT])]
    assert "acts for agency:msit" in run("people", "list")
    other = run("people", "add").strip()
    assert "linked already" in run("people", "link", other, "https://id.example", "alice", status=1)
    run("people", "withdraw", person, "agency", "msit")
    assert "no such person" in run("people", "withdraw", person, "agency", "msit", status=1)
    assert "subject" in run("people", "grant", person, "agency", "MSIT", status=1)
    assert run("people", "revoke", person) == f"{person}: revoked\n"
    assert "no such person" in run("people", "grant", person, "agency", "msit", status=1)
    assert "no such person" in run("people", "sign-in-link", person, status=1)
