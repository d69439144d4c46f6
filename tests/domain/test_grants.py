"""Pools and grants."""

from __future__ import annotations

from typing import Any

import pytest

from domain.event import Event
from domain.grants import (
    GrantExistsError,
    NotEntitledError,
    OutcomeUnpublishedError,
    PoolAlreadySetError,
    PoolExhaustedError,
    PoolNotSetError,
    ResourceGranted,
    ResourcePoolSet,
)
from domain.outcome_events import TeamAdvanced, TeamEliminated
from domain.refusal import InvalidCommandError
from domain.stage_events import ResultsPublished
from domain.teams import TeamNotEnrolledError
from tests.domain import charters
from tests.given import Given, given

WHY = charters.Names(en="why", ko="왜")
PERIOD = {"starts": "2026-01-01", "ends": "2026-07-01"}


PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"))


def advanced(*more: Event) -> Given:
    """ant and bee advanced, cow left, and everybody knows."""
    return decided(PUBLISHED, *more)


def decided(*more: Event) -> Given:
    """The same, unpublished."""
    outcomes = [
        TeamEliminated(stage="heat", team="cow", basis="rank", reason=WHY),
        *(TeamAdvanced(stage="heat", team=team, reason=WHY) for team in ("ant", "bee")),
    ]
    return given(background=[*charters.consolidated(), *outcomes, *more])


def pool(quantity: str | None = "10", resource: str = "gpu") -> ResourcePoolSet:
    return ResourcePoolSet(resource=resource, quantity=quantity, **PERIOD)


def granted(grant: str, quantity: str | None, starts: str = "2026-01-01", ends: str = "2026-07-01") -> ResourceGranted:
    return ResourceGranted(grant=grant, team="ant", resource="gpu", quantity=quantity, starts=starts, ends=ends)


def grant(**changes: Any) -> dict[str, Any]:
    return {"grant": "g", "team": "bee", "resource": "gpu", "quantity": "4", **PERIOD, **changes}


# Pools


def test_a_pool_is_set() -> None:
    given(charters.charter()).when("set-resource-pool", {"resource": "gpu", "quantity": "10", **PERIOD}).then(pool())
    given(charters.charter()).when("set-resource-pool", {"resource": "data", **PERIOD}).then(pool(None, "data"))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"resource": "x"}, "/resource"),
        ({"quantity": None}, "/quantity"),
        ({"quantity": "0"}, "/quantity"),
        ({"resource": "data"}, "/quantity"),
        ({"starts": "2026-02-30"}, "/starts"),
        ({"starts": "20260101"}, "/starts"),
        ({"ends": "tomorrow"}, "/ends"),
        ({"ends": "2026-01-01"}, "/ends"),
    ],
)
def test_a_bad_pool_is_named(change: dict[str, Any], pointer: str) -> None:
    body = {"resource": "gpu", "quantity": "10", **PERIOD, **change}
    given(charters.charter()).when("set-resource-pool", body).refused(InvalidCommandError, pointer)


def test_a_pool_is_set_once() -> None:
    body = {"resource": "gpu", "quantity": "20", **PERIOD}
    given(charters.charter(), pool()).when("set-resource-pool", body).refused(PoolAlreadySetError)


# Grants


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
    advanced(pool(), granted("g", "1")).when("grant-resource", grant()).refused(GrantExistsError)


def test_at_no_instant_is_more_granted_than_the_pool_holds() -> None:
    full = granted("a", "7", ends="2026-03-01")
    advanced(pool(), full).when("grant-resource", grant()).refused(PoolExhaustedError, "/quantity")
    advanced(pool(), full).when("grant-resource", grant(starts="2026-02-28")).refused(PoolExhaustedError)
    assert advanced(pool(), full).when("grant-resource", grant(starts="2026-03-01")).decide()
    assert advanced(pool(), full).when("grant-resource", grant(quantity="3")).decide()


def test_a_grant_lies_within_the_period_of_its_pool() -> None:
    advanced(pool()).when("grant-resource", grant(starts="2025-12-31")).refused(PoolExhaustedError)
    advanced(pool()).when("grant-resource", grant(ends="2026-07-02")).refused(PoolExhaustedError)


def test_access_is_not_counted() -> None:
    access = ResourceGranted(grant="a", team="ant", resource="data", quantity=None, **PERIOD)
    body = grant(resource="data", quantity=None)
    assert advanced(pool(None, "data"), access).when("grant-resource", body).decide()
