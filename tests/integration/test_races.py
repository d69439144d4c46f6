"""Decisions that exclude each other, taken at once on the real ledger: what comes first stands, and the other is
refused by the fact that it meets.

In `meet` two API processes' parts each read, decide and wait for the ledger's head, which the test holds; so each has
decided before the other is recorded, in the order that the test gives. Then processes compete freely.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import psycopg
import pytest
from litestar.testing import TestClient

from domain.decision import nothing_sealed
from domain.envelope import Actor
from domain.refusal import Refusal
from service.api.application import create_application
from service.api.gathering import Gather
from service.application.deciding import Deciding, Submission
from service.application.foreseeing import Foreseeing
from service.application.in_flight import InFlight
from service.application.submitting import SubmitDecision
from service.application.submitting_lines import SubmitLines
from service.bootstrap import open_service
from service.ed25519 import verify_ed25519
from service.real_parts import NoWakeUps, real_sources
from service.settings import Settings
from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.invariants import require_invariants
from tests.integration.small import HEAT, WHY, SmallProgramme
from tests.integration.test_ledger_concurrency import until_waiting

RELEASE = {**HEAT, "publishers": ["owner", "other"]}
SHEET = {**HEAT, "team": "ant", "criterion": "paper/idea", "evaluator": charters.JURY[0]}
Side = Callable[[SmallProgramme], httpx.Response]
_numbers = count(1)


class Met(NamedTuple):
    """The answers of two that met: of the one that reached the ledger first, and of the other."""

    first: httpx.Response
    second: httpx.Response


class Arena:
    """Two API processes' parts over one database; `ahead` is how far the clock of the second runs before the first."""

    def __init__(self, running: Running, settings: Settings) -> None:
        self.running = running
        self.ahead = timedelta()
        self._service = open_service(settings)
        clock = msgspec.structs.replace(real_sources(), now=lambda: datetime.now(UTC) + self.ahead)
        deciding = Deciding(self._service.ledger, clock, verify_ed25519, nothing_sealed)
        ledger, parts = self._service.ledger, self._service.parts
        compared = Foreseeing(ledger, parts.queries, lambda *_asked: ()).compared
        submit = SubmitDecision(ledger, NoWakeUps(), deciding, InFlight(), compared)
        gathered = SubmitLines(ledger, NoWakeUps(), deciding, InFlight(), submit).gathered
        parts = replace(parts, gather=Gather(gathered, submit, parts.threads))
        self.second = TestClient(create_application(parts), raise_server_exceptions=False)

    def close(self) -> None:
        self._service.close()

    def programme(self, **changes: Any) -> SmallProgramme:
        return SmallProgramme(self.running, programme=f"race-{next(_numbers)}", **changes)

    def meet(self, programme: SmallProgramme, here: Side, there: Side, *, there_first: bool) -> Met:
        """Let both decide on what they read now, `there` by the second process; record them in the order given."""
        sides = [(here, self.running.client), (there, self.second)]
        with psycopg.connect(self.running.database) as holder, ThreadPoolExecutor(2) as threads:
            holder.execute("SELECT FROM ledger.head FOR UPDATE")
            answers = []
            for waiting, (side, client) in enumerate(reversed(sides) if there_first else sides, 1):
                answers.append(threads.submit(side, programme.through(client)))
                until_waiting(self.running.database, waiting)
            holder.rollback()
            return Met(answers[0].result(), answers[1].result())


@pytest.fixture
def arena(running: Running, tmp_path: Path) -> Iterator[Arena]:
    settings = Settings(home=tmp_path, host="127.0.0.1", port=8000, database_url=running.database, redis_url=None)
    arena = Arena(running, settings)
    with arena.second:
        yield arena
    arena.close()


def submit(decision: str, body: dict[str, Any], *, by: str = "owner") -> Side:
    return lambda programme: programme.submit(decision, body, by=by)


def approve(waiting: dict[str, str]) -> Side:
    return lambda programme: programme.approve(waiting)


def reject(waiting: dict[str, str]) -> Side:
    return lambda programme: programme.reject(waiting)


def require_recorded(*answers: httpx.Response) -> None:
    for answer in answers:
        assert answer.status_code in (201, 202), answer.text


def require_refused(answer: httpx.Response, problem: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{problem}"), answer.text
    assert answer.json()["rule"]


def total(programme: SmallProgramme, team: str = "ant") -> str:
    rows = programme.read("/standings", "owner", stage="heat")["rows"]
    found: str = next(row["total"]["exact"] for row in rows if row["team"] == team)
    return found


def test_a_score_against_the_close(arena: Arena) -> None:
    """The close takes in every score before it; a score after it is refused, and does not count."""
    left_out = charters.with_criterion("paper/idea", scoring={"aggregate": "mean", "missing": "left-out"})
    for close_first in (False, True):
        programme = arena.programme(stages=left_out)
        programme.fill(without=charters.JURY[:1])
        score, close = submit("submit-score", {**SHEET, "points": "3"}), submit("close-scoring", HEAT)
        first, second = arena.meet(programme, score, close, there_first=close_first)
        require_recorded(first)
        if close_first:
            require_refused(second, "scoring-closed")
        else:
            require_recorded(second)
        programme.accepted("consolidate-stage", HEAT)
        assert total(programme) == ("25" if close_first else "23")
        require_invariants(programme)


def objectable(arena: Arena) -> SmallProgramme:
    """Published, with a week in which teams may object; the clock of the second process is past it."""
    stages = charters.document()["stages"]
    stages[0]["objections"] = {"days": "7"}
    mandates = [*charters.document()["mandates"], {"decisions": ["decide-objection"], "agencies": ["other"]}]
    programme = arena.programme(
        stages=stages,
        mandates=mandates,
        consortium_decisions=["file-objection", "acknowledge-notice", "assent-amendment"],
    )
    programme.score()
    programme.rule()
    programme.publish()
    arena.ahead = timedelta(days=11)
    return programme


OBJECTION = {**HEAT, "objection": "o-1", "team": "cow"}


def test_an_objection_against_finalisation(arena: Arena) -> None:
    for final_first in (False, True):
        programme = objectable(arena)
        objection = submit("file-objection", {**OBJECTION, "subject": "outcome", "grounds": "unfair"}, by="cow")
        final = submit("finalise-stage", HEAT)
        first, second = arena.meet(programme, objection, final, there_first=final_first)
        require_recorded(first)
        require_refused(second, "stage-final" if final_first else "objection-undecided")
        require_invariants(programme)


def test_the_consequence_of_an_objection_against_finalisation(arena: Arena) -> None:
    for final_first in (False, True):
        programme = objectable(arena)
        programme.accepted("file-objection", {**OBJECTION, "subject": "outcome", "grounds": "unfair"}, by="cow")
        decided = {**HEAT, "objection": "o-1", "outcome": "upheld", "reason": "it is right"}
        programme.accepted("decide-objection", decided, by="other")
        flip = {**HEAT, "team": "cow", "to": "advanced", "basis": "objection", "objection": "o-1", "reason": WHY}
        final = submit("finalise-stage", HEAT)
        first, second = arena.meet(programme, submit("supersede-outcome", flip), final, there_first=final_first)
        require_recorded(first)
        require_refused(second, "stage-final" if final_first else "eliminations-not-as-planned")
        outcomes = {row["team"]: row["status"] for row in programme.read("/standings", "owner", stage="heat")["rows"]}
        assert outcomes["cow"] == ("eliminated" if final_first else "advanced")
        require_invariants(programme)


def corrected(programme: SmallProgramme, points: str) -> dict[str, str]:
    """A correction of a score after the close, which waits for another agency."""
    return programme.propose("correct-score", {**SHEET, "points": points, "reason": "a slip"})


def closed(arena: Arena) -> SmallProgramme:
    programme = arena.programme()
    programme.score()
    return programme


def test_an_approval_against_changed_facts(arena: Arena) -> None:
    """Two corrections of one score are proposed on the same facts: once one is approved, the other is stale."""
    for there_first in (False, True):
        programme = closed(arena)
        here, there = (approve(corrected(programme, points)) for points in ("1", "2"))
        first, second = arena.meet(programme, here, there, there_first=there_first)
        require_recorded(first)
        require_refused(second, "proposal-stale")
        programme.accepted("consolidate-stage", HEAT)
        require_invariants(programme)


def test_an_approval_against_a_rejection(arena: Arena) -> None:
    for there_first in (False, True):
        programme = closed(arena)
        waiting = corrected(programme, "1")
        first, second = arena.meet(programme, approve(waiting), reject(waiting), there_first=there_first)
        require_recorded(first)
        require_refused(second, "proposal-closed")
        require_invariants(programme)


def test_a_correction_against_consolidation(arena: Arena) -> None:
    """A correction before is in the standings; one after is refused, and the standings are as before."""
    for settled_first in (False, True):
        programme = closed(arena)
        for one in charters.JURY[1:]:
            programme.proposed("correct-score", {**SHEET, "evaluator": one, "points": "10", "reason": "a slip"})
        one_more = approve(corrected(programme, "10"))
        settle = submit("consolidate-stage", HEAT)
        first, second = arena.meet(programme, one_more, settle, there_first=settled_first)
        require_recorded(first)
        if settled_first:
            require_refused(second, "stage-already-consolidated")
        else:
            require_recorded(second)
        require_invariants(programme)


def came_to(answer: httpx.Response) -> list[str]:
    return [each["type"] for each in answer.json()["events"]]


def test_two_publishers_at_once(arena: Arena) -> None:
    """Whoever comes first agrees, and whoever comes second publishes."""
    for other_first in (False, True):
        programme = closed(arena)
        programme.rule()
        sides = [submit("publish-results", RELEASE, by=agency) for agency in ("owner", "other")]
        first, second = arena.meet(programme, *sides, there_first=other_first)
        require_recorded(first, second)
        assert (came_to(first), came_to(second)) == (["ReleaseAgreed"], ["ResultsPublished"])
        trail = programme.read("/audit-trail", "owner", limit=1000)["entries"]
        released = [
            (each["type"], each["agency"]) for each in trail if "Release" in each["type"] or "Results" in each["type"]
        ]
        agencies = ["other", "owner"] if other_first else ["owner", "other"]
        assert released == list(zip(["ReleaseAgreed", "ResultsPublished"], agencies, strict=True))
        require_invariants(programme)


def test_one_publisher_twice_at_once(arena: Arena) -> None:
    """The second time it is told who is awaited: its own agreement is never taken for another's."""
    programme = closed(arena)
    programme.rule()
    agree = submit("publish-results", RELEASE)
    first, second = arena.meet(programme, agree, agree, there_first=False)
    assert came_to(first) == ["ReleaseAgreed"]
    require_refused(second, "release-already-agreed")
    assert "awaited: other" in second.json()["detail"]
    require_invariants(programme)


def test_publication_against_reopened_scoring(arena: Arena) -> None:
    """Results are public before scoring is reopened, or not before they are settled anew."""
    publish = submit("publish-results", RELEASE)
    reopen = submit("reopen-scoring", {**HEAT, "reason": WHY})
    for reopened_first in (False, True):
        programme = closed(arena)
        programme.rule()
        require_recorded(programme.submit("publish-results", RELEASE, by="other"))
        first, second = arena.meet(programme, publish, reopen, there_first=reopened_first)
        require_recorded(first)
        public = programme.read("/standings", stage="heat")
        if reopened_first:
            require_refused(second, "stage-not-consolidated")
            assert "rows" not in public
        else:
            require_recorded(second)
            assert [row["total"]["exact"] for row in public["rows"]] == ["25", "19", "9"]
        require_invariants(programme)


WITHDRAW = submit("withdraw-team", {"team": "cow", "reason": WHY}, by="cow")


def test_an_elimination_against_a_withdrawal(arena: Arena) -> None:
    """A team leaves once: the second is told that it withdrew, or that an outcome of it is under embargo."""
    eliminate = submit("eliminate-team", {**HEAT, "team": "cow", "basis": "rank", "reason": WHY})
    for withdrawal_first in (False, True):
        programme = closed(arena)
        programme.accepted("consolidate-stage", HEAT)
        first, second = arena.meet(programme, eliminate, WITHDRAW, there_first=withdrawal_first)
        require_recorded(first)
        require_refused(second, "team-withdrawn" if withdrawal_first else "outcome-unpublished")
        row = programme.read("/standings", "owner", stage="heat")["rows"][2]
        expected = ("withdrawn", "withdrawal") if withdrawal_first else ("eliminated", "rank")
        assert (row["status"], row["cause"]) == expected
        require_invariants(programme)


def test_a_withdrawal_against_consolidation(arena: Arena) -> None:
    """Who withdraws before is not in the standings that are settled; who withdraws after keeps its rank in them."""
    for settled_first in (False, True):
        programme = closed(arena)
        settle = submit("consolidate-stage", HEAT)
        first, second = arena.meet(programme, WITHDRAW, settle, there_first=settled_first)
        require_recorded(first, second)
        rows = programme.read("/standings", "owner", stage="heat")["rows"]
        assert [row["team"] for row in rows] == ["ant", "bee", *(["cow"] if settled_first else [])]
        require_invariants(programme)


PROCESSES = 4
"""One closes scoring while the others submit; in each round another does."""


def _submit_or_close(database: str, home: Path, number: int, programmes: list[str], at_once: Any, answers: Any) -> None:
    """One process, with all the parts of its own: in each programme one decision, at the same time as the others."""
    service = open_service(
        Settings(home=home, host="127.0.0.1", port=8000, database_url=database, redis_url=None),
    )
    for turn, programme in enumerate(programmes):
        seat = (number + turn) % PROCESSES
        decision, body = "close-scoring", HEAT
        if seat < len(charters.TEAMS):
            decision, body = "submit-score", {**SHEET, "team": charters.TEAMS[seat], "points": "3"}
        submission = Submission(
            programme=programme,
            decision_type=decision,
            body=msgspec.json.encode(body),
            actor=Actor(agency="owner", principal="test"),
            idempotency_key=decision + str(seat),
        )
        at_once.wait()
        try:
            answers.put((programme, decision, seat, service.parts.submit(submission).events[0].position))
        except Refusal as refusal:
            answers.put((programme, decision, seat, type(refusal).__name__))
    service.close()


@pytest.mark.timeout(120)
def test_processes_submit_scores_while_another_closes(running: Running, tmp_path: Path) -> None:
    """Each score is before the close and counts, or is refused; the close is never refused, nor tried in vain."""
    left_out = charters.with_criterion("paper/idea", scoring={"aggregate": "mean", "missing": "left-out"})
    programmes = {
        name: SmallProgramme(running, programme=name, stages=left_out) for name in ("r-1", "r-2", "r-3", "r-4")
    }
    for each in programmes.values():
        each.fill(without=charters.JURY[:1])
    context = multiprocessing.get_context("spawn")
    at_once, answers = context.Barrier(PROCESSES), context.Queue()
    arguments = [(running.database, tmp_path, n, list(programmes), at_once, answers) for n in range(PROCESSES)]
    workers = [context.Process(target=_submit_or_close, args=each) for each in arguments]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=100) for _ in range(PROCESSES * len(programmes))]
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    for name, programme in programmes.items():
        (closed_at,) = [answer for each, decision, _, answer in found if (each, decision) == (name, "close-scoring")]
        assert isinstance(closed_at, int)
        scores = {seat: answer for each, decision, seat, answer in found if (each, decision) == (name, "submit-score")}
        assert len(scores) == len(charters.TEAMS)
        programme.accepted("consolidate-stage", HEAT)
        for seat, (whole, lowered) in enumerate((("25", "23"), ("19", "18"), ("9", "8"))):
            counted = isinstance(scores[seat], int) and scores[seat] < closed_at
            assert counted or scores[seat] == "ScoringClosedError"
            assert total(programme, charters.TEAMS[seat]) == (lowered if counted else whole)
        require_invariants(programme)
