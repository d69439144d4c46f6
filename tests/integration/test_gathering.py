"""Decisions of many requests that come while others are made are made together, each as if it were alone."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx
import pytest

from domain.envelope import Actor, decode_envelope
from domain.event import UnknownEventError
from service.api import gathering, slow_clients
from service.api.gathering import Gather, Outcome
from service.application.deciding import Submission
from service.application.in_flight import RequestInFlightError
from service.application.ports import AppendRequest, LedgerUnavailableError, NewEvent
from service.application.recording import Accepted
from service.storage.identifiers import uuid7
from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, SmallProgramme
from tests.integration.test_many_as_single import made_again, single, steps
from tests.integration.test_many_decisions import scoring, sheet

MADE = Accepted(decision_id=UUID(int=1), events=(), replayed=False)
ALONE = Accepted(decision_id=UUID(int=2), events=(), replayed=False)


def submission(key: str, **changes: object) -> Submission:
    given = {"programme": "p", "decision_type": "d", "body": b"{}", "actor": Actor("owner", "test"), **changes}
    return Submission(idempotency_key=key, **given)  # type: ignore[arg-type]


class Held:
    """Makes decisions, the first of them once `release` is set; `runs`: the keys of those made together."""

    def __init__(self, outcome: Callable[[str], Outcome | None] = lambda _key: MADE) -> None:
        self.release = threading.Event()
        self.runs: list[list[str]] = []
        self._outcome = outcome

    def together(self, submissions: Sequence[Submission]) -> list[Outcome | None]:
        self.runs.append([each.idempotency_key for each in submissions])
        if len(self.runs) == 1:
            assert self.release.wait(10)
        return [self._outcome(each.idempotency_key) for each in submissions]


def taken(held: Held, *submissions: Submission) -> list[object]:
    """What became of them, all sent while the first is being made."""

    async def take() -> list[object]:
        with ThreadPoolExecutor(4) as threads:
            gather = Gather(held.together, lambda _submission: ALONE, threads)
            tasks = [asyncio.create_task(gather.take(each)) for each in submissions]
            while not held.runs:
                await asyncio.sleep(0)
            held.release.set()
            return list(await asyncio.gather(*tasks, return_exceptions=True))

    return asyncio.run(take())


def test_what_comes_while_others_are_made_is_made_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "TOGETHER", 3)
    held = Held()
    assert taken(held, *(submission(f"k{n}") for n in range(6))) == [MADE] * 6
    assert held.runs == [["k0"], ["k1", "k2", "k3"], ["k4", "k5"]]


def test_each_is_told_what_became_of_its_own() -> None:
    """A refusal of one is not another's, and what cannot be made together is made by itself."""
    refusal = LookupError("refused")
    given: dict[str, Outcome | None] = {"refused": refusal, "by itself": None}
    held = Held(lambda key: given.get(key, MADE))
    keys = ["first", "refused", "by itself", "last"]
    assert taken(held, *map(submission, keys)) == [MADE, refusal, ALONE, MADE]


def test_a_consortium_s_and_one_with_if_match_are_made_by_themselves() -> None:
    held = Held()
    consortium = submission("theirs", actor=Actor("ant", "test", "consortium"))
    assert taken(held, submission("first"), consortium, submission("since", unchanged_since=3)) == [MADE, ALONE, ALONE]
    assert held.runs == [["first"]]


def test_a_key_that_is_being_worked_on_is_said_to_be() -> None:
    held = Held()
    first, other, same = taken(held, submission("key"), submission("other"), submission("key"))
    assert (first, other) == (MADE, MADE)
    assert isinstance(same, RequestInFlightError)
    assert held.runs == [["key"], ["other"]]


def test_only_so_many_wait_and_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever gives up is told that nothing was recorded."""
    monkeypatch.setattr(gathering, "WAITING", 2)
    monkeypatch.setattr(gathering, "PATIENCE_SECONDS", -1.0)
    first = submission("by itself", unchanged_since=1)
    held = Held()
    held.runs.append([])
    found = taken(held, first, *(submission(f"k{n}") for n in range(4)))
    assert found[0] == ALONE
    for each in found[1:]:
        assert isinstance(each, LedgerUnavailableError)
        assert not each.outcome_unknown


def test_a_failure_of_all_is_told_to_each_and_the_next_are_made() -> None:
    def together(submissions: Sequence[Submission]) -> list[Outcome | None]:
        if any(each.idempotency_key == "bad" for each in submissions):
            raise OSError("gone")
        return [MADE] * len(submissions)

    async def take() -> None:
        with ThreadPoolExecutor(4) as threads:
            gather = Gather(together, lambda _submission: ALONE, threads)
            with pytest.raises(OSError, match="gone"):
                await gather.take(submission("bad"))
            assert await gather.take(submission("good")) == MADE
            threads.shutdown()
            with pytest.raises(LedgerUnavailableError, match="stopping"):
                await gather.take(submission("late"))

    asyncio.run(take())


def test_each_that_was_made_together_can_be_made_again_from_what_it_read(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lawful ones and others, that depend on each other or do not, by sixteen clients."""
    small = scoring(running)
    gather = running.service.parts.gather
    make, runs = gather._together, list[int]()

    def once_others_wait(submissions: Sequence[Submission]) -> Sequence[Outcome | None]:
        while not runs and len(gather._waiting) < 8:
            time.sleep(0.001)
        runs.append(len(submissions))
        return make(submissions)

    monkeypatch.setattr(gather, "_together", once_others_wait)
    ending = ("close-scoring", "consolidate-stage", "recuse-evaluator")
    made = [step for step in steps(random.Random(3)) if step[0] not in ending]
    sent = [(f"k-{number}", step) for number, step in enumerate(made)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda each: single(small, *each), sent))
    assert max(runs) >= 8
    assert {status for status, *_rest in answers} >= {201, 409, 422}
    ledger = running.service.ledger
    recorded = list(ledger.read_programme(small.programme))
    sheets = [each for each in recorded if each.type in ("ScoreSubmitted", "ScoreCorrected")]
    assert sheets
    for each in sheets:
        assert made_again(ledger, each) == each.data


def all_at_once(
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    *sides: Callable[[], httpx.Response],
    meanwhile: Callable[[], object] = lambda: None,
) -> list[httpx.Response]:
    """The answers of requests, all of which wait while the first one is made, and are made together then."""
    gather = running.service.parts.gather
    make, runs = gather._together, list[int]()

    def once_others_wait(submissions: Sequence[Submission]) -> Sequence[Outcome | None]:
        if not runs:
            while len(gather._waiting) < len(sides) - 1:
                time.sleep(0.001)
            meanwhile()
        runs.append(len(submissions))
        return make(submissions)

    with monkeypatch.context() as patched, ThreadPoolExecutor(len(sides)) as threads:
        patched.setattr(gather, "_together", once_others_wait)
        first = threads.submit(sides[0])
        while not gather._making:
            time.sleep(0.001)
        answers = [first, *map(threads.submit, sides[1:])]
        return [each.result() for each in answers]


def evidence(small: SmallProgramme, by: str, key: str, number: int) -> Callable[[], httpx.Response]:
    body = {**HEAT, "team": "ant", "kind": "report", "sha256": f"{number:064x}", "title": "Report"}
    headers = {**small.headers(by), "Idempotency-Key": key}
    path = f"/v1/programmes/{small.programme}/decisions/register-evidence"
    return lambda: small.client.post(path, json=body, headers=headers)


def with_evidence(running: Running, programme: str) -> SmallProgramme:
    """Two agencies register evidence."""
    more = {"decisions": ["register-evidence"], "agencies": ["other"]}
    small = SmallProgramme(running, programme=programme, mandates=[*charters.document()["mandates"], more])
    small.accepted("open-stage", HEAT)
    return small


def test_what_two_clients_ask_for_under_one_key_is_each_their_own(
    shared: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made together: each is recorded as decided by who asked, and answered so when it is asked for again."""
    small = with_evidence(shared, "two-clients")
    asked = [
        evidence(small, "owner", "first", 1),
        evidence(small, "owner", "key", 2),
        evidence(small, "other", "key", 3),
    ]
    answers = all_at_once(shared, monkeypatch, *asked)
    assert [each.status_code for each in answers] == [201] * 3, [each.text for each in answers]
    recorded = {each.position: each for each in shared.service.ledger.read_programme(small.programme)}
    mine, theirs = (recorded[each.json()["events"][0]["position"]] for each in answers[1:])
    assert [decode_envelope(each.envelope).actor.agency for each in (mine, theirs)] == ["owner", "other"]
    assert [each.data.count(b"00%d" % number) for each, number in ((mine, 2), (theirs, 3))] == [1, 1]
    assert [each().json() for each in asked] == [each.json() for each in answers]


def test_whose_key_is_revoked_while_their_decision_waits_decides_nothing(
    shared: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waited longer than a credential is believed is asked again; whoever waited beside them goes on."""
    monkeypatch.setattr(gathering, "BELIEVED_SECONDS", 0.0)
    monkeypatch.setattr(slow_clients, "BELIEVED_SECONDS", 0.0)
    small = with_evidence(shared, "revoked-meanwhile")
    small.keys["lost"] = lost = shared.issue("agency", "owner")
    asked = [evidence(small, by, f"by-{by}-{n}", n) for n, by in enumerate(("owner", "lost", "other"))]

    def revoke() -> None:
        operator = {"X-API-Key": shared.keys.operator}
        assert small.client.delete(f"/v1/keys/{lost.partition('.')[0]}", headers=operator).status_code == 204

    answers = all_at_once(shared, monkeypatch, *asked, meanwhile=revoke)
    assert [each.status_code for each in answers] == [201, 401, 201], [each.text for each in answers]
    registered = [each for each in shared.service.ledger.read_programme(small.programme) if "Evidence" in each.type]
    assert [decode_envelope(each.envelope).actor.agency for each in registered] == ["owner", "other"]


def test_what_the_record_of_one_programme_fails_by_is_no_fault_of_anothers(shared: Running) -> None:
    """Whose record cannot be read is told so; a decision of another programme that came with it is made."""
    small, service = scoring(shared, programme="sound"), shared.service
    unknown = NewEvent(
        programme="unsound",
        type="CharterPublished",
        version=99,
        event_id=uuid7(),
        tags=("programme:unsound",),
        salt=bytes(16),
        envelope=b"{}",
        data=b"{}",
    )
    service.ledger.append(AppendRequest(events=[unknown], decision_id=uuid7()))
    body = json.dumps(sheet("ant", charters.JURY[0])).encode()
    sound, unsound = (
        submission("key", programme=name, decision_type="submit-score", body=body)
        for name in (small.programme, "unsound")
    )
    assert service.parts.submit_lines.gathered([sound, unsound]) == [None, None]
    assert service.parts.gather._alone(sound).events[0].type == "ScoreSubmitted"
    with pytest.raises(UnknownEventError):
        service.parts.gather._alone(unsound)
