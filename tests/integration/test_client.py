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
import psycopg
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
from service.client.answers import Counted, LineAnswer
from service.client.credentials import Nobody
from service.client.exchange import Answer
from service.client.following import Following
from service.client.lines import Portion
from tests.domain.playbook import PERIOD
from tests.integration.api_process import ApiProcess
from tests.integration.small import HEAT, WHY, SmallProgramme
from tests.serving import free_port

GIVE_UP = """
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'append_batch'"""
DEVIATION = {**HEAT, "subject": "eliminations", "actual": "0", "reason": WHY}


def team(name: str) -> dict[str, Any]:
    return {"team": name, "name": {"en": name, "ko": name}}


@pytest.fixture
def small(shared_api: ApiProcess) -> SmallProgramme:
    """A programme of each test's own, behind others in a ledger that the process serves to all."""
    return SmallProgramme(shared_api.running, programme=f"programme-{shared_api.running.head()}", seats="9")


@pytest.fixture
def sillok(shared_api: ApiProcess, small: SmallProgramme) -> Iterator[Sillok]:
    """A client with the owner's key."""
    with Sillok(shared_api.url, ApiKey(small.keys["owner"]), patience=30) as client:
        yield client


def test_a_decision_is_made_once_under_its_key(small: SmallProgramme, sillok: Sillok) -> None:
    position = small.running.head() + 1
    first = sillok.decide(small.programme, "enrol-team", team("one"), key="mine")
    again = sillok.decide(small.programme, "enrol-team", team("one"), key="mine")
    assert (first.position, first.replayed) == (position, False)
    assert (again.position, again.replayed) == (position, True)
    assert [each.type for each in first.events] == ["TeamEnrolled"]


def test_a_refusal_says_which_rule_and_field(small: SmallProgramme, sillok: Sillok) -> None:
    with pytest.raises(ServiceProblemError) as refused:
        sillok.decide(small.programme, "enrol-team", {"team": "one"})
    problem = refused.value.problem
    assert (problem.slug, problem.status) == ("invalid-command", 422)
    assert [each.pointer for each in problem.errors] == ["/name"]


def test_a_decision_on_what_was_looked_at_before_others_changed_it(small: SmallProgramme, sillok: Sillok) -> None:
    head = small.running.head()
    sillok.decide(small.programme, "enrol-team", team("one"))
    with pytest.raises(ServiceProblemError, match="changed-since"):
        sillok.decide(small.programme, "enrol-team", team("two"), unchanged_since=head)


def test_views_and_events(shared_api: ApiProcess, small: SmallProgramme, sillok: Sillok) -> None:
    small.fill()
    filled = small.running.head()
    small.accepted("close-scoring", HEAT)
    small.rule()
    small.publish()
    small.accepted("set-resource-pool", {"resource": "gpu", "quantity": "10", **PERIOD})
    small.running.project()
    with Sillok(shared_api.url) as public:
        standings = public.standings(small.programme)
        assert isinstance(standings, Standings)
        assert standings.rows[0].total.exact is not None
        assert isinstance(public.standings(small.programme, as_of_position=filled), Counted)
        assert {each.resource for each in public.grants(small.programme).resources} >= {"gpu"}
        trail = public.audit_trail(small.programme, limit=2)
        assert (len(trail.entries), trail.position) == (2, small.running.head())
        assert small.programme in [each["programme"] for each in public.programmes()]
        assert len(public.view(small.programme, "teams")["teams"]) == 3
        assert public.view(small.programme)["programme"] == small.programme
        events = list(public.events())
        assert [each.position for each in events] == list(range(1, small.running.head() + 1))
        assert any(each.withheld for each in events if each.programme == small.programme)
        enrolled = list(public.events(type="TeamEnrolled", programme=small.programme))
        assert f"team:{small.programme}/{enrolled[0].data['team']}" in enrolled[0].tags
    assert not any(each.withheld for each in sillok.events(programme=small.programme))


def test_a_busy_or_absent_service_is_asked_again_under_the_same_key(
    shared_api: ApiProcess, small: SmallProgramme, sillok: Sillok
) -> None:
    head = small.running.head()
    shared_api.kill()
    with ThreadPoolExecutor(1) as thread:
        deciding = thread.submit(sillok.decide, small.programme, "enrol-team", team("one"))
        time.sleep(1)
        assert not deciding.done()
        shared_api.start()
        assert deciding.result().position == head + 1
    assert small.running.head() == head + 1


def test_an_answer_that_was_lost_is_asked_for_again_and_the_decision_recorded_once(
    shared_api: ApiProcess, small: SmallProgramme
) -> None:
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

    transport, position = Losing(), small.running.head() + 1
    with Sillok(shared_api.url, ApiKey(small.keys["owner"]), transport=transport) as client:
        recorded = client.decide(small.programme, "enrol-team", team("one"))
    assert (recorded.position, recorded.replayed, transport.lost) == (position, True, 2)
    assert small.running.head() == position


def test_a_service_that_stays_away_is_said_to_be() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with Sillok(nobody, patience=0.5) as client, pytest.raises(UnreachableError, match="Connect"):
        client.programmes()


def test_many_decisions_in_portions_each_for_itself(small: SmallProgramme, sillok: Sillok) -> None:
    lines = [
        Line(
            decision="register-evidence",
            body={**HEAT, "team": "ant", "kind": "report", "sha256": f"{number:064x}", "title": f"Report {number}"},
            key=f"evidence-{number}",
        )
        for number in range(600)
    ]
    lines.insert(1, Line(decision="nothing", body={}, key="bad"))
    answers = list(sillok.submit_many(small.programme, iter(lines)))
    assert [each.line for each in answers] == list(range(1, 602))
    assert [each.key for each in answers] == [each.key for each in lines]
    assert [(each.line, each.problem.slug) for each in answers if each.problem] == [(2, "unknown-decision")]
    head = small.running.head()
    again = list(sillok.submit_many(small.programme, lines))
    assert [each.content for each in again if each.line != 2] == [
        msgspec.structs.replace(content, replayed=True) for each in answers if (content := each.content)
    ]
    assert small.running.head() == head


def test_lines_that_a_busy_ledger_did_not_record_are_sent_again(small: SmallProgramme, sillok: Sillok) -> None:
    """The second line depends on the first one, which is given up while another process holds the ledger's head."""
    head, url = small.running.head(), small.running.database
    evidence = {**HEAT, "team": "one", "kind": "report", "sha256": "0" * 64, "title": "Report"}
    lines = [
        Line(decision="enrol-team", body=team("one"), key="enrol"),
        Line(decision="register-evidence", body=evidence, key="evidence"),
    ]
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as other, ThreadPoolExecutor(1) as one:
        holder.execute("SELECT FROM ledger.head FOR UPDATE")
        answering = one.submit(lambda: list(sillok.submit_many(small.programme, lines)))
        while not other.execute(GIVE_UP).fetchall():
            time.sleep(0.01)
        holder.rollback()
        assert [(each.status, each.line, each.key) for each in answering.result()] == [
            (201, 1, "enrol"),
            (201, 2, "evidence"),
        ]
    assert small.running.head() == head + 2


def test_lines_of_which_nothing_is_known_yet_are_left_to_send() -> None:
    lines = [Line(decision="nothing", body={}, key=f"{number}") for number in range(1, 7)]

    def told(line: int, status: int, slug: str = "", *, key: str | None = "known") -> LineAnswer:
        body = msgspec.Raw(msgspec.json.encode({"type": f"/problems/{slug}", "title": slug, "status": status}))
        return LineAnswer(line=line, key=key, status=status, replayed=False, body=body)

    portion = Portion(lines)
    answers = [told(1, 409, "seats-taken"), told(2, 201), told(3, 409, "request-in-flight"), told(4, 201)]
    assert portion.take([*answers, told(5, 404, "unknown-team"), told(6, 401, "unauthenticated", key=None)])
    assert [each.key for each in portion.left] == ["3", "5", "6"]
    assert not portion.take([told(1, 503, "outcome-unknown")])
    assert [each.key for each in portion.left] == ["3", "5", "6"]
    assert portion.take([told(1, 201), told(2, 422, "invalid"), told(3, 413, "body-too-large", key=None)])
    assert not portion.left
    assert [each.status for each in portion.answers()] == [409, 201, 201, 201, 422, 413]
    assert [each.line for each in portion.answers()] == [1, 2, 3, 4, 5, 6]
    cut = Portion(lines)
    cut.take([told(1, 201)])
    with pytest.raises(UnreachableError, match="5 lines"):
        cut.answers()


def test_all_decisions_or_none(small: SmallProgramme, sillok: Sillok) -> None:
    head = small.running.head()
    lines = [Line(decision="enrol-team", body=team(each)) for each in ("one", "two", "one")]
    with pytest.raises(ServiceProblemError):
        sillok.submit_together(small.programme, lines)
    assert small.running.head() == head
    answers = sillok.submit_together(small.programme, lines[:2], key="both")
    assert [each.status for each in answers] == [201, 201]
    assert sillok.submit_together(small.programme, lines[:2], key="both")[0].replayed


def test_a_follower_goes_on_through_a_restart(shared_api: ApiProcess, small: SmallProgramme, sillok: Sillok) -> None:
    head = small.running.head()
    seen: list[int] = []
    breaks: list[str] = []
    enough = threading.Event()

    def follow() -> None:
        with Sillok(shared_api.url, patience=0) as public:
            for event in islice(public.follow(after=head, type="TeamEnrolled", broke=breaks.append), 4):
                seen.append(event.position)
                if len(seen) == 2:
                    enough.set()

    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(follow)
        for name in ("one", "two"):
            sillok.decide(small.programme, "enrol-team", team(name))
        assert enough.wait(20)
        shared_api.kill()
        shared_api.start()
        for name in ("three", "four"):
            sillok.decide(small.programme, "enrol-team", team(name))
        following.result(60)
    assert seen == [head + 1, head + 2, head + 3, head + 4]
    assert len(breaks) == 1


def test_what_is_revealed_again_after_a_break_is_given_once() -> None:
    """Revealed events have no `id` of their own, so they are sent again until the publication itself is read."""
    following = Following(3, {}, 0)
    sent = [_as_sent(position, revealedby=9) for position in (4, 6)]

    def read(*chunks: str) -> list[int]:
        assert f"id: {following.headers(None)['Last-Event-ID']}\n\n" == chunks[0]
        lines = "".join(chunks).splitlines()
        return [event.position for line in lines if (event := following.take(line)) is not None]

    assert read("id: 3\n\n", "id: 8\n\n", sent[0]) == [4]
    assert read("id: 8\n\n", *sent, f"id: 9\n{_as_sent(9)}") == [6, 9]
    assert following.headers(None)["Last-Event-ID"] == "9"
    assert read("id: 9\n\n", *(_as_sent(position, revealedby=12) for position in (5, 10))) == [5, 10]


def test_a_follower_that_is_sent_away_comes_back_when_it_is_told_to() -> None:
    following = Following(None, {}, 60)
    following.refused(Answer(503, {"retry-after": "40"}, b"{}"), Nobody())
    assert following.pause() == 40
    assert following.pause() < 40


def _as_sent(position: int, **others: int) -> str:
    envelope = {"specversion": "1.0", "id": str(position), "source": "/", "type": "T", "time": "", "programme": "p"}
    event = {**envelope, "position": position, "eventversion": 1, "dataset": "rehearsal", **others}
    return f"data: {msgspec.json.encode(event).decode()}\n\n"


def test_a_stream_that_is_refused_is_not_asked_for_again(shared_api: ApiProcess) -> None:
    with Sillok(shared_api.url) as public, pytest.raises(ServiceProblemError, match="unknown-programme"):
        next(public.follow(programme="nope"))
    with Sillok(shared_api.url, ApiKey("wrong")) as wrong, pytest.raises(ServiceProblemError, match="unauthenticated"):
        next(wrong.follow())


def test_decisions_are_signed_and_approved(shared_api: ApiProcess, small: SmallProgramme) -> None:
    """What the charter gives to two, proposed by one and approved by the other, each with a key of its own."""
    programme = small.programme
    owner, other = (
        Sillok(shared_api.url, ApiKey(small.keys[agency]), signing=SigningKey.make(f"{agency}-1"))
        for agency in ("owner", "other")
    )
    for client, agency in ((owner, "owner"), (other, "other")):
        signing = client.signing
        assert signing is not None
        jwk = msgspec.to_builtins(signing.public)
        client.decide(programme, "register-key", {"agency": agency, "key": signing.kid, "jwk": jwk})
    small.score()
    small.accepted("consolidate-stage", HEAT)
    small.running.project()
    proposed = owner.decide(programme, "record-deviation", DEVIATION)
    assert isinstance(proposed, Proposed)
    assert proposed.awaiting == ("other",)
    assert owner.proposal(proposed.proposal)["state"] == "waiting"
    seen = other.proposal(proposed.proposal)["effects"]["foreseen"]
    with pytest.raises(ServiceProblemError, match="other teams"):
        other.approve(proposed.proposal, proposed.command_hash, effects={**seen, "teams": "0" * 64})
    approved = other.approve(proposed.proposal, proposed.command_hash, effects=seen)
    assert approved.events[-1].type == "DeviationRecorded"
    small.running.project()
    entries = {each.position: each for each in owner.audit_trail(programme, min_position=approved.position).entries}
    assert entries[proposed.position].signed_by == "owner-1"
    assert entries[approved.events[0].position].signed_by == "other-1"
    owner.close()
    other.close()


def test_a_token_is_had_for_a_signed_assertion_and_renewed(
    shared_api: ApiProcess, small: SmallProgramme, tmp_path: Path
) -> None:
    head = small.running.head()
    key = OKPKey.generate_key("Ed25519")
    private = tmp_path / "private.json"
    private.write_bytes(msgspec.json.encode(key.as_dict(private=True)))
    client_id = small.running.client.post(
        "/v1/clients",
        json={"role": "agency", "subject": "owner", "keys": [key.as_dict(private=False)]},
        headers={"Authorization": f"Bearer {small.running.keys.operator}"},
    ).json()["client_id"]
    credential = ClientCredentials.read(client_id, private)
    with Sillok(shared_api.url, credential) as client:
        assert client.decide(small.programme, "enrol-team", team("one")).position == head + 1
        token = credential._token
        assert client.decide(small.programme, "enrol-team", team("two")).position == head + 2
        assert credential._token == token
        credential._token = "nonsense"
        assert client.decide(small.programme, "enrol-team", team("three")).position == head + 3


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"kty": "OKP", "crv": "Ed25519", "x": "AA"}'])
def test_what_is_no_key_is_said_without_showing_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.json"
    file.write_bytes(content)
    with pytest.raises(CredentialError, match=r"key\.json holds") as error:
        ClientCredentials.read("c", file)
    assert "nonsense" not in str(error.value)


def test_the_same_for_who_awaits(shared_api: ApiProcess, small: SmallProgramme) -> None:
    head = small.running.head()

    async def run() -> list[int]:
        async with AsyncSillok(shared_api.url, ApiKey(small.keys["owner"])) as client:
            recorded = await asyncio.gather(
                *(client.decide(small.programme, "enrol-team", team(each)) for each in ("one", "two", "three"))
            )
            assert not any(isinstance(each, Proposed) for each in recorded)
            found = client.events(type="TeamEnrolled", after=head)
            assert [each.position async for each in found] == [head + 1, head + 2, head + 3]
            lines = [Line(decision="enrol-team", body=team("four"), key="four")]
            assert [each.status async for each in client.submit_many(small.programme, lines)] == [201]
            seen = []
            async for event in client.follow(after=head):
                seen.append(event.position)
                if len(seen) == 4:
                    break
            return seen

    assert asyncio.run(run()) == [head + 1, head + 2, head + 3, head + 4]
