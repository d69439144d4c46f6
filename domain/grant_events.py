"""Pools, grants and their use: the events, apart from the decisions so that every topic may read them."""

from __future__ import annotations

from domain.boundary import tag
from domain.event import Event, event
from domain.scalars import Names


@event("ResourcePoolSet")
class ResourcePoolSet(Event, frozen=True, kw_only=True):
    """So many units (`quantity`; null: a right of access, uncounted) from `starts` until before `ends`.

    It supersedes what was set before for `starts` and after; `reason`: why, where something was.
    """

    resource: str
    quantity: str | None
    starts: str
    ends: str
    reason: Names | None = None

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("resource", programme, self.resource),)


class _OfGrant(Event, frozen=True, kw_only=True):
    grant: str
    team: str
    resource: str

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("team", programme, self.team), tag("grant", programme, self.grant))


class _OfPool(_OfGrant, frozen=True, kw_only=True):
    """What changes how much of the pool is granted."""

    def tags(self, programme: str) -> tuple[str, ...]:
        return (tag("resource", programme, self.resource), *super().tags(programme))


@event("ResourceGranted")
class ResourceGranted(_OfPool, frozen=True, kw_only=True):
    """A team may use so many units (null: access) from `starts` until before `ends`."""

    quantity: str | None
    starts: str
    ends: str


@event("GrantAdjusted")
class GrantAdjusted(_OfPool, frozen=True, kw_only=True):
    """From `starts` on the grant is of another `quantity`, or has another end; null: as before."""

    quantity: str | None
    starts: str
    ends: str | None
    reason: Names


@event("GrantSuspended")
class GrantSuspended(_OfGrant, frozen=True, kw_only=True):
    """From `starts` on the grant may not be used, until it is resumed. Its part of the pool stays reserved."""

    starts: str
    reason: Names


@event("GrantResumed")
class GrantResumed(_OfGrant, frozen=True, kw_only=True):
    """From `starts` on the suspended grant may be used again."""

    starts: str
    reason: Names


@event("GrantRevoked")
class GrantRevoked(_OfPool, frozen=True, kw_only=True):
    """From `starts` on the grant is no more, and its part of the pool is free."""

    starts: str
    reason: Names


@event("UsageReported", own="team")
class UsageReported(_OfGrant, frozen=True, kw_only=True):
    """At most `quantity` units (null: access) were in use at one time, from `starts` until before `ends`.

    `correction`: why it supersedes what was reported for days of that period before.
    """

    quantity: str | None
    starts: str
    ends: str
    correction: Names | None = None
