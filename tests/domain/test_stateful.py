"""Random decisions, lawful and unlawful, through the whole rulebook in memory: what holds after each of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import event as happened
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from domain.decision import Fact, fold
from domain.event import EVENTS, Event, decode_data, encode_data
from domain.hearing_course import StageReviews
from domain.proposal_events import DecisionProposed
from domain.record import StageRecord
from domain.refusal import Refusal
from domain.rulebook import DECISIONS
from domain.stage_events import ResultsPublished, ScoringReopened
from domain.teams import Roster
from domain.views import MemoryRows, encode_row
from domain.views.audit_trail import AUDIT_TRAIL
from domain.views.grants import GRANTS
from domain.views.standings import STANDINGS, as_of
from tests.domain.beginnings import BEGINNINGS
from tests.domain.bodies import BODIES
from tests.domain.charters import PROGRAMME
from tests.domain.lives import LIVES
from tests.domain.occurrences import occurrence
from tests.domain.playbook import Step, made
from tests.lawful import RULES, Lawful
from tests.playing import EVERY, lines_of, play

STAGES = ("heat", "final")
VIEWS = (STANDINGS, GRANTS, AUDIT_TRAIL)
SETTLING = ("approve", "reject", "withdraw-proposal")


@cache
def lived(life: str) -> tuple[Event, ...]:
    """A beginning of the programme, of which every decision is lawful."""
    history: list[Event] = []
    for step in LIVES[life]:
        history += made(history, step)
    return tuple(history)


class Told:
    """The same history, folded as it comes: facts and views."""

    def __init__(self) -> None:
        self.roster = Roster(PROGRAMME)
        self.stages = {stage: StageRecord(PROGRAMME, stage) for stage in STAGES}
        self.reviews = {stage: StageReviews(PROGRAMME, stage) for stage in STAGES}
        self.views = {view.name: MemoryRows() for view in VIEWS}

    def take(self, first: int, events: tuple[Event, ...]) -> None:
        facts: tuple[Fact, ...] = (self.roster, *self.stages.values(), *self.reviews.values())
        numbered = list(enumerate(events, first))
        for position, each in numbered:
            fold(facts, each.TYPE, each.tags(PROGRAMME), position, each)
        for view in VIEWS:
            view.fold(self.views[view.name], [occurrence(position, each) for position, each in numbered])

    def require_as(self, lawful: Lawful) -> None:
        """Fail unless facts and standings say of teams, their outcomes and open reviews what happened."""
        assert self.roster.status == lawful.status
        assert self.roster.seated == lawful.seated
        for name, record in self.stages.items():
            course, stage = record.course, lawful.stage(name)
            assert course.teams == stage.teams
            assert sorted(course.advanced) == sorted(t for t, o in stage.outcomes.items() if o == "advanced")
            assert sorted(course.eliminated) == sorted(t for t, o in stage.outcomes.items() if o != "advanced")
            in_play = {team: each for team, each in stage.reviews.items() if stage.outcomes.get(team) != "withdrawn"}
            assert set(self.reviews[name].waiting) == {t for t, each in in_play.items() if each.opened > each.ruled}
            stored = self.views["standings"].get(f"standings/{name}")
            if stored:
                shown = {row["team"]: row["status"] for row in msgspec.json.decode(stored)["rows"]}
                assert shown == {team: stage.outcomes.get(team, "evaluating") for team in stage.teams}

    def digest(self) -> bytes:
        stages = {name: (each.course, sorted(each.cells.items())) for name, each in self.stages.items()}
        rows = {name: sorted(each.rows.items()) for name, each in self.views.items()}
        return msgspec.json.encode((stages, self.roster.status, rows), order="deterministic")


class Programme(RuleBasedStateMachine):
    """One programme, from somewhere in its life on."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Event] = []
        self.told = Told()
        self.topic: tuple[str, ...] = ()
        self.days = 0
        self.final: dict[str, bytes] = {}
        self.published: dict[str, bytes] = {}
        self.lawful = Lawful()

    @initialize(beginning=st.sampled_from(BEGINNINGS))
    def live(self, beginning: tuple[str, tuple[str, ...]]) -> None:
        life, self.topic = beginning
        for event in lived(life):
            self.record((event,))

    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        self.days += days

    @rule(data=st.data())
    def decide(self, data: st.DataObject) -> None:
        decision = data.draw(st.sampled_from(self.topic))
        body = data.draw(BODIES[decision])
        by = data.draw(st.sampled_from(["owner"] * 6 + ["other", body.get("team", "owner")]))
        self.submit(Step(decision, body, by))

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """A decision that was lawful in another beginning."""
        self.submit(data.draw(st.sampled_from(LIVES[data.draw(st.sampled_from(sorted(LIVES)))][1:])))

    @rule(data=st.data(), decision=st.sampled_from(SETTLING), by=st.sampled_from(["other", "other", "owner"]))
    def settle(self, data: st.DataObject, decision: str, by: str) -> None:
        waiting = [each for each in self.history if isinstance(each, DecisionProposed)]
        if waiting:
            chosen = data.draw(st.sampled_from(waiting))
            further = {"command_hash": chosen.command_hash} if decision == "approve" else {"reason": "no"}
            self.submit(Step(decision, {"proposal": chosen.proposal, **further}, by))

    def submit(self, step: Step) -> None:
        before = tuple(self.history)
        try:
            events = made(self.history, step, days=self.days)
        except Refusal:
            assert tuple(self.history) == before
        else:
            assert made(self.history, step, days=self.days) == events
            happened(step.decision)
            self.record(events)

    def record(self, events: tuple[Event, ...]) -> None:
        """Take the events of one decision: the rules allow each after what was before."""
        first = len(self.history) + 1
        for position, each in enumerate(events, first):
            data = encode_data(each)
            assert decode_data(each.TYPE, each.VERSION, data) == each
            self.lawful.take(position, each.TYPE, msgspec.json.decode(data))
            self.history.append(each)
        standings = self.told.views["standings"]
        shown = {stage: standings.get(f"standings/{stage}") for stage in STAGES}
        published = [stage for stage, record in self.told.stages.items() if record.course.published]
        self.told.take(first, events)
        for position, each in enumerate(events, first):
            if isinstance(each, ResultsPublished):
                self.published[each.stage] = self.rows_of(f"standings/{each.stage}")
            elif isinstance(each, ScoringReopened) and each.stage in published:
                kept, before = standings.get(f"published/{each.stage}"), shown[each.stage]
                assert before
                assert kept == encode_row(as_of(before, position - 1)), "what was public is kept as it was"

    def rows_of(self, key: str) -> bytes:
        """Teams, points and ranks of stored standings, without the position that they are as of."""
        stored = self.told.views["standings"].get(key)
        assert stored is not None
        return msgspec.json.encode(msgspec.json.decode(stored)["rows"])

    @invariant()
    def facts_and_views_say_what_happened(self) -> None:
        """Who holds a seat, what every team is, and its outcome of each stage: see `tests.lawful`."""
        self.told.require_as(self.lawful)

    @invariant()
    def nothing_of_a_final_stage_changes(self) -> None:
        for name, record in self.told.stages.items():
            if record.course.finalised:
                now = msgspec.json.encode((record.course, sorted(record.cells.items())))
                assert self.final.setdefault(name, now) == now

    @invariant()
    def what_was_public_stays_as_it_was_until_it_is_published_again(self) -> None:
        for stage, rows in self.published.items():
            reopened = not self.told.stages[stage].course.published
            kept = self.rows_of(f"{'published' if reopened else 'standings'}/{stage}")
            points = [_points(each) for each in (kept, rows)]
            assert points[0] == points[1]

    def teardown(self) -> None:
        again = Told()
        again.take(1, tuple(self.history))
        assert again.digest() == self.told.digest()


def _points(rows: bytes) -> list[Any]:
    """What was measured and judged: a status may change by an outcome that is superseded or a withdrawal."""
    return [(row["team"], row["rank"], row["total"], row["assessments"]) for row in msgspec.json.decode(rows)]


@pytest.mark.parametrize("life", LIVES)
def test_every_beginning_is_lawful(life: str) -> None:
    history = lived(life)
    assert len(history) >= len(LIVES[life])
    told, lawful = Told(), Lawful()
    for position, event in enumerate(history, 1):
        lawful.take(position, event.TYPE, msgspec.json.decode(encode_data(event)))
        told.take(position, (event,))
        told.require_as(lawful)


@pytest.mark.parametrize("programme", EVERY)
def test_every_programme_that_is_kept_is_lawful(programme: str) -> None:
    lawful = Lawful()
    for position, event in enumerate(play(programme, lines_of(programme)), 1):
        lawful.take(position, event.TYPE, msgspec.json.decode(encode_data(event)))


def test_there_is_a_rule_of_every_event() -> None:
    assert set(RULES) == set(EVENTS)


MADE_BY_OTHERS = {"propose"}
"""Recorded in the place of a decision that waits for another agency; nobody asks for it."""


def test_every_decision_is_drawn() -> None:
    assert set(BODIES) | set(SETTLING) | MADE_BY_OTHERS == set(DECISIONS)


def test_every_decision_that_is_drawn_is_lawful_somewhere() -> None:
    """So that no rule holds for want of anything happening."""
    assert {step.decision for life in LIVES.values() for step in life} == {*BODIES, *SETTLING}


def test_whatever_is_decided_the_invariants_hold() -> None:
    run_state_machine_as_test(
        Programme,
        settings=settings(
            max_examples=120,
            stateful_step_count=40,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
