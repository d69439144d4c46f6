"""Decisions of many requests that come while others are made are made together, each as if it were alone."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from domain.envelope import Actor
from service.api import gathering
from service.api.gathering import Gather, Outcome
from service.application.deciding import Submission
from service.application.in_flight import RequestInFlightError
from service.application.ports import LedgerUnavailableError
from service.application.recording import Accepted
from tests.integration.conftest import Running
from tests.integration.test_many_as_single import made_again, single, steps
from tests.integration.test_many_decisions import scoring

MADE = Accepted(decision_id=UUID(int=1), events=(), replayed=False)
ALONE = Accepted(decision_id=UUID(int=2), events=(), replayed=False)


def submission(key: str, **changes: object) -> Submission:
    given = {"body": b"{}", "actor": Actor("owner", "test"), "idempotency_key": key, **changes}
    return Submission(programme="p", decision_type="d", **given)  # type: ignore[arg-type]


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
