"""Grants: a team's part of a pool, given, adjusted, suspended, resumed and revoked, each from a day on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from domain.decision import Case, Command, decision
from domain.entitlements import require_entitled, require_published
from domain.event import Event
from domain.grant_course import GRANT, Grant, GrantCourse, GrantRevokedError, Pool, evolved
from domain.grant_events import GrantAdjusted, GrantResumed, GrantRevoked, GrantSuspended, ResourceGranted
from domain.periods import require_date, require_period, shortfall
from domain.pools import OfPeriod, PoolNotSetError, require_held, require_quantity, require_resource
from domain.refusal import InvalidCommandError, Refusal
from domain.scalars import Date, Identifier, Names, Number
from domain.teams import Roster, TeamWithdrawnError


class GrantExistsError(Refusal):
    """A grant id is used once in a programme."""


class UsageBeyondGrantError(Refusal):
    """More was used, as reported, than the grant would have allowed."""


class GrantResource(OfPeriod, frozen=True, kw_only=True):
    """`grant`: an id of the agency's own."""

    grant: Identifier
    team: Identifier


def _to_grant(command: GrantResource, p: str) -> tuple[Pool, Grant, Roster]:
    return Pool(p, command.resource), Grant(p, command.grant), Roster(p)


@decision("grant-resource", GrantResource, comes_to=(ResourceGranted,), needs=_to_grant)
def grant_resource(command: GrantResource, case: Case, pool: Pool, grant: Grant, roster: Roster) -> Iterator[Event]:
    """Grant a team its part of a pool."""
    require_quantity(require_resource(case.charter, command.resource), command.quantity)
    require_period(command.starts, command.ends)
    roster.require(command.team)
    if grant.course.granted:
        raise GrantExistsError(
            f"{command.grant} was granted at position {grant.course.granted}", rule="A grant has its own id."
        )
    require_entitled(case.charter, roster, command.team, resource=command.resource)
    require_published(roster, command.team)
    if not pool.spans:
        raise PoolNotSetError(f"{command.resource} has no pool", rule="A grant is taken from a pool.")
    granted = ResourceGranted(
        grant=command.grant,
        team=command.team,
        resource=command.resource,
        quantity=command.quantity,
        starts=command.starts,
        ends=command.ends,
    )
    reserved = pool.reserved(evolved(grant.course, case.position, granted))
    require_held(pool.spans, reserved, command.resource)
    yield granted


class OfGrant(Command, frozen=True, kw_only=True):
    """`starts`: the day (YYYY-MM-DD), within the period of the grant, from which the decision holds."""

    grant: Identifier
    starts: Date
    reason: Names


def _as_granted(_command: OfGrant, _case: Case, grant: Grant, *_others: Any) -> bytes:
    """What is reserved for the grant: what would be suspended, resumed, revoked or adjusted."""
    return msgspec.json.encode(grant.course.spans)


class AdjustGrant(OfGrant, frozen=True, kw_only=True):
    """From `starts` on, another `quantity`, another end of the grant, or both; what is left out stays.

    `resource`: the one that the grant is of.
    """

    resource: Identifier
    quantity: Number | None = None
    ends: Date | None = None


def _to_adjust(command: AdjustGrant, p: str) -> tuple[Grant, Pool, Roster]:
    return Grant(p, command.grant), Pool(p, command.resource), Roster(p)


@decision("adjust-grant", AdjustGrant, comes_to=(GrantAdjusted,), needs=_to_adjust, rests_on=_as_granted)
def adjust_grant(command: AdjustGrant, case: Case, grant: Grant, pool: Pool, roster: Roster) -> Iterator[Event]:
    """Make a grant larger or smaller, longer or shorter, from a day on."""
    course = grant.course
    resource = require_resource(case.charter, command.resource)
    if command.quantity is not None:
        require_quantity(resource, command.quantity)
    _require_open("adjust-grant", command, course, roster)
    if course.resource != command.resource:
        raise InvalidCommandError(
            f"resource: {command.grant} is of {course.resource}",
            rule="An adjustment names the resource of its grant.",
            pointer="/resource",
        )
    if command.ends is not None:
        require_period(command.starts, command.ends)
        if course.revoked is not None and command.ends > course.revoked:
            raise GrantRevokedError(
                f"{command.grant} is revoked from {course.revoked} on", rule="A revoked grant does not come back."
            )
    adjusted = GrantAdjusted(
        grant=course.grant,
        team=course.team,
        resource=course.resource,
        quantity=command.quantity,
        starts=command.starts,
        ends=command.ends,
        reason=command.reason,
    )
    changed = evolved(course, case.position, adjusted)
    if changed.spans == course.spans:
        raise InvalidCommandError(
            "quantity: neither it nor the end would change",
            rule="An adjustment changes the quantity or the end.",
            pointer="/quantity",
        )
    if shortfall(course.spans, changed.spans) is not None:
        require_entitled(case.charter, roster, course.team, resource=course.resource)
    require_held(pool.spans, pool.reserved(changed), course.resource)
    _require_usage_within(changed)
    yield adjusted


class SuspendGrant(OfGrant, frozen=True, kw_only=True):
    """Which grant, from when, and why."""


def _of_one(command: OfGrant, p: str) -> tuple[Grant, Roster]:
    return Grant(p, command.grant), Roster(p)


@decision("suspend-grant", SuspendGrant, comes_to=(GrantSuspended,), needs=_of_one, rests_on=_as_granted)
def suspend_grant(command: SuspendGrant, case: Case, grant: Grant, roster: Roster) -> Iterator[Event]:
    """Stop the use of a grant from a day on, until it is resumed; its part of the pool stays reserved for that."""
    course = grant.course
    _require_open("suspend-grant", command, course, roster)
    suspended = GrantSuspended(
        grant=course.grant, team=course.team, resource=course.resource, starts=command.starts, reason=command.reason
    )
    _require_usage_within(evolved(course, case.position, suspended))
    yield suspended


class ResumeGrant(OfGrant, frozen=True, kw_only=True):
    """Which grant, from when, and why."""


@decision("resume-grant", ResumeGrant, comes_to=(GrantResumed,), needs=_of_one, rests_on=_as_granted)
def resume_grant(command: ResumeGrant, _case: Case, grant: Grant, roster: Roster) -> Iterator[Event]:
    """Let a suspended grant be used again from a day on, unless its team withdrew."""
    course = grant.course
    _require_open("resume-grant", command, course, roster)
    if roster.status[course.team] == "withdrawn":
        raise TeamWithdrawnError(
            f"{course.team} withdrew", rule="A team that withdrew uses nothing any more that was suspended."
        )
    yield GrantResumed(
        grant=course.grant, team=course.team, resource=course.resource, starts=command.starts, reason=command.reason
    )


class RevokeGrant(OfGrant, frozen=True, kw_only=True):
    """Which grant, from when, and why."""


@decision("revoke-grant", RevokeGrant, comes_to=(GrantRevoked,), needs=_of_one, rests_on=_as_granted)
def revoke_grant(command: RevokeGrant, case: Case, grant: Grant, roster: Roster) -> Iterator[Event]:
    """End a grant for good from a day on; its part of the pool is free from then."""
    course = grant.course
    _require_open("revoke-grant", command, course, roster)
    revoked = GrantRevoked(
        grant=course.grant, team=course.team, resource=course.resource, starts=command.starts, reason=command.reason
    )
    _require_usage_within(evolved(course, case.position, revoked))
    yield revoked


def _require_open(decision_type: str, command: OfGrant, course: GrantCourse, roster: Roster) -> None:
    """Raise unless the grant, in its state of the day `starts`, allows the decision, and no embargo forbids it."""
    require_date("starts", command.starts)
    GRANT.require(course.state_on(command.starts), decision_type, subject=command.grant, pointer="/grant")
    require_published(roster, course.team)


def _require_usage_within(changed: GrantCourse) -> None:
    """Raise `UsageBeyondGrantError` if usage that was reported would not have been granted."""
    found = shortfall(changed.usable, changed.usage)
    if found is not None:
        raise UsageBeyondGrantError(
            f"on {found.day}, {found.taken} were in use, as reported, and {found.held} would be granted",
            rule="What was reported as used stays within the grant: change it from a later day on.",
            pointer="/starts",
        )
