"""Whatever is decided under a charter that was published, its scores and figures can all be true together.

Over charters whose maxima are disclosed or not, anywhere. Points are tried at and above every range; what the rulebook
takes is kept.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, settings
from hypothesis import event as happened
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from domain.charter import CHARTER_EVENTS, document_faults
from domain.charter_document import Charter, parse
from domain.decision import fold
from domain.event import Event
from domain.outcome_events import TeamWithdrawn
from domain.points import SCALE
from domain.proposal_events import DecisionProposed
from domain.record import StageRecord
from domain.refusal import Refusal
from domain.scalars import Names
from domain.stages import contradicts
from domain.tally import tally
from domain.views import MemoryRows
from domain.views.standings import STANDINGS
from tests.domain import charters
from tests.domain.occurrences import occurrence
from tests.domain.playbook import decision_id
from tests.given import Given, decide

HEAT = {"stage": "heat"}
WHY = charters.names("why")
CLOSING = ("close-scoring", "consolidate-stage", "reopen-scoring", "reconsolidate-stage")
POINTS = st.sampled_from(["0", "1", "2", "3", "4", "5", "6", "8", "10", "12"])
TEAM = st.sampled_from(charters.TEAMS)
JUDGED = {"type": "judged", "panel": "jury"}
HIDDEN = {"type": "undisclosed"}


def maximum(draw: st.DrawFn, parts: int) -> str:
    """What the parts add up to, or undisclosed, and then the whole may leave more or less than they need."""
    return draw(st.sampled_from([str(parts), str(parts), "undisclosed"]))


@st.composite
def rubrics(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A heat of up to two assessments of up to two criteria, some of which have items."""
    stages: list[dict[str, Any]] = charters.document()["stages"][:1]
    heat, total = stages[0], 0
    heat["assessments"], heat["gates"], heat["tie_break"] = [], [], []
    for a in range(draw(st.integers(1, 2))):
        criteria, most = [], 0
        for c in range(draw(st.integers(1, 2))):
            of_items = draw(st.sampled_from([(), (), (2, 3)]))
            own = sum(of_items) or draw(st.integers(2, 5))
            items = [
                {"id": f"item-{n}", "title": WHY, "maximum": draw(st.sampled_from([str(each), "undisclosed"]))}
                for n, each in enumerate(of_items)
            ]
            aggregate = draw(st.sampled_from(["mean", "median", "undisclosed"]))
            normalise = draw(st.sampled_from(["none", "none", "z-score", "min-max"]))
            scoring = draw(st.sampled_from([{**JUDGED, "aggregate": aggregate, "normalise": normalise}, HIDDEN]))
            criteria.append(
                {
                    "id": f"c-{c}",
                    "title": WHY,
                    "maximum": maximum(draw, own),
                    "items": items if "panel" in scoring else [],
                    "scoring": scoring,
                }
            )
            most += own
        heat["assessments"].append({"id": f"a-{a}", "title": WHY, "maximum": maximum(draw, most), "criteria": criteria})
        total += most
    heat.update(maximum=maximum(draw, total), indices=[])
    for assessment in heat["assessments"]:
        heat["gates"].append({"id": f"at-{assessment['id']}", "node": assessment["id"], "minimum": "undisclosed"})
    return stages


def charter_of(stages: list[dict[str, Any]]) -> dict[str, Any]:
    return charters.document(stages=stages, calls=[])


class Facts(RuleBasedStateMachine):
    """One stage under a charter of undisclosed maxima."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Event] = []
        self.record = StageRecord(charters.PROGRAMME, "heat")
        self.rows = MemoryRows()

    @initialize(stages=rubrics(), sheets=st.lists(POINTS, min_size=60, max_size=60), closed=st.booleans())
    def opened(self, stages: list[dict[str, Any]], sheets: list[str], closed: bool) -> None:
        document = charter_of(stages)
        assume(not list(document_faults(charters.PROGRAMME, document)))
        self.take(charters.charter(stages=stages, calls=[]), *charters.appointed()[1:])
        places = [(team, one, *place) for team in charters.TEAMS for one in charters.JURY for place in self.places()]
        for (team, one, criterion, item), points in zip(places, sheets, strict=False):
            sheet = self.sheet(team, one, criterion, item, points)
            if not self.submit("submit-score", sheet):
                self.submit("submit-score", {**sheet, "points": "0"})
        if closed:
            assert self.submit("close-scoring", HEAT)

    @property
    def charter(self) -> Charter:
        latest = [each for each in self.history if isinstance(each, CHARTER_EVENTS)][-1]
        return parse(latest.document.encode())

    def places(self) -> list[tuple[str, str | None]]:
        """Criteria, and items of those that have them."""
        found: list[tuple[str, str | None]] = []
        for node, criterion in self.charter.stages[0].criteria():
            found += [(node, item.id) for item in criterion.items] or [(node, None)]
        return found

    def sheet(self, team: str, one: str, criterion: str, item: str | None, points: str) -> dict[str, Any]:
        of_item = {} if item is None else {"item": item}
        return {**HEAT, "team": team, "criterion": criterion, "evaluator": one, "points": points, **of_item}

    @rule(data=st.data(), team=TEAM, points=POINTS)
    def correct(self, data: st.DataObject, team: str, points: str) -> None:
        criterion, item = data.draw(st.sampled_from(self.places()))
        for one in charters.JURY:
            self.submit("correct-score", {**self.sheet(team, one, criterion, item, points), "reason": "why"})

    @rule(data=st.data(), team=TEAM, value=POINTS)
    def certify(self, data: st.DataObject, team: str, value: str) -> None:
        stage = self.charter.stages[0]
        node = data.draw(st.sampled_from(sorted(stage.nodes())))
        gate = data.draw(st.sampled_from(stage.gates)).id
        if team in self.record.course.teams:
            least = tally(stage, self.record.course, self.record.cells).figures[team, node].low
            value = data.draw(st.sampled_from([value, str(least // SCALE)]))
        figure = data.draw(
            st.sampled_from(
                [
                    {"kind": "points", "node": node, "team": team, "value": value},
                    {"kind": "mean", "node": node, "value": value},
                    {"kind": "highest", "node": node, "teams": [team], "value": value},
                    {"kind": "rank-group", "teams": [team], "best": "1", "worst": "2"},
                    {"kind": "gate", "gate": gate, "team": team, "outcome": "passed"},
                    {"kind": "gate", "gate": gate, "team": team, "outcome": "failed"},
                ]
            )
        )
        self.submit("certify-figure", {**HEAT, "figure": figure})

    @rule(decision=st.sampled_from(["close-scoring", *CLOSING]))
    def go_on(self, decision: str) -> None:
        needs_reason = decision in ("reopen-scoring", "reconsolidate-stage")
        self.submit(decision, {**HEAT, **({"reason": WHY} if needs_reason else {})})

    @rule(data=st.data(), team=TEAM, one=st.sampled_from(charters.JURY))
    def leave_out(self, data: st.DataObject, team: str, one: str) -> None:
        criterion, _item = data.draw(st.sampled_from(self.places()))
        body = {**HEAT, "evaluator": one, "reason": "why"}
        bodies: dict[str, dict[str, Any]] = {
            "recuse-evaluator": {**body, "team": team},
            "declare-conflict": {**body, "teams": [team]},
            "record-exclusion": {**body, "team": team, "criterion": criterion},
        }
        decision = data.draw(st.sampled_from(sorted(bodies)))
        self.submit(decision, bodies[decision])

    @rule(team=TEAM)
    def withdraw(self, team: str) -> None:
        if team in self.record.course.teams and not self.record.course.withdrew(team):
            self.take(TeamWithdrawn(team=team, reason=Names(en="why", ko="why"), stage="heat"))

    @rule(stages=rubrics())
    def amend(self, stages: list[dict[str, Any]]) -> None:
        self.submit("amend-charter", {"charter": charter_of(stages), "reason": WHY})

    def submit(self, decision: str, body: dict[str, Any]) -> bool:
        """Whether the rulebook takes it; another agency approves what waits."""
        try:
            made = decision_id(len(self.history) + 1)
            owner = Given([], charters.PROGRAMME, background=self.history, decision_id=made)
            events = decide(owner, decision, body)
            if isinstance(events[0], DecisionProposed):
                waiting = [*self.history, events[0]]
                approval = {"proposal": events[0].proposal, "command_hash": events[0].command_hash}
                other = Given([], charters.PROGRAMME, "other", background=waiting)
                events = (events[0], *decide(other, "approve", approval))
        except Refusal:
            return False
        happened(decision)
        self.take(*events)
        return True

    def take(self, *events: Event) -> None:
        for each in events:
            self.history.append(each)
            position = len(self.history)
            fold([self.record], each.TYPE, each.tags(charters.PROGRAMME), position, each)
            STANDINGS.fold(self.rows, [occurrence(position, each)])

    @invariant()
    def the_facts_can_all_be_true(self) -> None:
        if self.history:
            assert contradicts(self.charter.stages[0], self.record) is None


def test_no_decision_makes_the_facts_of_a_stage_contradictory() -> None:
    run_state_machine_as_test(
        Facts,
        settings=settings(
            max_examples=28, stateful_step_count=20, derandomize=True, suppress_health_check=list(HealthCheck)
        ),
    )
