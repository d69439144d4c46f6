"""From whatever was decided once scores are consolidated, some decisions end the stage: published, and finalised."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import pytest
from hypothesis import example, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.event import Event
from domain.objections import ObjectionDecided
from domain.record import StageCourse
from domain.refusal import Refusal
from domain.score_events import MeasurementCorrected
from domain.stage_events import ScoringClosed, ScoringReopened, StageOpened, StageReconsolidated
from tests.domain import charters
from tests.domain.charters import TEAMS
from tests.domain.objecting import AFTER, HEAT, REASON, WHY, ruled
from tests.given import DECIDED_AT, given

History = list[Event]
BASES = ("rank", "gate", "ruling")
METRICS = ("10", "60", "80")
"""The first is below the gate of `heat`."""


def begun(cut: str, metrics: dict[str, str]) -> History:
    """Consolidated: nobody is ruled upon, nobody has an outcome. The sheets of all are equal, and break no tie."""
    return list(_begun(cut, tuple(metrics.items())))


@cache
def _begun(cut: str, metrics: tuple[tuple[str, str], ...]) -> tuple[Event, ...]:
    stages = charters.document()["stages"]
    stages[0].update(eliminate=cut, objections={"days": "3"})
    history = [charters.charter(stages=stages), *charters.appointed()[1:]]
    history += [charters.score(team, one, "9") for team in TEAMS for one in charters.JURY]
    for team, value in metrics:
        for benchmark in ("track", "road"):
            body = {**HEAT, "team": team, "criterion": "field/speed", "benchmark": benchmark, "value": value}
            history += given(background=history).when("record-measurement", body).decide()
    for decision in ("close-scoring", "consolidate-stage"):
        history += given(background=history).when(decision, HEAT).decide()
    return tuple(history)


def course_of(history: History) -> Any:
    fact = StageCourse(charters.PROGRAMME, "heat")
    for position, each in enumerate(history, 1):
        if getattr(each, "stage", None) == "heat":
            fact.apply(position, each)
    return fact.course


def tried(history: History, decision: str, body: dict[str, Any], *, by: str | None = None, late: bool = False) -> bool:
    """Whether the decision is lawful, by two agencies where it waits for another; the history goes on with it."""
    asked = given(background=history).at(AFTER if late else DECIDED_AT)
    outcome = (asked if by is None else asked.by(by)).when(decision, body)
    try:
        history += outcome.approved() if decision == "record-deviation" else outcome.decide()
    except Refusal:
        return False
    return True


def supersedes(history: History, team: str, to: str, basis: str, objection: str | None = None) -> bool:
    body = {**HEAT, "team": team, "to": to, "basis": basis, "objection": objection, "reason": REASON}
    return tried(history, "supersede-outcome", body)


def upheld(history: History, team: str, subject: Any) -> str:
    """An objection of the team, as decided; its id."""
    name = f"o-{len(history)}"
    history.append(
        ObjectionDecided(objection=name, stage="heat", team=team, subject=subject, outcome="upheld", reason="right")
    )
    return name


# What may happen to a stage


def rule(history: History, team: str, verdict: Any) -> None:
    """A first ruling, or one after an upheld objection to the ruling that was public."""
    course = course_of(history)
    if course.withdrew(team) or not course.consolidated or (team in course.rulings and not course.published):
        return
    if team in course.rulings:
        upheld(history, team, "ruling")
    history.append(ruled(team, verdict))


def outcome(history: History, team: str, to: str, basis: str) -> None:
    """The first one, or another in its place."""
    first = {**HEAT, "team": team, "reason": REASON}
    if not supersedes(history, team, to, basis):
        if to == "advanced":
            tried(history, "advance-team", first)
        else:
            tried(history, "eliminate-team", {**first, "basis": basis})


def deviate(history: History, actual: int) -> None:
    tried(history, "record-deviation", {**HEAT, "subject": "eliminations", "actual": str(actual), "reason": REASON})


def publish(history: History) -> None:
    body = {**HEAT, "publishers": ["owner", "other"]}
    tried(history, "publish-results", body, by="owner")
    tried(history, "publish-results", body, by="other")


def object_to(history: History, team: str, subject: str) -> None:
    """Upheld; one to the outcome brings the team back, if anything does."""
    course = course_of(history)
    if course.published and not course.withdrew(team):
        name = upheld(history, team, subject)
        if subject == "outcome":
            supersedes(history, team, "advanced", "objection", name)


def rescore(history: History, team: str, value: str) -> None:
    if not course_of(history).consolidated:
        return
    history.append(ScoringReopened(stage="heat", reason=WHY))
    for benchmark in ("track", "road"):
        history.append(
            MeasurementCorrected(
                stage="heat",
                team=team,
                criterion="field/speed",
                benchmark=benchmark,
                value=value,
                supersedes=1,
                reason="wrong",
            )
        )
    history.append(ScoringClosed(stage="heat"))
    history.append(
        StageReconsolidated(stage="heat", digest="0" * 64, position=1, basis="computed", supersedes=1, reason=WHY)
    )


def withdraw(history: History, team: str) -> None:
    tried(history, "withdraw-team", {"team": team, "reason": REASON})


TEAM = st.sampled_from(TEAMS)
STEPS = st.one_of(
    st.tuples(st.just(rule), TEAM, st.sampled_from(["met", "not_met"])),
    st.tuples(st.just(outcome), TEAM, st.sampled_from(["advanced", "eliminated"]), st.sampled_from(BASES)),
    st.tuples(st.just(deviate), st.integers(0, 3)),
    st.tuples(st.just(publish)),
    st.tuples(st.just(object_to), TEAM, st.sampled_from(["outcome", "ruling", "score"])),
    st.tuples(st.just(rescore), TEAM, st.sampled_from(METRICS)),
    st.tuples(st.just(withdraw), TEAM),
)


def ended(history: History) -> bool:
    """Whether the stage can be ended: as many leave as must, or one more, and so on to all."""
    left = [team for team in TEAMS if not course_of(history).withdrew(team)]
    return any(
        _ended_with(list(history), set(out), left) for size in range(len(left) + 1) for out in combinations(left, size)
    )


def _ended_with(history: History, out: set[str], left: list[str]) -> bool:
    deviate(history, len(out))
    for team in left:
        if team not in out and team not in course_of(history).advanced:
            outcome(history, team, "advanced", "rank")
    for team in sorted(out):
        for basis in BASES:
            outcome(history, team, "eliminated", basis)
    course = course_of(history)
    if set(course.advanced) != set(left) - out or not out <= set(course.eliminated):
        return False
    publish(history)
    return tried(history, "finalise-stage", HEAT, late=True)


NAMED = dict(zip(TEAMS, ("80", "60", "10"), strict=True))
GO_ON = [(rule, team, "met") for team in ("ant", "bee")] + [(outcome, t, "advanced", "rank") for t in ("ant", "bee")]


@settings(max_examples=28, deadline=None, derandomize=True)
@drawn(
    cut=st.sampled_from(["none", "0", "1", "2", "3"]),
    metrics=st.fixed_dictionaries({team: st.sampled_from(METRICS) for team in TEAMS}),
    verdicts=st.fixed_dictionaries({team: st.sampled_from(["met", "not_met", None]) for team in TEAMS}),
    steps=st.lists(STEPS, max_size=12),
)
@example(  # out by a ruling that is overturned, and below the gate
    cut="none",
    metrics=NAMED,
    verdicts={"cow": "not_met"},
    steps=[*GO_ON, (outcome, "cow", "eliminated", "ruling"), (publish,), (rule, "cow", "met")],
)
@example(  # out by rank, then first, and ruled out
    cut="1",
    metrics={**NAMED, "cow": "50"},
    verdicts={"cow": "not_met"},
    steps=[*GO_ON, (outcome, "cow", "eliminated", "rank"), (publish,), (rescore, "cow", "90")],
)
@example(cut="2", metrics={**NAMED, "cow": "50"}, verdicts={"ant": "not_met"}, steps=[])  # the first is ruled out
@example(cut="1", metrics=dict.fromkeys(TEAMS, "10"), verdicts={}, steps=[])  # all are below the gate
@example(cut="1", metrics=NAMED, verdicts=dict.fromkeys(TEAMS, "not_met"), steps=[])  # all are ruled out
@example(  # back on an objection, ruled out after it, another objection upheld since
    cut="1",
    metrics={**NAMED, "cow": "50"},
    verdicts={"cow": "met"},
    steps=[
        *GO_ON,
        (outcome, "cow", "eliminated", "rank"),
        (publish,),
        (object_to, "cow", "outcome"),
        (rule, "cow", "not_met"),
        (object_to, "cow", "score"),
    ],
)
def test_a_stage_ends_whatever_was_decided(
    cut: str, metrics: dict[str, str], verdicts: dict[str, Any], steps: list[tuple[Any, ...]]
) -> None:
    history = begun(cut, metrics)
    for team, verdict in verdicts.items():
        if verdict is not None:
            rule(history, team, verdict)
    for step, *arguments in steps:
        step(history, *arguments)
    for team in TEAMS:
        if team not in course_of(history).rulings:
            rule(history, team, "met")
    assert ended(history)


# Where nobody goes on


def nobody_left() -> History:
    """Every team is below the gate, and leaves: published, and final."""
    history = begun("1", dict.fromkeys(TEAMS, "10"))
    deviate(history, 3)
    for team in TEAMS:
        outcome(history, team, "eliminated", "gate")
    publish(history)
    assert tried(history, "finalise-stage", HEAT, late=True)
    return history


def test_where_nobody_goes_on_a_call_fills_seats_and_the_next_stage_opens() -> None:
    history = nobody_left()
    applying = {
        "call": "refill",
        "team": "dog",
        "name": charters.names("Dog"),
        "eligible_class": "anyone",
        "members": ["Dog Labs"],
    }
    screening = {"call": "refill", "team": "dog", "screening": "admitted", "reason": REASON}
    assert not tried(history, "open-stage", {"stage": "final"})
    for decision, body in (
        ("open-additional-call", {"call": "refill", "after": "heat"}),
        ("apply-to-call", applying),
        ("screen-application", {**screening, "independence": "not_reviewed"}),
        ("select-team", {"call": "refill", "team": "dog", "reason": REASON}),
        ("open-stage", {"stage": "final"}),
    ):
        assert tried(history, decision, body, late=True), decision
    assert history[-1] == StageOpened(stage="final", teams=("dog",))


def test_where_nobody_goes_on_a_call_may_end_without_selection_and_the_programme_with_it() -> None:
    history = nobody_left()
    assert tried(history, "open-additional-call", {"call": "refill", "after": "heat"})
    assert tried(history, "close-call", {"call": "refill", "reason": REASON}, late=True)
    refusal = given(background=history).when("open-stage", {"stage": "final"})
    with pytest.raises(Refusal, match="no team holds a seat"):
        refusal.decide()


def test_all_leave_only_where_each_is_out_or_within_the_planned_cut() -> None:
    """ant is first, bee second, cow is below the gate."""
    body = {**HEAT, "subject": "eliminations", "actual": "3", "reason": REASON}
    for cut, verdicts, refused in (
        ("1", {}, "ant, bee may go on"),
        ("1", {"ant": "not_met"}, "bee may go on"),
        ("1", {"ant": "not_met", "bee": "not_met"}, None),
        ("2", {"ant": "not_met"}, None),
    ):
        history = begun(cut, NAMED)
        for team, verdict in verdicts.items():
            rule(history, team, verdict)
        asked = given(background=history).when("record-deviation", body)
        if refused is None:
            assert asked.approved()
        else:
            with pytest.raises(Refusal, match=refused):
                asked.decide()
    too_many = given(background=history).when("record-deviation", {**body, "actual": "4"})
    with pytest.raises(Refusal, match="no more than 3"):
        too_many.decide()


def test_where_all_leave_rank_bears_what_the_plan_bears() -> None:
    """Scoring is reopened after that, and a team comes before the planned cut: it no more leaves by its rank."""
    history = begun("1", {**NAMED, "cow": "50"})
    for team in ("ant", "bee"):
        rule(history, team, "not_met")
    deviate(history, 3)
    for team, basis in (("ant", "ruling"), ("bee", "ruling"), ("cow", "rank")):
        outcome(history, team, "eliminated", basis)
    rescore(history, "cow", "90")
    with pytest.raises(Refusal, match="cow is eliminated by rank, but cow ranks 1 to 1"):
        given(background=history).when("publish-results", {**HEAT, "publishers": ["owner", "other"]}).decide()


# What rank bears where another team is out


def test_whoever_is_out_takes_no_place_of_those_who_go_on() -> None:
    """Two of three leave by plan. ant, the first, is ruled out: one place is left, and bee is the first to take it."""
    history = begun("2", {**NAMED, "cow": "50"})
    for team, verdict in (("ant", "not_met"), ("bee", "met"), ("cow", "met")):
        rule(history, team, verdict)
    body = {**HEAT, "reason": REASON}
    assert not tried(history, "advance-team", {**body, "team": "cow"})
    assert tried(history, "advance-team", {**body, "team": "bee"})
    for team, basis in (("ant", "ruling"), ("cow", "rank")):
        assert tried(history, "eliminate-team", {**body, "team": team, "basis": basis})
    assert tried(history, "publish-results", {**HEAT, "publishers": ["owner", "other"]})


# Another basis of an elimination


def test_an_elimination_rests_on_another_basis_only_once_its_own_has_lapsed() -> None:
    history = begun("1", NAMED)
    for team, verdict in (("ant", "met"), ("bee", "met"), ("cow", "not_met")):
        rule(history, team, verdict)
    outcome(history, "cow", "eliminated", "ruling")
    for team in ("ant", "bee"):
        outcome(history, team, "advanced", "rank")
    publish(history)
    assert not supersedes(history, "cow", "eliminated", "gate")
    rule(history, "cow", "met")
    assert not supersedes(history, "cow", "eliminated", "ruling")
    assert not tried(history, "finalise-stage", HEAT, late=True)
    assert supersedes(history, "cow", "eliminated", "gate")
    event: Any = history[-1]
    assert (event.was, event.to, event.basis, event.flipped) == ("eliminated", "eliminated", "gate", False)
    assert not supersedes(history, "cow", "eliminated", "rank")
    assert tried(history, "finalise-stage", HEAT, late=True)
