"""A stage that every team has left is settled, published and finalised like any other."""

from __future__ import annotations

from itertools import product
from typing import Any

import msgspec
import pytest

from domain.charter import document_faults
from domain.event import Event
from domain.outcome_events import TeamWithdrawn
from domain.refusal import InvalidCommandError
from domain.scalars import Names
from domain.views import MemoryRows
from domain.views.standings import STANDINGS
from tests.domain import charters
from tests.domain.charters import with_criterion
from tests.domain.occurrences import occurrence
from tests.given import given

HEAT = {"stage": "heat"}
WHY = Names(en="why", ko="why")
REASON = {"en": "why", "ko": "why"}
GROUPS = [{"id": each, "title": charters.names(each), "weight": "1"} for each in ("a", "b")]

JUDGED = [
    {
        "aggregate": aggregate,
        "normalise": normalise,
        "missing": missing,
        **({"trim": "1"} if "trim" in aggregate else {}),
    }
    for aggregate, normalise, missing in product(
        ("mean", "median", "trimmed-mean", "weighted-mean", "undisclosed"),
        ("none", "z-score", "min-max"),
        ("required", "left-out", "zero"),
    )
]
MEASURED = [
    {"conversion": conversion, "missing": missing, **({"floor": "1", "ceiling": "2"} if conversion == "linear" else {})}
    for conversion, missing in product(
        ("mean-of-percentages", "capped-ratios", "linear", "relative-to-best", "undisclosed"),
        ("required", "left-out", "zero"),
    )
]
RULES = [("paper/idea", scoring) for scoring in JUDGED] + [("field/speed", scoring) for scoring in MEASURED]


def left(node: str, scoring: dict[str, Any]) -> list[Event]:
    """The heat, in which every team withdraws."""
    stages = with_criterion(node, scoring=scoring)
    stages[0]["panels"][0].update(groups=GROUPS, quorum="3")
    assert not list(document_faults(charters.PROGRAMME, charters.document(stages=stages)))
    opened = [charters.charter(stages=stages), *charters.opened()[1:]]
    gone = [TeamWithdrawn(team=team, reason=WHY, stage="heat") for team in charters.TEAMS]
    return [*opened, *gone]


@pytest.mark.parametrize(("node", "scoring"), RULES, ids=str)
def test_a_stage_without_teams_is_settled_and_ended(node: str, scoring: dict[str, Any]) -> None:
    """By a recorded deviation from the planned cut, as nobody is left to be eliminated."""
    history = left(node, scoring)
    history += given(background=history).when("close-scoring", HEAT).decide()
    history += given(background=history).when("consolidate-stage", HEAT).decide()
    deviation = {**HEAT, "subject": "eliminations", "actual": "0", "reason": REASON}
    history += given(background=history).when("record-deviation", deviation).approved()
    publication = {**HEAT, "publishers": ["owner", "other"]}
    for agency in ("owner", "other"):
        history += given(background=history).by(agency).when("publish-results", publication).decide()
    history += given(background=history).when("finalise-stage", HEAT).decide()
    rows = MemoryRows()
    for position, event in enumerate(history, 1):
        STANDINGS.fold(rows, [occurrence(position, event)])
    stored = rows.get("standings/heat")
    assert stored
    assert msgspec.json.decode(stored)["rows"] == []


def test_nothing_is_certified_of_nobody() -> None:
    history = left("paper/idea", {})
    history += given(background=history).when("close-scoring", HEAT).decide()
    for figure in (
        {"kind": "mean", "node": "total", "value": "5"},
        {"kind": "highest", "node": "total", "teams": [], "value": "5"},
        {"kind": "rank-group", "teams": [], "best": "1", "worst": "1"},
    ):
        given(background=history).when("certify-figure", {**HEAT, "figure": figure}).refused(InvalidCommandError)
