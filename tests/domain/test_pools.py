"""Resource pools: set, enlarged, reduced."""

from __future__ import annotations

from typing import Any

import pytest

from domain.grant_events import ResourcePoolSet
from domain.pools import PoolExhaustedError
from domain.refusal import InvalidCommandError
from domain.views import MemoryRows
from domain.views.grants import GRANTS, resource_use
from tests.domain import charters
from tests.domain.granting import PERIOD, REASON, WHY, advanced, grant, granted, pool, revoked, running, suspended
from tests.domain.occurrences import occurrence
from tests.given import given

APRIL = {"starts": "2026-04-01", "ends": "2026-07-01"}


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


def test_a_pool_is_changed_for_a_reason() -> None:
    body = {"resource": "gpu", "quantity": "20", **APRIL}
    given(charters.charter(), pool()).when("set-resource-pool", body).refused(InvalidCommandError, "/reason")
    changed = ResourcePoolSet(resource="gpu", quantity="20", **APRIL, reason=WHY)
    given(charters.charter(), pool()).when("set-resource-pool", {**body, "reason": REASON}).then(changed)


def test_a_pool_is_not_reduced_below_what_is_granted() -> None:
    def reduce(quantity: str, **period: str) -> dict[str, Any]:
        return {"resource": "gpu", "quantity": quantity, "reason": REASON, **(period or APRIL)}

    assert running().when("set-resource-pool", reduce("4")).decide()
    running().when("set-resource-pool", reduce("3")).refused(PoolExhaustedError, "/quantity")
    shorter = reduce("10", starts="2026-04-01", ends="2026-06-30")
    running().when("set-resource-pool", shorter).refused(PoolExhaustedError)
    assert running(revoked("2026-04-01")).when("set-resource-pool", reduce("1")).decide()


def test_a_suspended_grant_keeps_its_part_of_the_pool() -> None:
    body = {"resource": "gpu", "quantity": "3", "reason": REASON, **APRIL}
    suspension = [pool(), granted("g", "4"), suspended("2026-02-01")]
    advanced(*suspension).when("set-resource-pool", body).refused(PoolExhaustedError)


def test_a_pool_is_set_as_a_whole_from_its_first_day_on() -> None:
    """Set for April only, there is nothing to grant from May on: the view of grants shows it, day by day."""
    april = {"starts": "2026-04-01", "ends": "2026-05-01"}
    body = {"resource": "gpu", "quantity": "20", "reason": REASON, **april}
    (changed,) = advanced(pool()).when("set-resource-pool", body).decide()
    rows = MemoryRows()
    GRANTS.fold(rows, [occurrence(position, each) for position, each in enumerate((pool(), changed), 1)])
    (use,) = resource_use(rows.scan(""))
    assert [(each.starts, each.ends, each.pool) for each in use.steps] == [
        ("2026-01-01", "2026-04-01", "10"),
        ("2026-04-01", "2026-05-01", "20"),
    ]
    later = advanced(pool(), changed)
    assert later.when("grant-resource", grant(starts="2026-04-01", ends="2026-05-01")).decide()
    later.when("grant-resource", grant(starts="2026-05-01")).refused(PoolExhaustedError)


def test_a_change_leaves_the_days_before_it_alone() -> None:
    """Nine were granted until March; from April on six are enough."""
    early = granted("early", "9", ends="2026-03-01")
    body = {"resource": "gpu", "quantity": "6", "reason": REASON, **APRIL}
    assert advanced(pool(), early).when("set-resource-pool", body).decide()
    advanced(pool(), early).when("set-resource-pool", {**body, **PERIOD}).refused(PoolExhaustedError)
