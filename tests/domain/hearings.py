"""The review of ant in the heat, for tests: what happened in it, and the bodies of its decisions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.event import Event
from domain.hearing_course import (
    IndependenceOpinionGiven,
    IndependenceReviewOpened,
    StatementGiven,
    StatementRequested,
)
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.outcome_events import EvidenceRegistered, IndependenceRuled
from domain.scalars import Names
from tests.domain import charters
from tests.given import DECIDED_AT, Given, given

WHY = Names(en="why", ko="왜")
ANT = {"stage": "heat", "team": "ant"}
PROOF, LATE = "ab" * 32, "cd" * 32
ONE, TWO, THREE = charters.JURY
UNTIL = "2026-01-22T15:00:00.000000Z"
"""The end of the seventh day after `DECIDED_AT`, in Seoul."""
AFTER = DECIDED_AT + timedelta(days=8)

OPENED = IndependenceReviewOpened(stage="heat", team="ant", reason="doubts")
REQUESTED = StatementRequested(stage="heat", team="ant", question="Whose weights?", until=UNTIL)
ANSWERED = StatementGiven(stage="heat", team="ant", statement="Our own.")
RULED = IndependenceRuled(
    stage="heat", team="ant", verdict="met", perspectives=("own",), findings=(), evidence=(PROOF,), reason=WHY
)

OPEN = {**ANT, "reason": "doubts"}
REQUEST = {**ANT, "question": "Whose weights?"}
ANSWER: dict[str, Any] = {**ANT, "statement": "Our own."}
OPINE: dict[str, Any] = {**ANT, "evaluator": ONE, "opinion": "met", "reason": "The logs."}
RULE = {
    **ANT,
    "verdict": "met",
    "perspectives": ["own"],
    "findings": [{"perspective": "own", "condition": "built", "verdict": "met"}],
    "evidence": [PROOF],
    "reason": {"en": "why", "ko": "왜"},
}
BODIES: dict[str, dict[str, Any]] = {
    "open-independence-review": OPEN,
    "request-statement": REQUEST,
    "give-statement": ANSWER,
    "give-opinion": OPINE,
    "rule-independence": RULE,
}


def evidence(sha256: str = PROOF, team: str = "ant", stage: str = "heat") -> EvidenceRegistered:
    return EvidenceRegistered(stage=stage, team=team, kind="report", sha256=sha256, title="Report")


def opinion(evaluator: str, team: str = "ant") -> IndependenceOpinionGiven:
    return IndependenceOpinionGiven(stage="heat", team=team, evaluator=evaluator, opinion="met", reason="The logs.")


OPINIONS = (opinion(ONE), opinion(TWO))


def asking(panel: str | None = "jury", **changes: Any) -> Event:
    """The charter, asking for a review before each ruling."""
    independence = charters.document()["independence"]
    independence["review"] = {"statement_days": "7"} | ({} if panel is None else {"panel": panel})
    return charters.charter(independence=independence, **changes)


def reviewed(*more: Event, charter: Event | None = None) -> Given:
    """The stage is open with its jury of three, and one document about ant is registered."""
    return given(background=[charter or asking(), *charters.appointed()[1:], evidence(), *more])


def objected(outcome: Any = "upheld", team: str = "ant") -> list[Event]:
    of: dict[str, Any] = {"objection": "o-1", "stage": "heat", "team": team, "subject": "ruling"}
    return [ObjectionFiled(**of, grounds="wrong"), ObjectionDecided(**of, outcome=outcome, reason="right")]


def with_experts(asked: str = "experts") -> Event:
    """The charter has a panel that does not score, and asks a panel for its opinions on independence."""
    stages = charters.document()["stages"]
    for stage in stages:
        stage["panels"].append({"id": "experts", "title": charters.names("Experts"), "size": "3", "quorum": "1"})
    return asking(asked, stages=stages)
