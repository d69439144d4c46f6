"""Resource pools: what there is to grant. GPUs are counted at every instant, data is a right of access."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.charter_document import Charter, Resource
from domain.decision import Case, Command, decision
from domain.event import Event
from domain.grant_course import Pool, pool_after
from domain.grant_events import ResourcePoolSet
from domain.periods import Span, require_period, shortfall
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Date, Identifier, Names, Number


class PoolNotSetError(Refusal):
    """The resource has no pool to grant from."""


class PoolExhaustedError(Refusal):
    """At some instant more would be granted than the pool holds."""


class OfPeriod(Command, frozen=True, kw_only=True):
    """`starts` and `ends`: dates (YYYY-MM-DD); the end is not included. `quantity`: of a counted resource only."""

    resource: Identifier
    quantity: Number | None = None
    starts: Date
    ends: Date


class SetResourcePool(OfPeriod, frozen=True, kw_only=True):
    """All that there is to grant from `starts` on.

    A pool that is set is changed for a `reason`: days before `starts` stay as they are, and whatever was set for later
    days lapses, also for those after `ends`.
    """

    reason: Names | None = None


@decision(
    "set-resource-pool",
    SetResourcePool,
    comes_to=(ResourcePoolSet,),
    needs=lambda command, p: (Pool(p, command.resource),),
)
def set_resource_pool(command: SetResourcePool, case: Case, pool: Pool) -> Iterator[Event]:
    """Say how much of a resource there is to grant from a day on, in the place of all that was set for later days."""
    resource = require_resource(case.charter, command.resource)
    require_quantity(resource, command.quantity)
    require_period(command.starts, command.ends)
    if pool.spans and command.reason is None:
        raise InvalidCommandError(
            f"reason: the pool of {command.resource} is set, so a reason is needed to change it",
            rule="A pool is changed for a reason.",
            pointer="/reason",
        )
    changed = ResourcePoolSet(
        resource=command.resource,
        quantity=command.quantity,
        starts=command.starts,
        ends=command.ends,
        reason=command.reason,
    )
    require_held(pool_after(pool.spans, changed), pool.reserved(), command.resource)
    yield changed


def require_resource(charter: Charter, resource_id: str) -> Resource:
    """The charter's resource. Raises `InvalidCommandError`."""
    resource = charter.resource(resource_id)
    if resource is None:
        raise InvalidCommandError(
            f"resource: {resource_id!r} is no resource of the charter",
            rule="The charter names the resources.",
            pointer="/resource",
        )
    return resource


def require_quantity(resource: Resource, quantity: str | None) -> None:
    """Raise `InvalidCommandError` unless a counted resource comes with a number above 0, and access with none."""
    if (quantity is None) == (resource.kind == "count") or quantity == "0":
        wanted = "a number above 0" if resource.kind == "count" else "none: access is not counted"
        raise InvalidCommandError(
            f"quantity: {wanted}",
            rule=f"The charter counts {resource.id} as {resource.kind}.",
            pointer="/quantity",
        )


def require_held(pool: Sequence[Span], reserved: Sequence[Span], resource: str) -> None:
    """Raise `PoolExhaustedError` if on some day more is reserved than the pool holds, or there is no pool."""
    found = shortfall(pool, reserved)
    if found is not None:
        raise PoolExhaustedError(
            f"on {found.day}, {found.taken} of {found.held} {resource} would be granted",
            rule="At no instant is more granted than the pool holds; a suspended grant keeps its part.",
            pointer="/quantity",
        )
