"""In a stage that is reopened outcomes change before they are published: no answer to a team tells which did."""

from __future__ import annotations

from typing import Any

import pytest

from domain.call_events import AdditionalCallOpened
from domain.event import Event
from domain.hearing_course import IndependenceReviewOpened, StatementGiven, StatementRequested
from domain.outcome_events import DeviationRecorded, IndependenceRuled, OutcomeSuperseded, TeamWithdrawn
from domain.refusal import Refusal
from domain.rulebook import DECISIONS
from domain.scalars import Names
from domain.stage_events import ScoringClosed, ScoringReopened, StageReconsolidated
from domain.teams import TeamEnrolled
from tests.domain import charters
from tests.domain.objecting import FILED, PUBLISHED, REASON, WHY, charter, decided, ruled, settled
from tests.given import given

OWN = sorted(type_ for type_, each in DECISIONS.items() if each.own == "team")
CALLED = AdditionalCallOpened(call="refill", stage="heat", seats="1", classes=("anyone",), closes="undisclosed")
REOPENED = ScoringReopened(stage="heat", reason=WHY)
ANEW = StageReconsolidated(stage="heat", digest="", position=1, basis="computed", supersedes=1, reason=WHY)


def superseded(team: str, was: Any, to: Any) -> OutcomeSuperseded:
    return OutcomeSuperseded(stage="heat", team=team, was=was, to=to, basis="rank", reason=WHY)


def led(event: Event) -> Event:
    """Each team with a lead of its own."""
    if not isinstance(event, TeamEnrolled):
        return event
    return TeamEnrolled(team=event.team, name=event.name, members=(f"Lead of {event.team}",))


def heard(event: Event) -> list[Event]:
    """What precedes a ruling: ant has answered what it was asked, bee has let its time pass, cow was asked nothing."""
    if not isinstance(event, IndependenceRuled) or event.team == "cow":
        return [event]
    of: dict[str, Any] = {"stage": "heat", "team": event.team}
    until = "2026-01-10T15:00:00.000000Z" if event.team == "bee" else "2026-01-30T15:00:00.000000Z"
    asked: list[Event] = [review_of(event.team), StatementRequested(**of, question="Whose weights?", until=until)]
    return [*asked, *([StatementGiven(**of, statement="Our own.")] if event.team == "ant" else []), event]


def review_of(team: str) -> IndependenceReviewOpened:
    return IndependenceReviewOpened(stage="heat", team=team, reason="doubts")


REVIEWING = {**charters.document()["independence"], "review": {"statement_days": "7"}}
KNOWN = [
    charter(consortium_decisions=OWN, independence=REVIEWING),
    *(more for each in settled()[1:] for more in heard(led(each))),
    PUBLISHED,
    FILED,
    CALLED,
    REOPENED,
    ScoringClosed(stage="heat"),
    ANEW,
]
"""cow is eliminated, ant and bee have advanced; then scoring was reopened, and standings are settled anew."""

UNSEEN: dict[str, list[Event]] = {
    "one comes back": [superseded("cow", "eliminated", "advanced")],
    "one is out": [superseded("bee", "advanced", "eliminated")],
    "both": [superseded("cow", "eliminated", "advanced"), superseded("bee", "advanced", "eliminated")],
    "there and back": [superseded("bee", "advanced", "eliminated"), superseded("bee", "eliminated", "advanced")],
    "ruled upon": [ruled("bee", "not_met"), ruled("cow", "not_met")],
    "reviewed again": [review_of(team) for team in charters.TEAMS],
    "an objection is upheld": [decided()],
    "fewer leave": [
        DeviationRecorded(stage="heat", subject="eliminations", planned="1", actual="0", reason=WHY, approver="other")
    ],
}
"""What is decided next and waits for the next publication."""

BODIES: dict[str, list[dict[str, Any]]] = {
    "acknowledge-notice": [{"notice": "n"}],
    "apply-to-call": [{"call": "refill", "name": charters.names("again"), "eligible_class": "anyone"}],
    "assent-amendment": [{"rules_hash": "0" * 64, "stance": "assent"}],
    "change-consortium": [
        {"effective": "2026-01-15"},
        {"effective": "2026-01-15", "joined": ["Lab"]},
        *({"effective": "2026-01-15", "joined": [f"Lead of {team}"]} for team in charters.TEAMS),
    ],
    "file-objection": [
        {"stage": "heat", "objection": objection, "subject": subject, "grounds": "wrong"}
        for objection in ("o", "p")
        for subject in ("outcome", "score", "ruling")
    ],
    "give-statement": [{"stage": "heat", "statement": "Our own."}],
    "report-usage": [{"grant": "g", "quantity": "1", "starts": "2026-01-01", "ends": "2026-01-02"}],
    "waive-objections": [{"stage": "heat"}],
    "withdraw-team": [{"reason": REASON}],
}


def asked(decision: str) -> list[dict[str, Any]]:
    """Every body, of each team; applicants enter again, or are new."""
    found = [{**body, "team": team} for body in BODIES[decision] for team in (*charters.TEAMS, "dog")]
    if decision == "apply-to-call":
        found += [
            {**body, "team": f"{team}-2", "reenters": team} for body in BODIES[decision] for team in charters.TEAMS
        ]
    return found


def answer(history: list[Event], decision: str, body: dict[str, Any]) -> Any:
    """The events, or all that a refusal says."""
    try:
        return given(background=history).by_consortium(body["team"]).when(decision, body).decide()
    except Refusal as refusal:
        return type(refusal), refusal.detail, refusal.rule, refusal.errors


def test_every_decision_of_a_team_is_asked() -> None:
    assert set(BODIES) == set(OWN)


@pytest.mark.parametrize("decision", OWN)
@pytest.mark.parametrize("unseen", UNSEEN)
def test_no_answer_to_a_team_changes_with_what_is_not_published(decision: str, unseen: str) -> None:
    for body in asked(decision):
        assert answer([*KNOWN, *UNSEEN[unseen]], decision, body) == answer(KNOWN, decision, body), body


def test_some_are_answered_otherwise_once_it_is_published() -> None:
    """So that the comparison is not one of refusals that would come anyway."""
    body = {"team": "cow", "reason": REASON}
    gone = (TeamWithdrawn(team="cow", reason=Names(**REASON), stage="heat"),)
    unpublished = [*KNOWN, *UNSEEN["both"]]
    assert answer(unpublished, "withdraw-team", body) != gone
    assert answer([*unpublished, PUBLISHED], "withdraw-team", body) == gone
