"""Examples of decisions: bodies that the programmes' own records submit or, of those that none has, a test's programme.

So each of them was accepted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from service.cli.programme_files import read_decisions

PROGRAMMES: Final = Path(__file__).parents[1] / "ops" / "programmes"


OF_TESTS: Final = "programme"
"""The tests' programme."""
OF_LIVES: Final = Path(__file__).with_name("examples_of_lives.json")


def examples() -> dict[str, Any]:
    """A programme and a body for each decision."""
    of_lives = {name: {"programme": OF_TESTS, "body": body} for name, body in json.loads(OF_LIVES.read_bytes()).items()}
    return dict(sorted({**of_lives, **recorded()}.items()))


def recorded() -> dict[str, Any]:
    """For each decision that a record has, its programme and body, of those that stand for themselves the shortest."""
    found: dict[str, Any] = {}
    for folder in sorted(each.parent for each in PROGRAMMES.glob("*/decisions.ndjson")):
        for line in read_decisions(folder):
            if '"$' in json.dumps(line.body):
                continue  # it names a proposal, which has another id wherever it is submitted
            if line.decision not in found or _length(line.body) < _length(found[line.decision]["body"]):
                found[line.decision] = {"programme": folder.name, "body": line.body}
    return dict(sorted(found.items()))


def _length(body: Any) -> int:
    return len(json.dumps(body))
