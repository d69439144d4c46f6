"""Idempotency keys, through the API."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from service.application.deciding import Deciding
from service.application.in_flight import InFlight
from tests.integration.conftest import Running
from tests.integration.small import WHY, SmallProgramme
from tests.integration.test_bad_input import expect
from tests.integration.test_many_decisions import line, submit
from tests.playing import REHEARSAL

TEAM = {"team": "new-team", "name": {"en": "New Team", "ko": "새 팀"}}


@pytest.fixture
def open_programme(running: Running, until: Callable[[str], None]) -> Running:
    until("enrol-team")
    return running


def test_a_decision_needs_a_key(open_programme: Running) -> None:
    headers = open_programme.as_agency("msit")
    del headers["Idempotency-Key"]
    path = f"/v1/programmes/{REHEARSAL}/decisions/enrol-team"
    expect(open_programme.client.post(path, json=TEAM, headers=headers), 400, "idempotency-key-missing")
    for key in ("", " ", "a b", "x" * 201, "é"):
        bad = httpx.Headers({**headers, "Idempotency-Key": key}, encoding="latin-1")
        expect(open_programme.client.post(path, json=TEAM, headers=bad), 400, "invalid-parameter")


def test_the_same_request_again_gets_the_same_answer_and_records_nothing(open_programme: Running) -> None:
    first = open_programme.submit(REHEARSAL, "enrol-team", TEAM)
    again = open_programme.submit(REHEARSAL, "enrol-team", TEAM)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    body = first.json()
    assert body["events"] == [{"position": 2, "type": "TeamEnrolled"}]
    assert body["receipt"] == "/v1/ledger/receipts/2"
    assert open_programme.head() == 2


def test_a_key_used_for_another_request_is_refused(open_programme: Running) -> None:
    open_programme.submit(REHEARSAL, "enrol-team", TEAM)
    other = {**TEAM, "team": "other-team"}
    expect(open_programme.submit(REHEARSAL, "enrol-team", other), 422, "idempotency-key-reused")
    assert open_programme.head() == 2


def test_a_refusal_is_not_kept(open_programme: Running) -> None:
    """The same key may be used again once the decision is lawful."""
    stage = {"stage": "stage-1"}
    expect(open_programme.submit(REHEARSAL, "open-stage", stage, key="open"), 409, "no-team")
    open_programme.submit(REHEARSAL, "enrol-team", TEAM, key="enrol")
    assert open_programme.submit(REHEARSAL, "open-stage", stage, key="open").status_code == 201


def test_many_at_once_with_one_key_record_once(open_programme: Running) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _n: open_programme.submit(REHEARSAL, "enrol-team", TEAM), range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 for answer in answers) >= 1
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            expect(answer, 409, "request-in-flight")
    assert open_programme.head() == 2


def test_two_teams_race_for_the_last_seat_and_one_gets_it(open_programme: Running) -> None:
    for n in range(4):
        body = {"team": f"team-{n}", "name": {"en": f"Team {n}", "ko": f"팀 {n}"}}
        assert open_programme.submit(REHEARSAL, "enrol-team", body, key=f"k{n}").status_code == 201

    def enrol(n: int) -> int:
        body = {"team": f"late-{n}", "name": {"en": f"Late {n}", "ko": f"늦은 {n}"}}
        return open_programme.submit(REHEARSAL, "enrol-team", body, key=f"late-{n}").status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(enrol, range(8)))
    assert sorted(statuses) == [201] + [409] * 7
    assert open_programme.head() == 6


def test_a_consortium_s_key_that_was_used_is_looked_up_before_anything_is_decided(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else how long the answer takes would tell what it would be, for a request that can never be recorded."""
    small = SmallProgramme(running)
    acknowledged = {"team": "ant", "reason": WHY}
    headers = {**small.headers("ant"), "Idempotency-Key": "used"}
    path = f"/v1/programmes/{small.programme}/decisions"
    first = running.client.post(f"{path}/withdraw-team", json=acknowledged, headers=headers)
    assert first.status_code == 201, first.text

    def decide(*_given: object, **_named: object) -> None:
        raise AssertionError("it was decided")

    for each in ("consider", "considered"):
        monkeypatch.setattr(Deciding, each, decide)
    again = running.client.post(f"{path}/withdraw-team", json=acknowledged, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    other = {**acknowledged, "reason": {"en": "x", "ko": "x"}}
    expect(running.client.post(f"{path}/withdraw-team", json=other, headers=headers), 422, "idempotency-key-reused")
    (told,) = submit(small, line("used", "withdraw-team", other), by="ant")
    assert (told["status"], told["body"]["type"]) == (422, "/problems/idempotency-key-reused")


@pytest.mark.timeout(20)
def test_a_claim_that_is_dropped_while_another_is_made_stops_nobody() -> None:
    """As the garbage collector may end it, in the middle of whatever a thread does."""
    in_flight = InFlight()

    def names() -> Iterator[tuple[str, str, str]]:
        dropped = in_flight.claimed([("client", "programme", "dropped")])
        dropped.__enter__()
        del dropped
        gc.collect()
        yield ("client", "programme", "made")

    with in_flight.claimed(names()) as free:
        assert free == {("client", "programme", "made")}
    with in_flight.claimed([("client", "programme", "dropped")]) as free:
        assert free
