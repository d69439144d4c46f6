"""A team that asks with the ids of another learns nothing: what is not its own is answered as what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from domain.call_events import ApplicationScreened, CallApplicationReceived
from domain.event import Event
from domain.grant_events import ResourceGranted, ResourcePoolSet, UsageReported
from domain.hearing_course import IndependenceReviewOpened, StatementGiven, StatementRequested
from domain.notices import NoticeAcknowledged, NoticeServed
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.scalars import Names
from domain.stage_events import ObjectionsWaived
from tests.domain import charters
from tests.domain.objecting import PUBLISHED, charter, settled
from tests.domain.test_answers_under_embargo import BODIES, CALLED, OWN, REVIEWING, answer

KNOWN = [charter(consortium_decisions=OWN, independence=REVIEWING), *settled()[1:], PUBLISHED, CALLED]
POOL = ResourcePoolSet(resource="gpu", quantity="8", starts="2026-01-01", ends="2026-02-01")
ASKED = "2026-01-30T15:00:00.000000Z"


def filed(team: str) -> ObjectionFiled:
    return ObjectionFiled(objection="o", stage="heat", team=team, subject="outcome", grounds="wrong")


def decided(team: str) -> ObjectionDecided:
    return ObjectionDecided(
        objection="o", stage="heat", team=team, subject="outcome", outcome="dismissed", reason="right"
    )


def served(team: str) -> NoticeServed:
    return NoticeServed(notice="n", team=team, template="hearing", subject="heat", values={}, deadline=ASKED)


def requested(team: str) -> list[Event]:
    of: dict[str, Any] = {"stage": "heat", "team": team}
    return [IndependenceReviewOpened(**of, reason="doubts"), StatementRequested(**of, question="Whose?", until=ASKED)]


def granted(team: str) -> list[Event]:
    return [
        POOL,
        ResourceGranted(grant="g", team=team, resource="gpu", quantity="4", starts=POOL.starts, ends="2026-02-01"),
    ]


def applied(team: str) -> CallApplicationReceived:
    return CallApplicationReceived(
        call="refill", team=team, name=Names(**charters.names("again")), eligible_class="anyone"
    )


def screened(team: str) -> ApplicationScreened:
    reason = Names(**charters.names("why"))
    return ApplicationScreened(
        call="refill", team=team, screening="admitted", reason=reason, independence="not_reviewed"
    )


def histories(team: str) -> dict[str, list[Event]]:
    """What may have come of each id by now, all of it the team's."""
    usage = UsageReported(grant="g", team=team, resource="gpu", quantity="1", starts="2026-01-01", ends="2026-01-02")
    return {
        "an objection": [filed(team)],
        "a decided objection": [filed(team), decided(team)],
        "a waiver": [ObjectionsWaived(stage="heat", team=team)],
        "a notice": [served(team)],
        "an acknowledged notice": [served(team), NoticeAcknowledged(notice="n", team=team)],
        "a question": requested(team),
        "a statement": [*requested(team), StatementGiven(stage="heat", team=team, statement="Our own.")],
        "a grant": granted(team),
        "a used grant": [*granted(team), usage],
        "an application": [applied(team)],
        "a screened application": [applied(team), screened(team)],
    }


@pytest.mark.parametrize("decision", OWN)
@pytest.mark.parametrize("kind", histories("cow"))
def test_no_answer_to_a_team_changes_with_what_is_another_s_own(decision: str, kind: str) -> None:
    for body in BODIES[decision]:
        asked = {**body, "team": "bee"}
        assert answer([*KNOWN, *histories("cow")[kind]], decision, asked) == answer(KNOWN, decision, asked), body


ABOUT = {
    "an objection": "file-objection",
    "a decided objection": "file-objection",
    "a waiver": "file-objection",
    "a notice": "acknowledge-notice",
    "an acknowledged notice": "acknowledge-notice",
    "a question": "give-statement",
    "a statement": "give-statement",
    "a grant": "report-usage",
    "a used grant": "report-usage",
    "an application": "apply-to-call",
    "a screened application": "apply-to-call",
}


@pytest.mark.parametrize("kind", histories("bee"))
def test_each_answer_changes_with_what_is_the_team_s_own(kind: str) -> None:
    """So that the comparison is not one of refusals that would come anyway."""
    team = "eel" if "application" in kind else "bee"
    body = {**BODIES[ABOUT[kind]][0], "team": team}
    assert answer([*KNOWN, *histories(team)[kind]], ABOUT[kind], body) != answer(KNOWN, ABOUT[kind], body)
