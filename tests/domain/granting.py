"""Histories with pools and grants, and bodies of decisions about them: ant and bee advanced, cow left."""

from __future__ import annotations

from typing import Any

from domain.event import Event
from domain.grant_events import (
    GrantAdjusted,
    GrantResumed,
    GrantRevoked,
    GrantSuspended,
    ResourceGranted,
    ResourcePoolSet,
    UsageReported,
)
from domain.outcome_events import TeamAdvanced, TeamEliminated
from domain.scalars import Names
from domain.stage_events import ResultsPublished
from tests.domain import charters
from tests.given import Given, given

WHY = Names(en="why", ko="왜")
REASON = {"en": "why", "ko": "왜"}
PERIOD = {"starts": "2026-01-01", "ends": "2026-07-01"}
PUBLISHED = ResultsPublished(stage="heat", publishers=("owner", "other"))
OF_ANT = {"grant": "g", "team": "ant", "resource": "gpu"}


def decided(*more: Event) -> Given:
    """Outcomes are decided, and not yet published."""
    outcomes = [
        TeamEliminated(stage="heat", team="cow", basis="rank", reason=WHY),
        *(TeamAdvanced(stage="heat", team=team, reason=WHY) for team in ("ant", "bee")),
    ]
    return given(background=[*charters.consolidated(), *outcomes, *more])


def advanced(*more: Event) -> Given:
    """Everybody knows the outcomes."""
    return decided(PUBLISHED, *more)


def running(*more: Event) -> Given:
    """Of 10 GPUs, ant has 4 as grant `g` until July."""
    return advanced(pool(), granted("g", "4"), *more)


def pool(
    quantity: str | None = "10", resource: str = "gpu", starts: str = "2026-01-01", ends: str = "2026-07-01"
) -> ResourcePoolSet:
    return ResourcePoolSet(resource=resource, quantity=quantity, starts=starts, ends=ends)


def granted(
    grant: str,
    quantity: str | None,
    starts: str = "2026-01-01",
    ends: str = "2026-07-01",
    *,
    team: str = "ant",
    resource: str = "gpu",
) -> ResourceGranted:
    return ResourceGranted(grant=grant, team=team, resource=resource, quantity=quantity, starts=starts, ends=ends)


def adjusted(starts: str, quantity: str | None = None, ends: str | None = None) -> GrantAdjusted:
    return GrantAdjusted(**OF_ANT, quantity=quantity, starts=starts, ends=ends, reason=WHY)


def suspended(starts: str) -> GrantSuspended:
    return GrantSuspended(**OF_ANT, starts=starts, reason=WHY)


def resumed(starts: str) -> GrantResumed:
    return GrantResumed(**OF_ANT, starts=starts, reason=WHY)


def revoked(starts: str) -> GrantRevoked:
    return GrantRevoked(**OF_ANT, starts=starts, reason=WHY)


def used(quantity: str | None, starts: str, ends: str, correction: Names | None = None) -> UsageReported:
    return UsageReported(**OF_ANT, quantity=quantity, starts=starts, ends=ends, correction=correction)


def grant(**changes: Any) -> dict[str, Any]:
    """The body of grant-resource."""
    return {"grant": "g", "team": "bee", "resource": "gpu", "quantity": "4", **PERIOD, **changes}


def change(starts: str, **changes: Any) -> dict[str, Any]:
    """The body of a decision about grant `g`."""
    return {"grant": "g", "starts": starts, "reason": REASON, **changes}
