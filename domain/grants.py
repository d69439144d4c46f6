"""Resource pools and grants: GPUs counted at every instant, data as a right of access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from domain.boundary import QueryItem, tag
from domain.charter_document import Charter, Identifier, Number, Resource
from domain.deadlines import is_date
from domain.decision import Case, Command, decision
from domain.event import Event, event
from domain.refusal import InvalidCommandError, Refusal
from domain.teams import Roster, Status


class PoolAlreadySetError(Refusal):
    """The pool of the resource is set."""


class PoolNotSetError(Refusal):
    """The resource has no pool to grant from."""


class PoolExhaustedError(Refusal):
    """At some instant more would be granted than the pool holds."""


class NotEntitledError(Refusal):
    """The team's status does not entitle it to the resource."""


class OutcomeUnpublishedError(Refusal):
    """A grant would give away an outcome that is under embargo."""


class GrantExistsError(Refusal):
    """A grant id is used once in a programme."""


@event("ResourcePoolSet")
class ResourcePoolSet(Event, frozen=True, kw_only=True):
    """So many units (`quantity`; null: a right of access, uncounted) from `starts` until before `ends`."""

    resource: str
    quantity: str | None
    starts: str
    ends: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("resource", programme, self.resource),)


@event("ResourceGranted")
class ResourceGranted(Event, frozen=True, kw_only=True):
    """A team may use so many units (null: access) from `starts` until before `ends`."""

    grant: str
    team: str
    resource: str
    quantity: str | None
    starts: str
    ends: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (
            tag("resource", programme, self.resource),
            tag("team", programme, self.team),
            tag("grant", programme, self.grant),
        )


class Pool:
    """A fact: the pool of a resource and what was granted from it."""

    def __init__(self, programme: str, resource: str) -> None:
        self._resource = tag("resource", programme, resource)
        self.pool: ResourcePoolSet | None = None
        self.grants: list[ResourceGranted] = []

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(ResourcePoolSet.TYPE, ResourceGranted.TYPE), tags=(self._resource,)),)

    def apply(self, position: int, event: Event) -> None:
        if isinstance(event, ResourcePoolSet):
            self.pool = event
        elif isinstance(event, ResourceGranted):
            self.grants.append(event)


class GrantId:
    """A fact: whether a grant id is taken."""

    def __init__(self, programme: str, grant: str) -> None:
        self._grant = tag("grant", programme, grant)
        self.position = 0

    @property
    def selects(self) -> tuple[QueryItem, ...]:
        return (QueryItem(types=(ResourceGranted.TYPE,), tags=(self._grant,)),)

    def apply(self, position: int, event: Event) -> None:
        self.position = position


class _Period(Command, frozen=True, kw_only=True):
    """`starts` and `ends`: dates (YYYY-MM-DD); the end is not included. `quantity`: of a counted resource only."""

    resource: Identifier
    quantity: Number | None = None
    starts: str
    ends: str


class SetResourcePool(_Period, frozen=True, kw_only=True):
    """What there is to grant."""


@decision("set-resource-pool", SetResourcePool, needs=lambda command, p: (Pool(p, command.resource),))
def set_resource_pool(command: SetResourcePool, case: Case, pool: Pool) -> Iterator[Event]:
    """Say how much of a resource there is to grant, and when."""
    _require_amount(command, case.charter)
    if pool.pool is not None:
        raise PoolAlreadySetError(f"the pool of {command.resource} is set", rule="A pool is set once.")
    yield ResourcePoolSet(
        resource=command.resource, quantity=command.quantity, starts=command.starts, ends=command.ends
    )


class GrantResource(_Period, frozen=True, kw_only=True):
    """`grant`: an id of the agency's own."""

    grant: Identifier
    team: Identifier


def _facts(command: GrantResource, p: str) -> tuple[Pool, GrantId, Roster]:
    return Pool(p, command.resource), GrantId(p, command.grant), Roster(p)


@decision("grant-resource", GrantResource, needs=_facts)
def grant_resource(command: GrantResource, case: Case, pool: Pool, grant: GrantId, roster: Roster) -> Iterator[Event]:
    """Grant a team its part of a pool."""
    _require_amount(command, case.charter)
    roster.require(command.team)
    if grant.position:
        raise GrantExistsError(
            f"{command.grant} was granted at position {grant.position}", rule="A grant has its own id."
        )
    status = roster.status[command.team]
    if command.resource not in entitled(case.charter, status):
        raise NotEntitledError(
            f"{command.team} is {status}, which does not entitle it to {command.resource}",
            rule="The charter says what each status entitles to.",
        )
    if roster.under_embargo(command.team):
        raise OutcomeUnpublishedError(
            f"the outcome of {command.team} is not published",
            rule="A grant is public, so it follows the publication of the outcome that it rests on.",
        )
    if pool.pool is None:
        raise PoolNotSetError(f"{command.resource} has no pool", rule="A grant is taken from a pool.")
    if not pool.pool.starts <= command.starts < command.ends <= pool.pool.ends:
        raise PoolExhaustedError(
            f"the pool of {command.resource} runs from {pool.pool.starts} to {pool.pool.ends}",
            rule="A grant lies within the period of its pool.",
        )
    granted = ResourceGranted(
        grant=command.grant,
        team=command.team,
        resource=command.resource,
        quantity=command.quantity,
        starts=command.starts,
        ends=command.ends,
    )
    if pool.pool.quantity is not None:
        reached = peak([*pool.grants, granted])
        if reached > int(pool.pool.quantity):
            raise PoolExhaustedError(
                f"{reached} of {pool.pool.quantity} {command.resource} would be granted at one time",
                rule="At no instant is more granted than the pool holds.",
                pointer="/quantity",
            )
    yield granted


def entitled(charter: Charter, status: Status) -> set[str]:
    """The resources that a status entitles to."""
    return {resource for each in charter.entitlements if each.status == status for resource in each.resources}


class Granted(Protocol):
    """So many units (null: uncounted) from one date until before another."""

    @property
    def quantity(self) -> str | None: ...
    @property
    def starts(self) -> str: ...
    @property
    def ends(self) -> str: ...


def peak(grants: Iterable[Granted]) -> int:
    """The most units granted at one instant."""
    changes = sorted(
        change
        for grant in grants
        if grant.quantity is not None
        for change in ((grant.ends, -int(grant.quantity)), (grant.starts, int(grant.quantity)))
    )
    highest = current = 0
    for _day, change in changes:
        current += change
        highest = max(highest, current)
    return highest


def _require_amount(command: _Period, charter: Charter) -> Resource:
    resource = charter.resource(command.resource)
    if resource is None:
        raise InvalidCommandError(
            f"resource: {command.resource!r} is no resource of the charter",
            rule="The charter names the resources.",
            pointer="/resource",
        )
    if (command.quantity is None) == (resource.kind == "count") or command.quantity == "0":
        wanted = "a number above 0" if resource.kind == "count" else "none: access is not counted"
        raise InvalidCommandError(
            f"quantity: {wanted}",
            rule=f"The charter counts {resource.id} as {resource.kind}.",
            pointer="/quantity",
        )
    for field, text in (("starts", command.starts), ("ends", command.ends)):
        if not is_date(text):
            raise InvalidCommandError(
                f"{field}: {text[:40]!r} is no date such as 2026-01-31",
                rule="Periods are dates.",
                pointer=f"/{field}",
            )
    if command.starts >= command.ends:
        raise InvalidCommandError(
            "ends: must come after starts", rule="A period ends after it starts.", pointer="/ends"
        )
    return resource
