"""The Python client against an API process, which is killed at times."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from joserfc.jwk import OKPKey

from domain.standings import Standings
from service.client import (
    ApiKey,
    AsyncSillok,
    ClientCredentials,
    CredentialError,
    Line,
    Proposed,
    ServiceProblemError,
    SigningKey,
    Sillok,
    UnreachableError,
)
from service.client.answers import Counted
from tests.integration.api_process import ApiProcess
from tests.integration.small import HEAT, WHY, SmallProgramme
from tests.playing import REHEARSAL, lines_of

DEVIATION = {**HEAT, "subject": "eliminations", "actual": "0", "reason": WHY}


def team(name: str) -> dict[str, Any]:
    return {"team": name, "name": {"en": name, "ko": name}}


@pytest.fixture
def published(api: ApiProcess) -> ApiProcess:
    """A service of which the ledger holds the rehearsal's charter."""
    api.running.play(REHEARSAL, lines_of(REHEARSAL)[:1])
    return api


@pytest.fixture
def sillok(published: ApiProcess) -> Iterator[Sillok]:
    """A client with the ministry's key."""
    with Sillok(published.url, ApiKey(published.running.keys.agencies["msit"]), patience=30) as client:
        yield client


def test_a_decision_is_made_once_under_its_key(sillok: Sillok) -> None:
    first = sillok.decide(REHEARSAL, "enrol-team", team("one"), key="mine")
    again = sillok.decide(REHEARSAL, "enrol-team", team("one"), key="mine")
    assert (first.position, first.replayed) == (2, False)
    assert (again.position, again.replayed) == (2, True)
    assert [each.type for each in first.events] == ["TeamEnrolled"]


def test_a_refusal_says_which_rule_and_field(sillok: Sillok) -> None:
    with pytest.raises(ServiceProblemError) as refused:
        sillok.decide(REHEARSAL, "enrol-team", {"team": "one"})
    problem = refused.value.problem
    assert (problem.slug, problem.status) == ("invalid-command", 422)
    assert [each.pointer for each in problem.errors] == ["/name"]


def test_a_decision_on_what_was_looked_at_before_others_changed_it(sillok: Sillok) -> None:
    sillok.decide(REHEARSAL, "enrol-team", team("one"))
    with pytest.raises(ServiceProblemError, match="changed-since"):
        sillok.decide(REHEARSAL, "enrol-team", team("two"), unchanged_since=1)


def test_views_and_events(published: ApiProcess, sillok: Sillok) -> None:
    published.running.play(REHEARSAL, lines_of(REHEARSAL))
    published.running.project()
    with Sillok(published.url) as public:
        standings = public.standings(REHEARSAL)
        assert isinstance(standings, Standings)
        assert standings.rows[0].total.exact is not None
        assert isinstance(public.standings(REHEARSAL, as_of_position=100), Counted)
        assert {each.resource for each in public.grants(REHEARSAL).resources} >= {"gpu"}
        trail = public.audit_trail(REHEARSAL, limit=2)
        assert (len(trail.entries), trail.position) == (2, published.running.head())
        assert [each["programme"] for each in public.programmes()] == [REHEARSAL]
        assert len(public.view(REHEARSAL, "teams")["teams"]) >= 5
        assert public.view(REHEARSAL)["programme"] == REHEARSAL
        events = list(public.events())
        assert [each.position for each in events] == list(range(1, published.running.head() + 1))
        assert any(each.withheld for each in events)
        enrolled = list(public.events(type="TeamEnrolled"))
        assert enrolled[0].data["team"]
    assert not any(each.withheld for each in sillok.events(type="TeamEnrolled"))


def test_a_busy_or_absent_service_is_asked_again_under_the_same_key(published: ApiProcess, sillok: Sillok) -> None:
    published.kill()
    with ThreadPoolExecutor(1) as thread:
        deciding = thread.submit(sillok.decide, REHEARSAL, "enrol-team", team("one"))
        time.sleep(1)
        assert not deciding.done()
        published.start()
        assert deciding.result().position == 2
    assert published.running.head() == 2


def test_an_answer_that_was_lost_is_asked_for_again_and_the_decision_recorded_once(published: ApiProcess) -> None:
    """The connection breaks after the service has recorded the decision."""

    class Losing(httpx.HTTPTransport):
        lost = 0

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if self.lost < 2:
                self.lost += 1
                response.read()
                raise httpx.ReadError("cut")
            return response

    transport = Losing()
    key = ApiKey(published.running.keys.agencies["msit"])
    with Sillok(published.url, key, transport=transport) as client:
        recorded = client.decide(REHEARSAL, "enrol-team", team("one"))
    assert (recorded.position, recorded.replayed, transport.lost) == (2, True, 2)
    assert published.running.head() == 2


def test_a_service_that_stays_away_is_said_to_be(published: ApiProcess) -> None:
    published.kill()
    with Sillok(published.url, patience=0.5) as client, pytest.raises(UnreachableError, match="Connect"):
        client.programmes()


def test_many_decisions_in_portions_each_for_itself(api: ApiProcess) -> None:
    small = SmallProgramme(api.running)
    lines = [
        Line(
            decision="register-evidence",
            body={**HEAT, "team": "ant", "kind": "report", "sha256": f"{number:064x}", "title": f"Report {number}"},
            key=f"evidence-{number}",
        )
        for number in range(600)
    ]
    lines.insert(1, Line(decision="nothing", body={}, key="bad"))
    with Sillok(api.url, ApiKey(small.keys["owner"])) as owner:
        answers = list(owner.submit_many(small.programme, iter(lines)))
        assert [each.line for each in answers] == list(range(1, 602))
        assert [each.key for each in answers] == [each.key for each in lines]
        assert [(each.line, each.problem.slug) for each in answers if each.problem] == [(2, "unknown-decision")]
        head = api.running.head()
        again = list(owner.submit_many(small.programme, lines))
    assert [each.content for each in again if each.line != 2] == [
        msgspec.structs.replace(content, replayed=True) for each in answers if (content := each.content)
    ]
    assert api.running.head() == head


def test_all_decisions_or_none(published: ApiProcess, sillok: Sillok) -> None:
    lines = [Line(decision="enrol-team", body=team(each)) for each in ("one", "two", "one")]
    with pytest.raises(ServiceProblemError):
        sillok.submit_together(REHEARSAL, lines)
    assert published.running.head() == 1
    answers = sillok.submit_together(REHEARSAL, lines[:2], key="both")
    assert [each.status for each in answers] == [201, 201]
    assert sillok.submit_together(REHEARSAL, lines[:2], key="both")[0].replayed


def test_a_follower_goes_on_through_a_restart(published: ApiProcess, sillok: Sillok) -> None:
    seen: list[int] = []
    enough = threading.Event()

    def follow() -> None:
        with Sillok(published.url) as public:
            for event in islice(public.follow(after=0, type="TeamEnrolled"), 4):
                seen.append(event.position)
                if len(seen) == 2:
                    enough.set()

    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(follow)
        for name in ("one", "two"):
            sillok.decide(REHEARSAL, "enrol-team", team(name))
        assert enough.wait(20)
        published.kill()
        published.start()
        for name in ("three", "four"):
            sillok.decide(REHEARSAL, "enrol-team", team(name))
        following.result(60)
    assert seen == [2, 3, 4, 5]


def test_a_stream_that_is_refused_is_not_asked_for_again(published: ApiProcess) -> None:
    with Sillok(published.url) as public, pytest.raises(ServiceProblemError, match="unknown-programme"):
        next(public.follow(programme="nope"))
    with Sillok(published.url, ApiKey("wrong")) as wrong, pytest.raises(ServiceProblemError, match="unauthenticated"):
        next(wrong.follow())


def test_decisions_are_signed_and_approved(api: ApiProcess) -> None:
    """What the charter gives to two, proposed by one and approved by the other, each with a key of its own."""
    small = SmallProgramme(api.running)
    programme = small.programme
    owner, other = (
        Sillok(api.url, ApiKey(small.keys[agency]), signing=SigningKey.make(f"{agency}-1"))
        for agency in ("owner", "other")
    )
    for client, agency in ((owner, "owner"), (other, "other")):
        signing = client.signing
        assert signing is not None
        jwk = msgspec.to_builtins(signing.public)
        client.decide(programme, "register-key", {"agency": agency, "key": signing.kid, "jwk": jwk})
    small.score()
    small.accepted("consolidate-stage", HEAT)
    api.running.project()
    proposed = owner.decide(programme, "record-deviation", DEVIATION)
    assert isinstance(proposed, Proposed)
    assert proposed.awaiting == ("other",)
    assert owner.proposal(proposed.proposal)["state"] == "waiting"
    seen = other.proposal(proposed.proposal)["effects"]["foreseen"]
    with pytest.raises(ServiceProblemError, match="other teams"):
        other.approve(proposed.proposal, proposed.command_hash, effects={**seen, "teams": "0" * 64})
    approved = other.approve(proposed.proposal, proposed.command_hash, effects=seen)
    assert approved.events[-1].type == "DeviationRecorded"
    api.running.project()
    entries = {each.position: each for each in owner.audit_trail(programme, min_position=approved.position).entries}
    assert entries[proposed.position].signed_by == "owner-1"
    assert entries[approved.events[0].position].signed_by == "other-1"
    owner.close()
    other.close()


def test_a_token_is_had_for_a_signed_assertion_and_renewed(published: ApiProcess, tmp_path: Path) -> None:
    key = OKPKey.generate_key("Ed25519")
    private = tmp_path / "private.json"
    private.write_bytes(msgspec.json.encode(key.as_dict(private=True)))
    client_id = published.running.client.post(
        "/v1/clients",
        json={"role": "agency", "subject": "msit", "keys": [key.as_dict(private=False)]},
        headers={"Authorization": f"Bearer {published.running.keys.operator}"},
    ).json()["client_id"]
    credential = ClientCredentials.read(client_id, private)
    with Sillok(published.url, credential) as client:
        assert client.decide(REHEARSAL, "enrol-team", team("one")).position == 2
        token = credential._token
        assert client.decide(REHEARSAL, "enrol-team", team("two")).position == 3
        assert credential._token == token
        credential._token = "nonsense"
        assert client.decide(REHEARSAL, "enrol-team", team("three")).position == 4


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"kty": "OKP", "crv": "Ed25519", "x": "AA"}'])
def test_what_is_no_key_is_said_without_showing_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.json"
    file.write_bytes(content)
    with pytest.raises(CredentialError, match=r"key\.json holds") as error:
        ClientCredentials.read("c", file)
    assert "nonsense" not in str(error.value)


def test_the_same_for_who_awaits(published: ApiProcess) -> None:
    async def run() -> list[int]:
        async with AsyncSillok(published.url, ApiKey(published.running.keys.agencies["msit"])) as client:
            recorded = await asyncio.gather(
                *(client.decide(REHEARSAL, "enrol-team", team(each)) for each in ("one", "two", "three"))
            )
            assert not any(isinstance(each, Proposed) for each in recorded)
            assert [each.position async for each in client.events(type="TeamEnrolled")] == [2, 3, 4]
            lines = [Line(decision="enrol-team", body=team("four"), key="four")]
            assert [each.status async for each in client.submit_many(REHEARSAL, lines)] == [201]
            seen = []
            async for event in client.follow(after=1):
                seen.append(event.position)
                if len(seen) == 4:
                    break
            return seen

    assert asyncio.run(run()) == [2, 3, 4, 5]
