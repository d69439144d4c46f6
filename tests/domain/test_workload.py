"""What agencies have done, what waits for them, and how long things took."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.call_events import ApplicationScreened, CallApplicationReceived
from domain.deadlines import instant, moment
from domain.envelope import Actor
from domain.event import Event
from domain.hearing_course import IndependenceReviewOpened, StatementGiven, StatementRequested
from domain.objections import ObjectionDecided, ObjectionFiled
from domain.outcome_events import IndependenceRuled, TeamEliminated, TeamWithdrawn
from domain.proposal_events import DecisionApproved, DecisionProposed, DecisionRejected, ProposalWithdrawn
from domain.scalars import Names
from domain.stage_events import (
    ReleaseAgreed,
    ResultsPublished,
    ScoringClosed,
    ScoringReopened,
    StageConsolidated,
    StageOpened,
    StageReconsolidated,
)
from domain.views import MemoryRows, Occurrence
from domain.views.waiting import AgencyWork, Waiting, work_of_agencies
from domain.views.workload import fold
from tests.domain.charters import PROGRAMME, TEAMS, charter, scored
from tests.domain.occurrences import AT, occurrence

WHY = Names(en="why", ko="왜")
UNTIL = "2026-02-14T15:00:00.000000Z"
PROPOSAL = f"{PROGRAMME}:01936f2e-0000-7000-8000-000000000001"
OWNER = Actor(agency="owner", principal="key")
PROPOSED = DecisionProposed(
    proposal=PROPOSAL,
    decision="record-deviation",
    command="{}",
    command_hash="0" * 64,
    proposer=OWNER,
    awaiting=("other",),
    expires_at=UNTIL,
    events=("DeviationRecorded",),
    effects="0" * 64,
)
APPROVED = DecisionApproved(proposal=PROPOSAL, decision="record-deviation", command_hash="0" * 64, proposer=OWNER)
OPENED = StageOpened(stage="heat", teams=TEAMS)
CLOSED = ScoringClosed(stage="heat")
SETTLED = StageConsolidated(stage="heat", digest="0" * 64, position=1, basis="computed")
FILED = ObjectionFiled(objection="one", stage="heat", team="ant", subject="score", grounds="g")
DECIDED = ObjectionDecided(objection="one", stage="heat", team="ant", subject="score", outcome="dismissed", reason="r")
APPLIED = CallApplicationReceived(call="refill", team="dog", name=WHY, eligible_class="anyone")
SCREENED = ApplicationScreened(call="refill", team="dog", screening="admitted", reason=WHY, independence="met")
ASKED = StatementRequested(stage="heat", team="ant", question="q", until=UNTIL)


def days(number: float) -> str:
    return instant(moment(AT) + timedelta(days=number))


class History:
    """Events of decisions, one after the other; each its own decision unless said otherwise."""

    def __init__(self, *events: Event) -> None:
        self.occurrences: list[Occurrence] = []
        self.by("owner", charter(), *events)

    def by(self, agency: str, *events: Event, after: float = 0, decision: str | None = None, **more: Any) -> History:
        for event in events:
            position = len(self.occurrences) + 1
            name = {"decision_id": decision or str(position), "recorded_at": days(after), "agency": agency, **more}
            self.occurrences.append(occurrence(position, event, **{"command_type": event.TYPE, **name}))
        return self

    def work(self, agency: str, at: str = AT, *, batch: int = 1000) -> AgencyWork:
        rows = MemoryRows()
        for start in range(0, len(self.occurrences), batch):
            fold(rows, self.occurrences[start : start + batch])
        (found,) = [each for each in work_of_agencies(rows, moment(at)) if each.agency == agency]
        return found

    def waiting(self, agency: str = "owner", at: str = AT) -> list[tuple[str, str, int]]:
        return [(each.decision, each.subject, each.since.position) for each in self.work(agency, at).waiting]


def test_a_decision_of_several_events_is_counted_once_in_whatever_batches() -> None:
    history = History().by("owner", OPENED, CLOSED, decision="both", command_type="open-stage")
    for batch in (1, 2, 1000):
        taken = {each.decision: each.count for each in history.work("owner", batch=batch).taken}
        assert taken == {"CharterPublished": 1, "open-stage": 1}


def test_what_a_team_decides_or_a_report_does_not_attribute_is_no_agency_s_work() -> None:
    reported = History().by("owner", OPENED, attribution="reported")
    assert [each.decision for each in reported.work("owner").taken] == ["CharterPublished"]


def test_an_approval_is_a_countersignature_and_a_decision_of_its_proposer() -> None:
    history = History().by("owner", PROPOSED)
    before = history.work("owner")
    assert [(each.decision, each.count) for each in before.proposed] == [("record-deviation", 1)]
    assert "record-deviation" not in {each.decision for each in before.taken}
    history.by("other", APPROVED, OPENED, decision="approval", command_type="approve")
    assert {each.decision for each in history.work("owner").taken} == {"CharterPublished", "record-deviation"}
    other = history.work("other")
    assert [(each.decision, each.count) for each in other.countersigned] == [("record-deviation", 1)]
    assert other.taken == ()


def test_an_open_proposal_waits_for_who_may_approve_it_until_it_expires() -> None:
    history = History().by("owner", PROPOSED)
    (found,) = history.work("other").waiting
    assert (found.decision, found.subject, found.since.position, found.until) == ("approve", PROPOSAL, 2, UNTIL)
    assert history.waiting("owner") == []
    assert history.waiting("other", UNTIL) == []


@pytest.mark.parametrize(
    "settled",
    [
        APPROVED,
        DecisionRejected(proposal=PROPOSAL, reason="no"),
        ProposalWithdrawn(proposal=PROPOSAL, reason="no"),
    ],
)
def test_a_settled_proposal_waits_for_nobody(settled: Event) -> None:
    assert History().by("owner", PROPOSED).by("other", settled).waiting("other") == []


def test_how_long_approvals_took_is_their_median_in_days() -> None:
    history = History()
    for number, took in enumerate((1, 2, 4.5)):
        proposal = f"{PROPOSAL[:-1]}{number}"
        history.by("owner", structs_replaced(PROPOSED, proposal)).by(
            "other", structs_replaced(APPROVED, proposal), after=took
        )
    assert history.work("other").approving.median_days == "2.00"
    history.by("owner", structs_replaced(PROPOSED, f"{PROPOSAL[:-1]}9")).by(
        "other", structs_replaced(APPROVED, f"{PROPOSAL[:-1]}9"), after=3
    )
    found = history.work("other").approving
    assert (found.median_days, found.count) == ("2.50", 4)
    assert (history.work("owner").approving.median_days, history.work("owner").approving.count) == (None, 0)


def structs_replaced(event: Any, proposal: str) -> Event:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    made: Event = type(event)(**{**fields, "proposal": proposal})
    return made


def test_a_rejection_is_not_a_time_to_approval() -> None:
    history = History().by("owner", PROPOSED).by("other", DecisionRejected(proposal=PROPOSAL, reason="no"), after=1)
    assert history.work("other").approving.count == 0


def test_an_objection_waits_until_it_is_decided() -> None:
    history = History().by("owner", FILED)
    assert history.waiting() == [("decide-objection", "one", 2)]
    history.by("owner", DECIDED, after=3)
    assert history.waiting() == []
    assert history.work("owner").objections.median_days == "3.00"


def test_an_application_waits_until_it_is_screened() -> None:
    history = History().by("owner", APPLIED)
    (found,) = history.work("owner").waiting
    assert (found.decision, found.subject, found.team) == ("screen-application", "refill", "dog")
    assert history.by("owner", SCREENED).waiting() == []


def of(found: list[tuple[str, str, int]], decision: str) -> list[tuple[str, int]]:
    return [(subject, since) for each, subject, since in found if each == decision]


def test_a_closed_stage_waits_to_be_settled_and_then_to_be_published_by_each_publisher() -> None:
    history = History(OPENED)
    assert history.waiting() == []
    assert of(history.by("owner", CLOSED).waiting(), "consolidate-stage") == [("heat", 3)]
    history.by("owner", SETTLED)
    assert of(history.waiting(), "consolidate-stage") == []
    assert of(history.waiting(), "publish-results") == of(history.waiting("other"), "publish-results") == [("heat", 4)]
    history.by("owner", ReleaseAgreed(stage="heat", agency="owner", principal="a key"))
    assert of(history.waiting(), "publish-results") == []
    history.by("owner", TeamEliminated(stage="heat", team="cow", basis="rank", reason=WHY))
    assert of(history.waiting(), "publish-results") == [("heat", 4)], "what was agreed is another thing now"
    history.by("other", ResultsPublished(stage="heat", publishers=("owner", "other")))
    assert of(history.waiting("other"), "publish-results") == []


def test_who_agrees_for_another_agency_takes_their_earlier_agreement_back() -> None:
    history = History(OPENED, CLOSED, SETTLED)
    history.by("owner", ReleaseAgreed(stage="heat", agency="owner", principal="person-1"))
    history.by("other", ReleaseAgreed(stage="heat", agency="other", principal="person-1"))
    assert of(history.waiting(), "publish-results") == [("heat", 4)]
    assert of(history.waiting("other"), "publish-results") == []


def test_a_reopened_stage_waits_to_be_settled_anew() -> None:
    history = History(OPENED, CLOSED, SETTLED, ScoringReopened(stage="heat", reason=WHY))
    assert of(history.waiting(), "publish-results") == []
    assert of(history.by("owner", CLOSED).waiting(), "reconsolidate-stage") == [("heat", 6)]
    again = StageReconsolidated(stage="heat", digest="0" * 64, position=1, basis="computed", supersedes=4, reason=WHY)
    assert of(history.by("owner", again).waiting(), "publish-results") == [("heat", 7)]


def ruled(team: str) -> IndependenceRuled:
    return IndependenceRuled(
        stage="heat", team=team, verdict="met", perspectives=("own",), findings=(), evidence=(), reason=WHY
    )


def test_a_team_waits_for_its_ruling_until_it_has_one_or_has_left() -> None:
    history = History(OPENED, CLOSED)
    assert of(history.waiting(), "rule-independence") == [("ant", 3), ("bee", 3), ("cow", 3)]
    history.by("owner", ruled("ant")).by("owner", TeamWithdrawn(team="bee", reason=WHY))
    assert of(history.waiting(), "rule-independence") == [("cow", 3)]
    history.by("owner", TeamEliminated(stage="heat", team="cow", basis="gate", reason=WHY))
    assert of(history.waiting(), "rule-independence") == []
    history.by("owner", IndependenceReviewOpened(stage="heat", team="ant", reason="objection"))
    assert of(history.waiting(), "rule-independence") == [("ant", 3)], "reviewed again"


def hearings(history: History, at: datetime | None = None) -> list[Waiting]:
    return [each for each in history.work("owner", instant(at) if at else AT).waiting if each.team == "ant"]


def test_an_unanswered_hearing_keeps_the_ruling_until_its_time_is_over() -> None:
    history = History(OPENED, CLOSED, IndependenceReviewOpened(stage="heat", team="ant", reason="r"), ASKED)
    (found,) = hearings(history)
    assert (found.decision, found.since.position, found.until) == ("give-statement", 5, UNTIL)
    assert [each.decision for each in hearings(history, moment(UNTIL))] == ["rule-independence"]
    history.by("ant", StatementGiven(stage="heat", team="ant", statement="s"))
    assert [each.decision for each in hearings(history)] == ["rule-independence"]


def test_folded_in_batches_the_rows_are_the_same() -> None:
    events = [*scored(), CLOSED, SETTLED, PROPOSED, APPROVED, FILED, DECIDED, APPLIED]
    occurrences = [occurrence(at, each, decision_id=str(at), command_type="x") for at, each in enumerate(events, 1)]
    whole, parts = MemoryRows(), MemoryRows()
    fold(whole, occurrences)
    for each in occurrences:
        fold(parts, [each])
    assert dict(sorted(whole.rows.items())) == dict(sorted(parts.rows.items()))
