"""Examples of decisions that no programme's record has: as they are made, lawfully, in the lives of the small one.

If this fails: `python -m tests.domain.test_examples` writes them anew.
"""

from __future__ import annotations

import json
from typing import Any

from api_specs.examples import OF_LIVES, recorded
from domain.rulebook import DECISIONS
from tests.domain.lives import LIVES


def of_lives() -> dict[str, Any]:
    """Each of them was accepted: `test_every_beginning_is_lawful` lives every life."""
    steps = [step for life in LIVES.values() for step in life]
    bodies: dict[str, Any] = {}
    for step in steps:
        bodies.setdefault(step.decision, step.body)
    bodies["propose"] = {"decision": "record-deviation", "command": bodies["record-deviation"]}
    return {decision: bodies[decision] for decision in sorted(set(DECISIONS) - set(recorded()))}


def test_every_decision_has_an_example() -> None:
    assert json.loads(OF_LIVES.read_bytes()) == of_lives()
    assert {*recorded(), *of_lives()} == set(DECISIONS)


if __name__ == "__main__":
    OF_LIVES.write_text(json.dumps(of_lives(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
