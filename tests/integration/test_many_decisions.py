"""Many decisions in one request: line by line as if they were submitted one after the other, or all together."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.domain import charters
from tests.integration.conftest import Running
from tests.integration.small import HEAT, PROGRAMME, WHY, SmallProgramme
from tests.integration.test_bad_input import expect

Answer = dict[str, Any]


def sheet(team: str, evaluator: str, points: str = "9", **others: Any) -> dict[str, Any]:
    return {**HEAT, "team": team, "criterion": "paper/idea", "evaluator": evaluator, "points": points, **others}


def line(key: str | None, decision: str, body: Any, **others: Any) -> bytes:
    named = {} if key is None else {"key": key}
    return json.dumps({**named, "decision": decision, "body": body, **others}, ensure_ascii=False).encode()


def post(
    small: SmallProgramme, lines: list[bytes], *, by: str = "owner", query: str = "", **headers: str
) -> httpx.Response:
    return small.client.post(
        f"/v1/programmes/{small.programme}/decisions{query}",
        content=b"\n".join(lines),
        headers={**small.headers(by), "Content-Type": "application/x-ndjson", **headers},
    )


def submit(small: SmallProgramme, *lines: bytes, by: str = "owner") -> list[Answer]:
    answer = post(small, list(lines), by=by)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(each) for each in answer.text.splitlines()]


def together(small: SmallProgramme, *lines: bytes, key: str = "all", by: str = "owner") -> httpx.Response:
    return post(small, list(lines), by=by, query="?atomic=true", **{"Idempotency-Key": key})


def scoring(running: Running, programme: str = PROGRAMME) -> SmallProgramme:
    """A programme whose first stage takes scores."""
    small = SmallProgramme(running, programme=programme)
    small.accepted("open-stage", HEAT)
    for one in charters.JURY:
        small.accepted("appoint-evaluator", {**HEAT, "panel": "jury", "evaluator": one})
    return small


EVERY = [(team, one) for team in charters.TEAMS for one in charters.JURY]


def test_each_line_is_recorded_and_answered_in_order(running: Running) -> None:
    small = scoring(running)
    head = running.head()
    lines = [line(f"k-{n}", "submit-score", sheet(*each)) for n, each in enumerate(EVERY)]
    answers = submit(small, *lines)
    assert [(each["line"], each["key"], each["status"]) for each in answers] == [
        (n + 1, f"k-{n}", 201) for n in range(len(EVERY))
    ]
    for n, each in enumerate(answers, start=1):
        assert each["body"]["events"] == [{"position": head + n, "type": "ScoreSubmitted"}]
    again = submit(small, *lines)
    assert [{**each, "replayed": False} for each in again] == answers
    assert all(each["replayed"] for each in again)
    assert running.head() == head + len(EVERY)


def test_all_together_or_none(running: Running) -> None:
    small = scoring(running)
    head = running.head()
    lines = [line(None, "submit-score", sheet(*each)) for each in EVERY]
    metric = {**HEAT, "criterion": "field/speed", "value": "50"}
    for team in charters.TEAMS:
        for benchmark in ("track", "road"):
            lines.append(line(None, "record-measurement", {**metric, "team": team, "benchmark": benchmark}))
    refused = expect(together(small, *lines, lines[0]), 409, "batch-refused")
    assert (refused["line"], refused["cause"]) == (len(lines) + 1, "/problems/score-already-submitted")
    assert running.head() == head
    answer = together(small, *lines, line(None, "close-scoring", HEAT))
    assert answer.status_code == 201, answer.text
    assert len(answer.text.splitlines()) == len(lines) + 1
    assert running.head() == head + len(lines) + 1


def test_a_consortium_tries_nothing_out(running: Running) -> None:
    """Whether it may withdraw tells whether an outcome of it is recorded: asking costs it its place, or is refused."""
    small = SmallProgramme(running)
    head = running.head()
    withdrawal = line(None, "withdraw-team", {"team": "ant", "reason": WHY})
    for lines in ((withdrawal,), (withdrawal, line(None, "withdraw-team", {"team": "nobody", "reason": WHY}))):
        expect(together(small, *lines, by="ant"), 403, "together-not-yours")
    assert running.head() == head
