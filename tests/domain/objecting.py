"""Histories with a window for objections: cow is eliminated and may object until three days after publication."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.event import Event
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.outcome_events import IndependenceRuled, TeamAdvanced, TeamEliminated
from domain.scalars import Names
from domain.stage_events import ResultsPublished
from tests.domain import charters
from tests.given import Given, given

WHY = Names(en="why", ko="왜")
REASON = {"en": "why", "ko": "왜"}
UNTIL = "2026-01-18T15:00:00.000000Z"
AFTER = datetime(2026, 1, 18, 15, 0, tzinfo=UTC)
HEAT = {"stage": "heat"}
FILING = {"stage": "heat", "objection": "o", "team": "cow", "subject": "outcome", "grounds": "wrong"}
FILED = ObjectionFiled(objection="o", stage="heat", team="cow", subject="outcome", grounds="wrong")
DECIDING = {"stage": "heat", "objection": "o", "outcome": "upheld", "reason": "right"}


def charter(**changes: Any) -> Event:
    """With a window of three days, decided by the other agency, filed by teams."""
    document = charters.document(**changes)
    for stage in document["stages"]:
        stage["objections"] = {"days": "3"}
    mandates = [
        *document["mandates"],
        {"decisions": ["decide-objection", "eliminate-team", "rule-independence"], "agencies": ["other"]},
    ]
    return charters.charter(
        **{
            "stages": document["stages"],
            "mandates": mandates,
            "consortium_decisions": ["file-objection", "waive-objections"],
            **changes,
        }
    )


def ruled(team: str, verdict: Any = "met", by: str = "owner") -> IndependenceRuled:
    return IndependenceRuled(
        stage="heat",
        team=team,
        verdict=verdict,
        perspectives=("own",),
        findings=(),
        evidence=(),
        reason=WHY,
        deciders=(by,),
    )


def settled() -> list[Event]:
    """cow (9) is eliminated, ant (25) and bee (19) advance; not published."""
    return [
        charter(),
        *charters.consolidated()[1:],
        *(ruled(team) for team in charters.TEAMS),
        TeamEliminated(stage="heat", team="cow", basis="rank", reason=WHY, deciders=("owner",)),
        *(TeamAdvanced(stage="heat", team=team, reason=WHY, deciders=("owner",)) for team in ("ant", "bee")),
    ]


PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"), objections_until=UNTIL)


def published(*more: Event) -> Given:
    return given(background=[*settled(), PUBLISHED, *more])


def decided(outcome: Any = "upheld", objection: str = "o", team: str = "cow", subject: Any = "outcome") -> Event:
    return ObjectionDecided(
        objection=objection, stage="heat", team=team, subject=subject, outcome=outcome, reason="right"
    )


def advancing(**changes: Any) -> dict[str, Any]:
    return {
        "stage": "heat",
        "team": "cow",
        "to": "advanced",
        "basis": "objection",
        "objection": "o",
        "reason": REASON,
        **changes,
    }
