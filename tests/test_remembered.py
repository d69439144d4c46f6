"""Answers that are made once for as long as nothing is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.api.prepared import Prepared, prepared
from service.api.remembered import Remembered


class Ledger:
    """Counts how often it is asked where it stands, and how often an answer is made."""

    def __init__(self) -> None:
        self.position = 1
        self.readings = 0
        self.makings = 0

    def stand(self, programme: str | None) -> tuple[int, str]:
        self.readings += 1
        return self.position, f"of {programme}"

    async def make(self) -> Prepared:
        self.makings += 1
        await asyncio.sleep(0)
        return prepared(b"as of %d" % self.position)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


def run(
    ledger: Ledger, threads: ThreadPoolExecutor, work: Callable[[Remembered], Awaitable[None]], kept_bytes: int = 1000
) -> None:
    async def running() -> None:
        await work(Remembered(ledger.stand, threads, kept_bytes=kept_bytes))

    asyncio.run(running())


def test_an_answer_is_made_once_until_something_is_recorded(ledger: Ledger, threads: ThreadPoolExecutor) -> None:
    async def work(remembered: Remembered) -> None:
        for _each in range(3):
            assert (await remembered.answer("p", "standings", ledger.make)).body == b"as of 1"
        assert ledger.makings == 1
        ledger.position = 2
        assert (await remembered.answer("p", "standings", ledger.make)).body == b"as of 2"

    run(ledger, threads, work)


def test_who_asks_something_else_is_answered_that(ledger: Ledger, threads: ThreadPoolExecutor) -> None:
    async def work(remembered: Remembered) -> None:
        for asked in ("standings", "standings of a team", "standings"):
            await remembered.answer("p", asked, ledger.make)
        assert ledger.makings == 2

    run(ledger, threads, work)


def test_those_who_ask_at_once_share_a_reading_and_an_answer(ledger: Ledger, threads: ThreadPoolExecutor) -> None:
    async def work(remembered: Remembered) -> None:
        answers = await asyncio.gather(*(remembered.answer("p", "standings", ledger.make) for _each in range(50)))
        assert (len(set(map(id, answers))), ledger.readings, ledger.makings) == (1, 1, 1)

    run(ledger, threads, work)


def test_nobody_is_answered_by_a_reading_from_before_they_came(ledger: Ledger, threads: ThreadPoolExecutor) -> None:
    async def work(remembered: Remembered) -> None:
        first = asyncio.ensure_future(remembered.answer("p", "standings", ledger.make))
        while not ledger.readings:
            await asyncio.sleep(0)
        ledger.position = 2
        assert (await remembered.answer("p", "standings", ledger.make)).body == b"as of 2"
        await first

    run(ledger, threads, work)


def test_what_went_wrong_is_not_remembered(ledger: Ledger, threads: ThreadPoolExecutor) -> None:
    async def fail() -> Prepared:
        raise LookupError("once")

    async def work(remembered: Remembered) -> None:
        asked = [remembered.answer("p", "standings", fail) for _each in range(2)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(each) for each in found] == [LookupError, LookupError]
        assert (await remembered.answer("p", "standings", ledger.make)).body == b"as of 1"

    run(ledger, threads, work)


def test_who_goes_away_takes_nothing_from_those_who_wait(ledger: Ledger, threads: ThreadPoolExecutor) -> None:
    async def work(remembered: Remembered) -> None:
        gone, stays = (asyncio.ensure_future(remembered.answer("p", "standings", ledger.make)) for _each in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        assert (await stays).body == b"as of 1"

    run(ledger, threads, work)


def test_what_was_not_asked_for_the_longest_time_is_forgotten_first(
    ledger: Ledger, threads: ThreadPoolExecutor
) -> None:
    async def work(remembered: Remembered) -> None:
        for asked in ("one", "two", "one", "three"):
            await remembered.answer("p", asked, ledger.make)
        assert ledger.makings == 3
        await remembered.answer("p", "one", ledger.make)
        assert ledger.makings == 3
        await remembered.answer("p", "two", ledger.make)
        assert ledger.makings == 4

    run(ledger, threads, work, kept_bytes=2 * len(b"as of 1"))


def test_what_is_larger_than_all_that_is_kept_is_given_and_forgotten(
    ledger: Ledger, threads: ThreadPoolExecutor
) -> None:
    async def work(remembered: Remembered) -> None:
        for _each in range(2):
            assert (await remembered.answer("p", "standings", ledger.make)).body == b"as of 1"
        assert ledger.makings == 2

    run(ledger, threads, work, kept_bytes=3)
