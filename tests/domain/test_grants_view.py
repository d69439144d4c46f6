"""The grants view: pools and grants as they stand, their history, and who has what on which days."""

from __future__ import annotations

from typing import Any

import pytest

from domain.charter_document import parse
from domain.disclosure import disclosed
from domain.event import Event
from domain.views import MemoryRows
from domain.views.grants import GRANTS, ResourceUse, Step, TeamUse, effective_on, grants_shown, resource_use
from tests.domain import charters
from tests.domain.granting import WHY, adjusted, granted, pool, resumed, revoked, suspended, used
from tests.domain.occurrences import occurrence

STORY: list[Event] = [
    pool(),
    granted("g", "4", starts="2026-02-01"),
    granted("h", "3", starts="2026-02-01", ends="2026-04-01", team="bee"),
    adjusted("2026-03-01", "6"),
    suspended("2026-04-01"),
    used("2", "2026-02-01", "2026-03-01"),
    used("3", "2026-02-01", "2026-03-01", WHY),
    resumed("2026-05-01"),
    revoked("2026-06-01"),
]


def shown(*events: Event, **disclosure: str) -> tuple[ResourceUse, ...]:
    """The view after the events, to the public of a charter that withholds some types."""
    rows = MemoryRows()
    # One at a time: what a fold keeps between batches is in its rows.
    for position, event in enumerate(events, start=1):
        recorded = f"2026-01-15T03:00:{position:02d}.000000Z"
        GRANTS.fold(rows, [occurrence(position, event, recorded_at=recorded)])
    withheld: list[dict[str, Any]] = [{"events": [type_], "public": public} for type_, public in disclosure.items()]
    charter = parse(charters.charter(disclosure=withheld).document.encode())
    return resource_use(rows.scan(""), grants_shown(lambda type_: disclosed(charter, type_) == "at-once"))


def test_a_grant_is_shown_as_it_stands_with_its_history() -> None:
    (gpu,) = shown(*STORY)
    g, h = gpu.grants
    assert (g.quantity, g.starts, g.ends, g.state, g.position) == ("6", "2026-02-01", "2026-06-01", "revoked", 2)
    assert (h.quantity, h.starts, h.ends, h.state, h.position) == ("3", "2026-02-01", "2026-04-01", "running", 3)
    assert [(each.position, each.event, each.starts, each.quantity) for each in g.history] == [
        (2, "ResourceGranted", "2026-02-01", "4"),
        (4, "GrantAdjusted", "2026-03-01", "6"),
        (5, "GrantSuspended", "2026-04-01", None),
        (6, "UsageReported", "2026-02-01", "2"),
        (7, "UsageReported", "2026-02-01", "3"),
        (8, "GrantResumed", "2026-05-01", None),
        (9, "GrantRevoked", "2026-06-01", None),
    ]
    assert [each.reason for each in g.history] == [None, WHY, WHY, None, WHY, WHY, WHY]
    assert g.history[0].recorded_at == "2026-01-15T03:00:02.000000Z"
    assert [(each.starts, each.ends, each.quantity) for each in g.usage] == [("2026-02-01", "2026-03-01", "3")]


def test_on_a_day_only_what_holds_then_is_shown_whenever_it_was_decided() -> None:
    """Of the same facts in the same order: another day shows other parts of them, never others."""
    (gpu,) = shown(*STORY)
    on = {day: effective_on(gpu, day) for day in ("2026-01-31", "2026-02-10", "2026-04-30", "2026-06-01")}
    assert [(each.grant, each.quantity, each.state) for each in on["2026-02-10"].grants] == [
        ("g", "4", "running"),
        ("h", "3", "running"),
    ]
    assert [(each.grant, each.quantity, each.state) for each in on["2026-04-30"].grants] == [("g", "6", "suspended")]
    assert on["2026-01-31"].grants == on["2026-06-01"].grants == ()
    assert [len(each.grants[0].usage) for each in (on["2026-02-10"], on["2026-04-30"])] == [1, 0]
    for day, use in on.items():
        assert use.steps == tuple(each for each in gpu.steps if each.starts <= day < each.ends)
        assert len(use.steps) == 1
        assert (use.resource, use.peak_granted) == (gpu.resource, gpu.peak_granted)
    assert on["2026-02-10"].grants[0].history == gpu.grants[0].history


def test_the_peak_is_of_what_was_ever_granted_at_one_time() -> None:
    assert shown(*STORY)[0].peak_granted == "9"
    assert shown(pool(None, "data"), granted("g", None, resource="data"))[0].peak_granted is None


def test_a_grant_ends_in_the_last_of_the_states_that_were_decided() -> None:
    assert [shown(*STORY[:n])[0].grants[0].state for n in (2, 5, 8, 9)] == [
        "running",
        "suspended",
        "running",
        "revoked",
    ]
    nothing_left = shown(pool(), granted("g", "4"), revoked("2026-01-01"))[0].grants[0]
    assert (nothing_left.starts, nothing_left.ends, nothing_left.spans) == ("2026-01-01", "2026-01-01", ())


def step(starts: str, ends: str, *numbers: str, **teams: tuple[str, str, str]) -> Step:
    held, given, paused, used_up = numbers
    uses = tuple(
        TeamUse(team=team, granted=amounts[0], suspended=amounts[1], used=amounts[2]) for team, amounts in teams.items()
    )
    return Step(starts=starts, ends=ends, pool=held, granted=given, suspended=paused, used=used_up, teams=uses)


def test_use_is_shown_over_time_and_by_team() -> None:
    assert shown(*STORY)[0].steps == (
        step("2026-01-01", "2026-02-01", "10", "0", "0", "0"),
        step("2026-02-01", "2026-03-01", "10", "7", "0", "3", ant=("4", "0", "3"), bee=("3", "0", "0")),
        step("2026-03-01", "2026-04-01", "10", "9", "0", "0", ant=("6", "0", "0"), bee=("3", "0", "0")),
        step("2026-04-01", "2026-05-01", "10", "6", "6", "0", ant=("6", "6", "0")),
        step("2026-05-01", "2026-06-01", "10", "6", "0", "0", ant=("6", "0", "0")),
        step("2026-06-01", "2026-07-01", "10", "0", "0", "0"),
    )


def test_two_grants_of_a_team_add_up() -> None:
    found = shown(pool(), granted("g", "4"), granted("g2", "3"), suspended("2026-01-01"))[0]
    assert found.steps == (step("2026-01-01", "2026-07-01", "10", "7", "4", "0", ant=("7", "4", "0")),)


def test_access_is_shown_by_team_without_numbers() -> None:
    (data,) = shown(pool(None, "data"), granted("g", None, resource="data"))
    (only,) = data.steps
    assert (only.pool, only.granted, only.used) == (None, None, None)
    assert only.teams == (TeamUse(team="ant", granted=None, suspended=None, used=None),)


def test_a_changed_pool_is_shown_as_set_last_and_over_time() -> None:
    (gpu,) = shown(pool(), pool("20", starts="2026-04-01", ends="2026-09-01"))
    assert gpu.pool is not None
    assert (gpu.pool.quantity, gpu.pool.starts, gpu.pool.position) == ("20", "2026-04-01", 2)
    assert [each.position for each in gpu.pool.history] == [1, 2]
    assert [(each.starts, each.ends, each.pool) for each in gpu.steps] == [
        ("2026-01-01", "2026-04-01", "10"),
        ("2026-04-01", "2026-09-01", "20"),
    ]


def test_days_without_pool_and_grant_are_no_step() -> None:
    (gpu,) = shown(pool(ends="2026-02-01"), pool("20", starts="2026-04-01"))
    assert [(each.starts, each.ends) for each in gpu.steps] == [
        ("2026-01-01", "2026-02-01"),
        ("2026-04-01", "2026-07-01"),
    ]


def test_usage_that_the_charter_withholds_is_shown_nowhere() -> None:
    (gpu,) = shown(*STORY, UsageReported="agencies")
    assert all(each.used is None and all(team.used is None for team in each.teams) for each in gpu.steps)
    assert all(grant.usage == () for grant in gpu.grants)
    assert "UsageReported" not in [each.event for grant in gpu.grants for each in grant.history]
    assert gpu.peak_granted == "9"


@pytest.mark.parametrize("withheld", ["ResourceGranted", "GrantSuspended", "GrantRevoked"])
def test_grants_are_withheld_whole(withheld: str) -> None:
    """A suspension that the public may not know of would show in what a grant comes to."""
    (gpu,) = shown(*STORY, **{withheld: "agencies"})
    assert (gpu.grants, gpu.peak_granted) == ((), None)
    assert [(each.pool, each.granted, each.suspended, each.used, each.teams) for each in gpu.steps] == [
        ("10", None, None, None, ())
    ]


def test_a_pool_that_the_charter_withholds_is_not_shown() -> None:
    (gpu,) = shown(*STORY, ResourcePoolSet="agencies")
    assert gpu.pool is None
    assert {each.pool for each in gpu.steps} == {None}
    assert gpu.peak_granted == "9"
