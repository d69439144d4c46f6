"""Keys as an attacker sends them: in two places, in odd bytes, revoked, or of somebody else."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, SmallProgramme

DOG = {"team": "dog", "name": charters.names("DOG")}
ENROL = f"/v1/programmes/{PROGRAMME}/decisions/enrol-team"


@pytest.fixture
def small(running: Running) -> SmallProgramme:
    return SmallProgramme(running, seats="9")


def sent(small: SmallProgramme, *headers: tuple[str, str], path: str = ENROL, body: Any = DOG) -> tuple[int, str]:
    """The status of a decision sent with just these headers, as they stand, and its problem."""
    usual = [("Idempotency-Key", str(uuid4())), ("Content-Type", "application/json")]
    named = {name.lower() for name, _value in headers}
    encoded = httpx.Headers([*(each for each in usual if each[0].lower() not in named), *headers], encoding="latin-1")

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(app=small.client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver.local") as client:
            return await client.post(path, content=msgspec.json.encode(body), headers=encoded)

    answer = asyncio.run(post())
    return answer.status_code, answer.json().get("type", "").rpartition("/")[2]


def test_a_key_stands_in_one_place_only(small: SmallProgramme) -> None:
    """Whatever a proxy or a log reads as the credentials is what we read."""
    owner, other, head = small.keys["owner"], small.keys["other"], small.running.head()
    for first, second in ((owner, owner), (owner, other), (other, owner), (owner, "x"), ("x", owner)):
        bearer, given = ("Authorization", f"Bearer {first}"), ("X-API-Key", first)
        for headers in (
            (bearer, ("authorization", f"Bearer {second}")),
            (bearer, ("X-API-Key", second)),
            (given, ("Authorization", f"Bearer {second}")),
            (given, ("x-api-key", second)),
        ):
            assert sent(small, *headers) == (401, "unauthenticated"), headers
    assert sent(small, ("Authorization", f"Bearer {owner}, Bearer {other}")) == (401, "unauthenticated")
    assert sent(small, ("Authorization", f"Bearer {owner}"), ("X-API-Key", "")) == (401, "unauthenticated")
    assert small.running.head() == head
    assert sent(small, ("X-API-Key", owner))[0] == 201


def test_what_names_or_signs_a_request_stands_once(small: SmallProgramme) -> None:
    owner, head = ("Authorization", f"Bearer {small.keys['owner']}"), small.running.head()
    for name in ("Idempotency-Key", "JWS-Signature", "Content-Type"):
        value = "application/json" if name == "Content-Type" else "a"
        assert sent(small, owner, (name, value), (name.lower(), "b")) == (400, "invalid-parameter"), name
    assert small.running.head() == head


def test_a_key_elsewhere_than_in_its_header_is_none(small: SmallProgramme) -> None:
    key, head = small.keys["owner"], small.running.head()
    bearer = f"Bearer {key}"
    for name, value in (
        *((name, bearer) for name in ("Proxy-Authorization", "X-Authorization", "X-Forwarded-Authorization")),
        *((name, key) for name in ("X_API_Key", "X-API_Key", "Api-Key", "X-Original-API-Key")),
        *(("Cookie", f"{name}={key}") for name in ("Authorization", "X-API-Key", "session", "access_token")),
        ("X-HTTP-Header-Override", f"Authorization: {bearer}"),
    ):
        assert sent(small, (name, value)) == (401, "unauthenticated"), name
    for query in (f"access_token={key}", f"Authorization={bearer}", f"X-API-Key={key}"):
        assert sent(small, path=f"{ENROL}?{query}") == (401, "unauthenticated"), query
    assert sent(small, body={**DOG, "access_token": key}) == (401, "unauthenticated")
    assert small.running.head() == head


def test_a_key_in_other_bytes_than_its_own_is_none(small: SmallProgramme) -> None:
    key, head = small.keys["owner"], small.running.head()
    key_id, _, secret = key.partition(".")
    for wrong in (
        *(f"{space}{key}" for space in ("\t", "\xa0", "\x85", "\x0b", "\x1f")),
        *(f"{key}{space}" for space in ("\xa0", "\x85", "\x0b", "\x1c", "=", "%20", "\xad")),
        *(f"{key_id}{dot}{secret}" for dot in ("\xb7", "%2e", "..", ":", " .")),
        f'"{key}"',
        f"{key_id.upper()}.{secret}",
        key.replace("slk_", "%73lk_"),
        key.encode("utf-16-le").decode("latin-1").replace("\x00", "\xa0"),
        "".join(chr(ord(each) | 0x80) for each in key),
        f"{key},{key}",
        "",
    ):
        assert sent(small, ("Authorization", f"Bearer {wrong}")) == (401, "unauthenticated"), wrong
        assert sent(small, ("X-API-Key", wrong)) == (401, "unauthenticated"), wrong
    for scheme in ("Basic", "DPoP", "Bearer\t", "Bearer:", "\xa0Bearer", "Bearer\xa0"):
        assert sent(small, ("Authorization", f"{scheme} {key}")) == (401, "unauthenticated"), scheme
    assert small.running.head() == head
    assert sent(small, ("Authorization", f"bEARER   {key}"))[0] == 201


def test_a_revoked_key_does_nothing_from_then_on(small: SmallProgramme) -> None:
    """Not even where it was just believed; another key of the same agency goes on."""
    lost, operator = small.running.issue("agency", "owner"), small.running.keys.operator
    assert sent(small, ("Authorization", f"Bearer {lost}"))[0] == 201
    revoked = small.client.delete(f"/v1/keys/{lost.partition('.')[0]}", headers={"X-API-Key": operator})
    assert revoked.status_code == 204
    head = small.running.head()
    for path, body in ((ENROL, DOG), (f"{ENROL}/preview", DOG), (f"/v1/proposals/{PROGRAMME}:x/approval", {})):
        assert sent(small, ("Authorization", f"Bearer {lost}"), path=path, body=body) == (401, "unauthenticated")
    standings = small.client.get(f"/v1/programmes/{PROGRAMME}/standings", headers={"X-API-Key": lost})
    assert standings.status_code == 401
    assert small.running.head() == head
    assert small.submit("open-stage", HEAT).status_code == 201


def test_nobody_approves_their_own_with_a_second_key(running: Running) -> None:
    """Nor as a team or an evaluator of the approving agency's name."""
    usual = charters.document()["countersignatures"]
    changes = {"decisions": ["change-consortium"], "agencies": ["other", "owner"]}
    small = SmallProgramme(running, countersignatures=[*usual, changes])
    waiting = small.propose("change-consortium", {"team": "ant", "joined": ["Lab"], "effective": "2026-01-01"})
    head, issue = running.head(), running.issue
    path, body = f"/v1/proposals/{waiting['proposal']}/approval", {"command_hash": waiting["command_hash"]}
    for key, slug in (
        (small.keys["owner"], "not-countersigner"),
        (issue("agency", "owner"), "not-countersigner"),
        (issue("consortium", "other"), "not-countersigner"),
        (issue("evaluator", "other"), "wrong-role"),
        (issue("auditor", "other"), "wrong-role"),
    ):
        assert sent(small, ("Authorization", f"Bearer {key}"), path=path, body=body) == (403, slug)
    assert running.head() == head
    assert small.approve(waiting).status_code == 201
