"""Grants: given, adjusted, suspended, resumed and revoked; at no instant more than the pool holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from domain.entitlements import NotEntitledError, OutcomeUnpublishedError
from domain.event import Event
from domain.grant_course import (
    GRANT,
    GrantCourse,
    GrantRevokedError,
    GrantRunningError,
    GrantSuspendedError,
    OutsideGrantError,
    UnknownGrantError,
    evolved,
)
from domain.grant_events import (
    GrantAdjusted,
    GrantResumed,
    GrantRevoked,
    GrantSuspended,
    ResourceGranted,
    ResourcePoolSet,
    UsageReported,
)
from domain.grants import GrantExistsError, UsageBeyondGrantError
from domain.outcome_events import TeamEliminated, TeamWithdrawn
from domain.periods import Span, joined, peak, shortfall
from domain.pools import PoolExhaustedError, PoolNotSetError
from domain.refusal import InvalidCommandError, Refusal
from domain.teams import TeamNotEnrolledError, TeamWithdrawnError
from tests.domain.granting import (
    OF_ANT,
    PERIOD,
    WHY,
    adjusted,
    advanced,
    change,
    decided,
    grant,
    granted,
    pool,
    resumed,
    revoked,
    running,
    suspended,
    used,
)

LEFT = TeamEliminated(stage="heat", team="ant", basis="rank", reason=WHY)
"""ant loses its status; the outcome of a later day, which is public as that of its stage."""


def course(*events: Event) -> GrantCourse:
    found = GrantCourse()
    for position, event in enumerate(events, start=1):
        found = evolved(found, position, event)
    return found


# Given


def test_a_grant_is_given_to_a_team_entitled_by_its_status() -> None:
    expected = ResourceGranted(grant="g", team="bee", resource="gpu", quantity="4", **PERIOD)
    advanced(pool()).when("grant-resource", grant()).then(expected)


def test_a_grant_is_refused_to_a_team_that_left_or_was_never_there() -> None:
    advanced(pool()).when("grant-resource", grant(team="cow")).refused(NotEntitledError)
    advanced(pool()).when("grant-resource", grant(team="dog")).refused(TeamNotEnrolledError, "/team")


def test_a_grant_waits_for_the_publication_of_the_outcome_that_it_would_give_away() -> None:
    decided(pool()).when("grant-resource", grant()).refused(OutcomeUnpublishedError)


def test_a_grant_needs_a_pool_and_an_id_of_its_own() -> None:
    advanced().when("grant-resource", grant()).refused(PoolNotSetError)
    running().when("grant-resource", grant()).refused(GrantExistsError)
    running(revoked("2026-01-01")).when("grant-resource", grant()).refused(GrantExistsError)


def test_at_no_instant_is_more_granted_than_the_pool_holds() -> None:
    full = granted("a", "7", ends="2026-03-01")
    advanced(pool(), full).when("grant-resource", grant()).refused(PoolExhaustedError, "/quantity")
    advanced(pool(), full).when("grant-resource", grant(starts="2026-02-28")).refused(PoolExhaustedError)
    assert advanced(pool(), full).when("grant-resource", grant(starts="2026-03-01")).decide()
    assert advanced(pool(), full).when("grant-resource", grant(quantity="3")).decide()


def test_a_suspended_grant_keeps_its_part_of_the_pool() -> None:
    """Else it could not be resumed: what another was given meanwhile, or it itself, would be too much."""
    history = [pool(), granted("a", "7"), suspended_of("a", "2026-02-01")]
    advanced(*history).when("grant-resource", grant(starts="2026-03-01")).refused(PoolExhaustedError)
    assert advanced(*history).when("grant-resource", grant(starts="2026-03-01", quantity="3")).decide()
    more = {**change("2026-03-01", quantity="11"), "resource": "gpu"}
    running(suspended("2026-02-01")).when("adjust-grant", more).refused(PoolExhaustedError)


def suspended_of(name: str, starts: str) -> GrantSuspended:
    return GrantSuspended(grant=name, team="ant", resource="gpu", starts=starts, reason=WHY)


def test_a_grant_lies_within_the_period_of_its_pool() -> None:
    advanced(pool()).when("grant-resource", grant(starts="2025-12-31")).refused(PoolExhaustedError)
    advanced(pool()).when("grant-resource", grant(ends="2026-07-02")).refused(PoolExhaustedError)


def test_a_pool_enlarged_from_a_day_on_may_be_granted_from_that_day_on() -> None:
    history = [pool(), pool("20", starts="2026-04-01")]
    advanced(*history).when("grant-resource", grant(quantity="15")).refused(PoolExhaustedError)
    assert advanced(*history).when("grant-resource", grant(quantity="15", starts="2026-04-01")).decide()


def test_access_is_not_counted_but_lies_within_its_pool() -> None:
    access = granted("a", None, resource="data")
    body = grant(resource="data", quantity=None)
    assert advanced(pool(None, "data"), access).when("grant-resource", body).decide()
    late = grant(resource="data", quantity=None, ends="2026-07-02")
    advanced(pool(None, "data"), access).when("grant-resource", late).refused(PoolExhaustedError)


# Adjusted


def adjust(starts: str = "2026-03-01", **changes: Any) -> dict[str, Any]:
    return change(starts, resource="gpu", **changes)


def test_a_grant_is_adjusted_from_a_day_on() -> None:
    running().when("adjust-grant", adjust(quantity="8")).then(adjusted("2026-03-01", "8"))
    running().when("adjust-grant", adjust(ends="2026-06-01")).then(adjusted("2026-03-01", ends="2026-06-01"))
    assert [(s.starts, s.ends, s.quantity) for s in course(granted("g", "4"), adjusted("2026-03-01", "8")).spans] == [
        ("2026-01-01", "2026-03-01", "4"),
        ("2026-03-01", "2026-07-01", "8"),
    ]


def test_a_new_end_leaves_quantities_and_suspensions_alone() -> None:
    events = [granted("g", "4"), adjusted("2026-03-01", "8"), suspended("2026-05-01"), resumed("2026-06-01")]
    longer = course(*events, adjusted("2026-02-01", ends="2026-09-01"))
    assert [(s.starts, s.ends, s.quantity, s.suspended) for s in longer.spans] == [
        ("2026-01-01", "2026-03-01", "4", False),
        ("2026-03-01", "2026-05-01", "8", False),
        ("2026-05-01", "2026-06-01", "8", True),
        ("2026-06-01", "2026-09-01", "8", False),
    ]
    shorter = course(*events, adjusted("2026-02-01", ends="2026-05-15"))
    assert (shorter.spans[-1].ends, shorter.spans[-1].suspended) == ("2026-05-15", True)


def test_an_adjustment_is_never_over_the_pool_at_any_instant() -> None:
    other = granted("other", "5", team="bee", ends="2026-04-01")
    running(other).when("adjust-grant", adjust(quantity="6")).refused(PoolExhaustedError, "/quantity")
    assert running(other).when("adjust-grant", adjust(quantity="5")).decide()
    assert running(other).when("adjust-grant", adjust("2026-04-01", quantity="10")).decide()
    running(other).when("adjust-grant", adjust("2026-04-01", quantity="11")).refused(PoolExhaustedError)
    running().when("adjust-grant", adjust(ends="2026-07-02")).refused(PoolExhaustedError)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"resource": "x", "quantity": "5"}, "/resource"),
        ({"resource": "data", "ends": "2026-06-01"}, "/resource"),
        ({"quantity": "0"}, "/quantity"),
        ({}, "/quantity"),
        ({"quantity": "4"}, "/quantity"),
        ({"ends": "2026-07-01"}, "/quantity"),
        ({"starts": "March"}, "/starts"),
        ({"ends": "2026-03-01"}, "/ends"),
        ({"ends": "2026-6-1"}, "/ends"),
    ],
)
def test_a_bad_adjustment_is_named(body: dict[str, Any], pointer: str) -> None:
    running().when("adjust-grant", {**adjust(), **body}).refused(InvalidCommandError, pointer)


def test_a_team_that_lost_its_status_keeps_its_grant_and_gets_no_more() -> None:
    history = running(LEFT)
    history.when("adjust-grant", adjust(quantity="5")).refused(NotEntitledError)
    assert history.when("adjust-grant", adjust(quantity="3")).decide()
    assert history.when("suspend-grant", change("2026-03-01")).decide()
    assert history.when("revoke-grant", change("2026-03-01")).decide()
    assert running(LEFT, suspended("2026-02-01")).when("resume-grant", change("2026-03-01")).decide()
    history.when("grant-resource", grant(grant="more", team="ant")).refused(NotEntitledError)


# Suspended, resumed, revoked


def test_a_grant_is_suspended_resumed_and_revoked_from_a_day_on() -> None:
    running().when("suspend-grant", change("2026-02-01")).then(suspended("2026-02-01"))
    running(suspended("2026-02-01")).when("resume-grant", change("2026-03-01")).then(resumed("2026-03-01"))
    running().when("revoke-grant", change("2026-02-01")).then(revoked("2026-02-01"))
    running(suspended("2026-02-01")).when("revoke-grant", change("2026-03-01")).then(revoked("2026-03-01"))


HISTORIES: dict[str, list[Event]] = {
    "ungranted": [],
    "running": [granted("g", "4")],
    "suspended": [granted("g", "4"), suspended("2026-02-01")],
    "revoked": [granted("g", "4"), revoked("2026-02-01")],
}
REFUSALS: dict[str, type[Refusal]] = {
    "ungranted": UnknownGrantError,
    "running": GrantRunningError,
    "suspended": GrantSuspendedError,
    "revoked": GrantRevokedError,
}
BODIES = {
    "adjust-grant": change("2026-03-01", resource="gpu", quantity="3"),
    "suspend-grant": change("2026-03-01"),
    "resume-grant": change("2026-03-01"),
    "revoke-grant": change("2026-03-01"),
}


@pytest.mark.parametrize("state", HISTORIES)
@pytest.mark.parametrize("decision", BODIES)
def test_the_machine_says_what_is_lawful_in_each_state(state: str, decision: str) -> None:
    """What it allows leads to the state that it names; what it does not is refused by the state's own error."""
    outcome = advanced(pool(), *HISTORIES[state]).when(decision, BODIES[decision])
    if GRANT.allows(state, decision):
        after = course(*HISTORIES[state], *outcome.decide())
        assert GRANT.targets(state, decision) == (after.state_on("2026-03-01"),)
    else:
        outcome.refused(REFUSALS[state], "/grant")


def test_a_team_that_withdrew_has_no_grant_resumed() -> None:
    withdrew = TeamWithdrawn(stage="heat", team="ant", reason=WHY)
    history = running(suspended("2026-03-01"), withdrew)
    history.when("resume-grant", change("2026-04-01")).refused(TeamWithdrawnError)
    assert history.when("revoke-grant", change("2026-04-01")).decide()
    assert running(withdrew).when("suspend-grant", change("2026-04-01")).decide()


def test_the_machine_has_every_state_tested_here() -> None:
    assert set(GRANT.states) == set(HISTORIES)
    assert set(GRANT.decisions) == {*BODIES, "grant-resource", "report-usage"}


@pytest.mark.parametrize("decision", BODIES)
def test_a_decision_about_a_grant_holds_from_a_day_of_its_period(decision: str) -> None:
    for day in ("2025-12-31", "2026-07-01"):
        running().when(decision, {**BODIES[decision], "starts": day}).refused(OutsideGrantError, "/starts")
    running().when(decision, {**BODIES[decision], "starts": "soon"}).refused(InvalidCommandError, "/starts")


@pytest.mark.parametrize("decision", BODIES)
def test_a_decision_about_a_grant_gives_no_unpublished_outcome_away(decision: str) -> None:
    history = [granted("g", "4"), *([suspended("2026-02-01")] if decision == "resume-grant" else [])]
    decided(pool(), *history).when(decision, BODIES[decision]).refused(OutcomeUnpublishedError)
    assert advanced(pool(), *history).when(decision, BODIES[decision]).decide()


def test_a_revoked_grant_frees_its_part_of_the_pool_from_that_day_and_never_comes_back() -> None:
    history = [granted("other", "6", team="bee"), revoked("2026-03-01")]
    running(*history).when("grant-resource", grant(grant="h", starts="2026-02-28")).refused(PoolExhaustedError)
    assert running(*history).when("grant-resource", grant(grant="h", starts="2026-03-01")).decide()
    longer = adjust("2026-02-01", ends="2026-03-02")
    running(*history).when("adjust-grant", longer).refused(GrantRevokedError)
    assert running(*history).when("adjust-grant", adjust("2026-02-01", ends="2026-02-20")).decide()
    until_then = adjust("2026-02-01", quantity="2", ends="2026-03-01")
    assert running(*history).when("adjust-grant", until_then).decide()


def test_a_revocation_may_come_before_what_was_decided_for_later() -> None:
    found = course(granted("g", "4"), suspended("2026-04-01"), revoked("2026-06-01"), revoked("2026-03-01"))
    assert [(s.starts, s.ends) for s in found.spans] == [("2026-01-01", "2026-03-01")]
    assert found.state_on("2026-04-01") == "revoked"


def test_a_change_of_state_holds_until_the_next_one_that_was_decided() -> None:
    """July stays suspended though the suspension of May was lifted after July's was decided."""
    found = course(
        granted("g", "4", ends="2026-09-01"),
        suspended("2026-05-01"),
        resumed("2026-06-01"),
        suspended("2026-07-01"),
        resumed("2026-05-15"),
    )
    states = {
        day: found.state_on(day) for day in ("2026-04-30", "2026-05-14", "2026-05-15", "2026-06-01", "2026-07-01")
    }
    assert list(states.values()) == ["running", "suspended", "running", "running", "suspended"]


def test_what_was_reported_as_used_stays_granted() -> None:
    history = running(used("3", "2026-02-01", "2026-04-01"))
    history.when("adjust-grant", adjust("2026-03-31", quantity="2")).refused(UsageBeyondGrantError)
    history.when("adjust-grant", adjust("2026-02-01", ends="2026-03-31")).refused(UsageBeyondGrantError)
    history.when("suspend-grant", change("2026-03-31")).refused(UsageBeyondGrantError)
    history.when("revoke-grant", change("2026-03-31")).refused(UsageBeyondGrantError, "/starts")
    assert history.when("adjust-grant", adjust("2026-03-31", quantity="3")).decide()
    for decision in ("suspend-grant", "revoke-grant"):
        assert history.when(decision, change("2026-04-01")).decide()


# Properties, on ten days of January

DAYS = st.integers(1, 10).map(lambda day: f"2026-01-{day:02d}")
TEN_DAYS = [f"2026-01-{day:02d}" for day in range(1, 11)]
QUANTITIES = st.integers(1, 6).map(str)
GRANTS = st.sampled_from(["a", "b", "c"])


def each_day(spans: Any) -> list[int]:
    """Day by day, by brute force."""
    return [sum(int(s.quantity) for s in spans if s.starts <= day < s.ends) for day in TEN_DAYS]


PERIODS = st.tuples(DAYS, DAYS).filter(lambda pair: pair[0] < pair[1])
SPANS = st.lists(st.builds(lambda p, q: Span(starts=p[0], ends=p[1], quantity=q), PERIODS, QUANTITIES), max_size=6)


@for_all(SPANS, SPANS)
def test_a_shortfall_is_the_first_day_on_which_more_is_taken_than_held(holds: list[Span], takes: list[Span]) -> None:
    short = [
        (day, held, taken)
        for day, held, taken in zip(TEN_DAYS, each_day(holds), each_day(takes), strict=True)
        if taken > held
    ]
    assert shortfall(holds, takes) == (short[0] if short else None)
    assert peak(takes) == max(each_day(takes))


@for_all(SPANS)
def test_joining_spans_changes_no_day(spans: list[Span]) -> None:
    ordered = sorted(spans, key=lambda span: span.starts)
    assert each_day(joined(ordered)) == each_day(ordered)


BODY_OF = {
    "set-resource-pool": st.builds(
        lambda p, q: {"resource": "gpu", "starts": p[0], "ends": p[1], "quantity": q, "reason": {"en": "x", "ko": "x"}},
        PERIODS,
        QUANTITIES,
    ),
    "grant-resource": st.builds(
        lambda g, p, q: {**OF_ANT, "grant": g, "starts": p[0], "ends": p[1], "quantity": q}, GRANTS, PERIODS, QUANTITIES
    ),
    "adjust-grant": st.builds(
        lambda g, p, q, both: {
            **change(p[0], grant=g, resource="gpu"),
            **({"quantity": q} if both != "ends" else {}),
            **({"ends": p[1]} if both != "quantity" else {}),
        },
        GRANTS,
        PERIODS,
        QUANTITIES,
        st.sampled_from(["both", "quantity", "ends"]),
    ),
    **{
        decision: st.builds(lambda g, day: change(day, grant=g), GRANTS, DAYS)
        for decision in ("suspend-grant", "resume-grant", "revoke-grant")
    },
    "report-usage": st.builds(
        lambda g, p, q: {"grant": g, "team": "ant", "starts": p[0], "ends": p[1], "quantity": q},
        GRANTS,
        PERIODS,
        QUANTITIES,
    ),
}
ANY_DECISION = st.one_of([st.tuples(st.just(decision), body) for decision, body in BODY_OF.items()])
AFTERWARDS = timedelta(days=60)


@settings(max_examples=100)
@for_all(st.lists(ANY_DECISION, max_size=25))
def test_whatever_is_decided_no_day_has_more_granted_than_the_pool_holds_or_more_used_than_granted(
    decisions: list[tuple[str, dict[str, Any]]],
) -> None:
    history = advanced()
    history = history.at(history.decided_at + AFTERWARDS)
    for decision, body in decisions:
        before = list(history.background)
        try:
            history.background.extend(history.when(decision, body).decide())
        except Refusal:
            assert history.background == before
            continue
        require_sound(history.background)


def require_sound(events: list[Event]) -> None:
    """Go through the events day by day, with none of the domain's arithmetic, and compare."""
    pool_on = dict.fromkeys(TEN_DAYS, 0)
    granted_on: dict[tuple[str, str], int] = {}
    suspended_on: dict[tuple[str, str], bool] = {}
    used_on: dict[tuple[str, str], int] = {}
    courses: dict[str, GrantCourse] = {}
    for position, event in enumerate(events, start=1):
        if isinstance(event, ResourcePoolSet):
            for day in TEN_DAYS:
                if day >= event.starts:
                    pool_on[day] = int(event.quantity or 0) if day < event.ends else 0
            continue
        grant_id = getattr(event, "grant", None)
        if grant_id is None:
            continue
        courses[grant_id] = evolved(courses.get(grant_id, GrantCourse()), position, event)
        reserved = [day for day in TEN_DAYS if (grant_id, day) in granted_on]
        for day in TEN_DAYS:
            key = grant_id, day
            match event:
                case ResourceGranted(starts=starts, ends=ends, quantity=quantity) if starts <= day < ends:
                    granted_on[key], suspended_on[key] = int(quantity or 0), False
                case GrantAdjusted(starts=starts, ends=ends, quantity=quantity) if day >= starts:
                    like = key if day in reserved else (grant_id, reserved[-1])
                    if day < (ends or day_after(reserved[-1])):
                        granted_on[key] = int(quantity or granted_on[like])
                        suspended_on[key] = suspended_on[like]
                    else:
                        granted_on.pop(key, None)
                case GrantRevoked(starts=starts) if day >= starts:
                    granted_on.pop(key, None)
                case UsageReported(starts=starts, ends=ends, quantity=quantity) if starts <= day < ends:
                    assert key not in used_on
                    used_on[key] = int(quantity or 0)
                case _:
                    pass
        if isinstance(event, GrantSuspended | GrantResumed):
            wanted = isinstance(event, GrantSuspended)
            for day in reserved:
                if day >= event.starts:
                    if suspended_on[grant_id, day] == wanted:
                        break
                    suspended_on[grant_id, day] = wanted
    for day in TEN_DAYS:
        assert sum(granted_on.get((each, day), 0) for each in courses) <= pool_on[day]
    for (grant_id, day), amount in used_on.items():
        assert amount <= granted_on[grant_id, day]
        assert not suspended_on[grant_id, day]
    for grant_id, found in courses.items():
        assert each_day(found.spans) == [granted_on.get((grant_id, day), 0) for day in TEN_DAYS]
        assert each_day(found.usable) == [
            0 if suspended_on.get((grant_id, day)) else granted_on.get((grant_id, day), 0) for day in TEN_DAYS
        ]


def day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
