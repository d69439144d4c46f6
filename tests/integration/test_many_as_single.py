"""Many decisions in one request come to what single calls, one after the other, come to."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from domain.decision import Case, boundary, folding, rule_on
from domain.envelope import decode_envelope
from domain.event import decode_data, encode_data
from domain.rulebook import DECISIONS, prepare
from service.application import submitting_lines
from service.application.facts import as_dcb
from service.application.ports import Ledger, RecordedEvent
from tests.domain import charters
from tests.integration.conftest import Running, run_shared
from tests.integration.small import HEAT, SmallProgramme
from tests.integration.test_many_decisions import line, scoring, sheet, submit, together

WHY = "because"
SEPARATORS = ((",", ":"), (", ", ": "))
"""JSON as some write it, and as others do."""
CHANCES = 8
OWN = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|slk_[0-9a-f]+|\d{4}-\d\d-\d\dT[0-9:.+Z]+"
)
"""What no two ledgers have in common: ids, keys and times."""

Step = tuple[str, bytes]
"""A decision and its body."""


@pytest.fixture(scope="module")
def pair(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Running]]:
    """Two services, each over a ledger of its own."""
    folders = [tmp_path_factory.mktemp(name) for name in ("single", "many")]
    for one in run_shared(server, template, folders[0]):
        for other in run_shared(server, template, folders[1]):
            yield one, other


def steps(chance: random.Random) -> Iterator[Step]:
    """Decisions that depend on each other or do not, lawful and not, by chance."""
    jury, points = [*charters.JURY, "ev-0000000000000009"], ["9", "5", "0", "11", "9.55", "x"]
    metric = {**HEAT, "criterion": "field/speed"}
    for number in range(90):
        team = chance.choice([*charters.TEAMS, *charters.TEAMS, "dog"])
        given = sheet(team, chance.choice(jury), chance.choice(points))
        measured = {**metric, "team": team, "benchmark": chance.choice(["track", "road"]), "value": "50"}
        evidence = {**HEAT, "team": team, "kind": "report", "sha256": f"{number % 7:064x}", "title": "Report"}
        choices: list[tuple[int, str, Any]] = [
            (30, "submit-score", given),
            (10, "record-measurement", measured),
            (6, "correct-score", {**given, "reason": WHY}),
            (3, "register-evidence", evidence),
            (2, "recuse-evaluator", {**HEAT, "evaluator": chance.choice(jury), "reason": WHY}),
            (2, "close-scoring", HEAT),
            (2, "consolidate-stage", HEAT),
            (1, "appoint-evaluator", {**HEAT, "panel": "jury", "evaluator": chance.choice(jury)}),
            (1, "enrol-team", {"team": "dog", "name": charters.names("dog")}),
            (1, "open-stage", HEAT),
            (1, "approve", {"proposal": f"{charters.PROGRAMME}:nothing", "command_hash": "0" * 64}),
            (1, "publish-charter", {"charter": charters.document()}),
            (1, "nothing", {}),
            (1, "submit-score", {**given, "team": 7, "more": "x"}),
        ]
        weights, names, bodies = zip(*choices, strict=True)
        (chosen,) = chance.choices(range(len(choices)), weights)
        yield names[chosen], json.dumps(bodies[chosen], separators=SEPARATORS[number % 2]).encode()
        if not chance.randrange(20):
            yield "submit-score", b'{"stage": "heat", "team": "ant", "team": "bee"}'
            yield "submit-score", b'{"stage":"heat","team":"ant","team":"bee"}'


def alike(text: str) -> str:
    return OWN.sub("…", text)


def events(running: Running) -> list[tuple[Any, ...]]:
    """All that was recorded, but for what no two ledgers have in common."""
    return [(each.position, each.type, each.tags, alike(each.data.decode())) for each in running.service.ledger.read()]


def single(small: SmallProgramme, key: str, step: Step) -> tuple[int, bool, Any]:
    answer = small.client.post(
        f"/v1/programmes/{small.programme}/decisions/{step[0]}",
        content=step[1],
        headers={**small.headers("owner"), "Idempotency-Key": key, "Content-Type": "application/json"},
    )
    return answer.status_code, "idempotency-replayed" in answer.headers, json.loads(alike(answer.text))


def raw(step: Step, key: str | None) -> bytes:
    """The line that holds the very bytes of a body, and is written as that is."""
    around = json.loads(line(key, step[0], "…"))
    written = json.dumps(around, separators=SEPARATORS[b'": ' in step[1]], ensure_ascii=False)
    return written.encode().replace('"…"'.encode(), step[1])


@pytest.mark.parametrize("seed", range(CHANCES))
def test_lines_come_to_what_single_calls_come_to(
    pair: tuple[Running, Running], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answers, the same events at the same positions; keys that are used again, for the same or another."""
    # Some are decided while others are recorded.
    monkeypatch.setattr(submitting_lines, "LINES", 256 if seed % 2 else 7)
    chance = random.Random(seed)
    name = f"programme-{seed}"
    one, many = (scoring(each, programme=name) for each in pair)
    made = list(steps(chance))
    keyed = [(f"k-{n if chance.randrange(12) else chance.randrange(n + 1)}", step) for n, step in enumerate(made)]
    expected = [single(one, key, step) for key, step in keyed]
    answers = submit(many, *(raw(step, key) for key, step in keyed))
    found = [(each["status"], each["replayed"], json.loads(alike(json.dumps(each["body"])))) for each in answers]
    assert found == expected
    assert events(many.running) == events(one.running)
    assert {status for status, *_rest in found} >= {201, 409, 422}


@pytest.mark.parametrize("seed", range(4))
def test_together_lawful_decisions_come_to_what_they_come_to_one_by_one(
    pair: tuple[Running, Running], seed: int
) -> None:
    one, many = (scoring(each, programme=f"together-{seed}") for each in pair)
    made = [step for n, step in enumerate(steps(random.Random(seed))) if single(one, f"k-{n}", step)[0] == 201]
    answer = together(many, *(raw(step, None) for step in made))
    assert answer.status_code == 201, answer.text
    assert len(answer.text.splitlines()) == len(made)
    assert events(many.running) == events(one.running)
    again = together(many, *(raw(step, None) for step in made))
    assert all(json.loads(each)["replayed"] for each in again.text.splitlines())
    assert again.text.replace("true", "false") == answer.text


def test_every_decision_of_a_request_can_be_made_again_from_what_it_read(pair: tuple[Running, Running]) -> None:
    """Of what was recorded line by line and together."""
    small = scoring(pair[1], programme="again")
    batch = [
        line(None, "submit-score", sheet("ant", charters.JURY[0], "5")),
        line(None, "correct-score", {**sheet("ant", charters.JURY[0], "6"), "reason": WHY}),
        line(None, "submit-score", sheet("bee", charters.JURY[0], "5")),
    ]
    assert together(small, *batch).status_code == 201
    submit(small, *(raw(step, f"k-{n}") for n, step in enumerate(steps(random.Random(1)))))
    ledger = pair[1].service.ledger
    made = [each for each in ledger.read_programme("again") if each.type in ("ScoreSubmitted", "ScoreCorrected")]
    assert len(made) > len(batch)
    for each in made:
        assert made_again(ledger, each) == each.data


def made_again(ledger: Ledger, event: RecordedEvent) -> bytes:
    """What the decision of an event comes to on what its envelope says that it read."""
    envelope = decode_envelope(event.envelope)
    assert envelope.command is not None
    assert envelope.boundary is not None
    assert envelope.boundary.after < event.position
    decision = DECISIONS[envelope.command_type or ""]
    command = msgspec.json.decode(envelope.command, type=decision.command)
    charter, facts = prepare(decision, command, event.programme)
    assert boundary((charter, *facts)) == envelope.boundary.query
    take = folding((charter, *facts))
    for each in ledger.read(as_dcb(envelope.boundary.query), upto=envelope.boundary.after):
        take(each.type, each.tags, each.position, decode_data(each.type, each.version, each.data))
    case = Case(
        programme=event.programme,
        actor=envelope.actor,
        decided_at=datetime.fromisoformat(envelope.decided_at),
        position=envelope.boundary.after,
        decision_id=envelope.decision_id or "",
        charter=charter.charter,
        rules_hash=charter.rules_hash,
    )
    (made,) = rule_on(decision, command, facts, case=case).events
    return encode_data(made)
