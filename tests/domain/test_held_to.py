"""Approvals of decisions whose events do not say all that they settle: they are held to the rest, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from domain.charter import CharterAmended
from domain.event import Event
from domain.outcome_events import DeviationRecorded, OutcomeSuperseded
from domain.proposal_events import DecisionProposed
from domain.proposals import ProposalStaleError
from domain.rulebook import DECISIONS
from domain.score_events import MeasurementCorrected
from domain.stage_events import ResultsPublished, ScoringClosed, ScoringReopened, StageReconsolidated
from tests.domain import charters, granting, hearings, objecting, test_calls
from tests.domain.test_notices import SERVE
from tests.given import given

HEAT, REASON, WHY = objecting.HEAT, objecting.REASON, objecting.WHY


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, what was recorded before it is proposed, and what between that and the approval makes it another.

    `rules`: what the charter says beside the countersignature; `amended`: what an amendment changes in between.
    """

    body: dict[str, Any]
    before: Sequence[Event]
    between: Sequence[Event] = ()
    rules: dict[str, Any] = {}
    amended: dict[str, Any] = {}
    by: str = "owner"


def measured(share: str) -> list[Event]:
    """What cow is measured at, after all: at 100 it is the second by points."""
    of: dict[str, Any] = {"stage": "heat", "team": "cow", "criterion": "field/speed", "supersedes": 1}
    return [MeasurementCorrected(**of, benchmark=each, value=share, reason="misread") for each in ("track", "road")]


def reopened(share: str) -> list[Event]:
    return [ScoringReopened(stage="heat", reason=WHY), *measured(share), ScoringClosed(stage="heat")]


def anew() -> list[Event]:
    fields: dict[str, Any] = {"position": 1, "basis": "computed", "supersedes": 1}
    return [*reopened("100"), StageReconsolidated(stage="heat", digest="0" * 64, reason=WHY, **fields)]


def other_outcomes() -> list[Event]:
    """bee is out in the place of cow."""
    of: dict[str, Any] = {"stage": "heat", "basis": "rank", "reason": WHY}
    return [
        *anew(),
        OutcomeSuperseded(**of, team="bee", was="advanced", to="eliminated"),
        OutcomeSuperseded(**of, team="cow", was="eliminated", to="advanced"),
    ]


def window() -> dict[str, Any]:
    stages = charters.document()["stages"]
    stages[0]["objections"] = {"days": "3"}
    return {"stages": stages}


def review(days: str) -> dict[str, Any]:
    return {"independence": {**charters.document()["independence"], "review": {"statement_days": days}}}


def template(body: str) -> dict[str, Any]:
    (notice,) = charters.document()["notices"]
    return {"notices": [{**notice, "body": charters.names(body)}]}


def two_seats() -> dict[str, Any]:
    (call,) = charters.document()["calls"]
    return {"seats": "4", "calls": [{**call, "seats": "2"}]}


PUBLISHED = ResultsPublished(stage="heat", publishers=("owner",))
SETTLED = objecting.settled()[1:]
WAIVED = {**HEAT, "team": "cow"}
GRANTED = granting.running().background[1:]
MORE = (granting.adjusted("2026-02-01", quantity="6"),)
CALLED = [*granting.advanced().background[1:], msgspec.structs.replace(test_calls.OPENED, seats="2")]
SUSPENDED = granting.suspended("2026-03-01")

HELD = {
    "consolidate-stage": Held(body=HEAT, before=charters.closed()[1:], between=measured("100")),
    "reconsolidate-stage": Held(
        body={**HEAT, "reason": REASON}, before=[*SETTLED, *reopened("20")], between=measured("100")
    ),
    "publish-results": Held(body={**HEAT, "publishers": ["owner"]}, before=SETTLED, between=other_outcomes()),
    "finalise-stage": Held(body=HEAT, before=[*SETTLED, PUBLISHED], between=[*other_outcomes(), PUBLISHED]),
    "reopen-scoring": Held(body={**HEAT, "reason": REASON}, before=SETTLED, between=anew()),
    "waive-objections": Held(
        body=WAIVED, before=[*SETTLED, PUBLISHED], between=[*other_outcomes(), PUBLISHED], rules=window(), by="cow"
    ),
    "decide-objection": Held(
        body=objecting.DECIDING,
        before=[*SETTLED, PUBLISHED, objecting.FILED],
        between=other_outcomes()[-1:],
        rules=window(),
        by="other",
    ),
    "rule-independence": Held(
        body=hearings.RULE,
        before=hearings.reviewed(hearings.OPENED, hearings.REQUESTED, hearings.ANSWERED, *hearings.OPINIONS).background[
            1:
        ],
        between=(hearings.opinion(hearings.THREE),),
        rules=review("7"),
    ),
    "request-statement": Held(
        body=hearings.REQUEST,
        before=hearings.reviewed(hearings.OPENED).background[1:],
        rules=review("7"),
        amended=review("3"),
    ),
    "serve-notice": Held(body=SERVE, before=charters.enrolled()[1:], amended=template("Leave, {question}")),
    "close-call": Held(
        body={"call": "refill", "reason": REASON},
        before=[*CALLED, test_calls.received(), test_calls.screened()],
        between=(test_calls.selected(),),
        rules=two_seats(),
    ),
    "suspend-grant": Held(body=granting.change("2026-03-01"), before=GRANTED, between=MORE),
    "resume-grant": Held(body=granting.change("2026-04-01"), before=[*GRANTED, SUSPENDED], between=MORE),
    "revoke-grant": Held(body=granting.change("2026-03-01"), before=GRANTED, between=MORE),
    "adjust-grant": Held(
        body=granting.change("2026-03-01", resource="gpu", ends="2026-05-01"), before=GRANTED, between=MORE
    ),
}


def charter(decision: str, **rules: Any) -> Event:
    return charters.charter(
        **{
            "countersignatures": [{"decisions": [decision], "agencies": ["other", "clerk"]}],
            "joint_publishers": ["owner"],
            **rules,
        }
    )


@pytest.mark.parametrize("decision", HELD)
def test_an_approval_is_held_to_what_its_decision_settles(decision: str) -> None:
    held = HELD[decision]
    history = [charter(decision, **held.rules), *held.before]
    asking = given(background=history)
    asking = asking.by_consortium(held.by) if held.by in charters.TEAMS else asking.by(held.by)
    (proposed,) = asking.when(decision, held.body).decide()
    assert isinstance(proposed, DecisionProposed)
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    unrelated = given(background=[*history, proposed, charters.enrolment("dog")]).by("clerk")
    assert [each.TYPE for each in unrelated.when("approve", approval).decide()][1:] == list(proposed.events)

    between = list(held.between)
    if held.amended:
        under: Any = charter(decision, **{**held.rules, **held.amended})
        between.append(
            CharterAmended(rules_hash=under.rules_hash, document=under.document, replaces="", deviation=False)
        )
    later = [*history, proposed, *between]
    given(background=later).by("clerk").when("approve", approval).refused(ProposalStaleError)


def test_every_decision_that_settles_more_than_its_events_say_is_tried_here() -> None:
    assert {each.type for each in DECISIONS.values() if each.rests_on is not None} == set(HELD)


@pytest.mark.parametrize(
    "again",
    [
        objecting.ruled("ant"),
        DeviationRecorded(stage="heat", subject="eliminations", planned="1", actual="1", reason=WHY, approver="other"),
    ],
    ids=lambda event: event.TYPE,
)
def test_results_rest_on_their_rulings_and_on_the_deviation(again: Event) -> None:
    """Though the same is said again: whoever agreed had read the one before."""
    history = [charter("publish-results"), *SETTLED]
    (proposed,) = given(background=history).when("publish-results", HELD["publish-results"].body).decide()
    assert isinstance(proposed, DecisionProposed)
    approval = {"proposal": proposed.proposal, "command_hash": proposed.command_hash}
    given(background=[*history, proposed]).by("clerk").when("approve", approval).decide()
    given(background=[*history, proposed, again]).by("clerk").when("approve", approval).refused(ProposalStaleError)
