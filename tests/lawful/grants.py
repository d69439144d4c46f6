"""Pools and grants, day by day: at no moment is more granted than there is, nor more used than was granted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from tests.lawful.history import Data, Lawful, rule


@dataclass
class Grant:
    """Units by day (ordinal); a right of access is 0 of them. `used`: as reported."""

    team: str
    resource: str
    days: dict[int, int]
    suspended: set[int] = field(default_factory=set)
    used: dict[int, int] = field(default_factory=dict)


def _days(starts: str, ends: str) -> range:
    return range(date.fromisoformat(starts).toordinal(), date.fromisoformat(ends).toordinal())


def _day(day: str) -> int:
    return date.fromisoformat(day).toordinal()


@rule("ResourcePoolSet")
def pool_set(history: Lawful, _position: int, data: Data) -> None:
    """From its day on the pool is another, whatever was set for later days before."""
    pool, starts = history.pools.setdefault(data["resource"], {}), _day(data["starts"])
    assert not pool or data["reason"]
    kept = {day: units for day, units in pool.items() if day < starts}
    history.pools[data["resource"]] = kept | dict.fromkeys(
        _days(data["starts"], data["ends"]), int(data["quantity"] or 0)
    )
    _require_held(history, data["resource"])


@rule("ResourceGranted")
def granted(history: Lawful, _position: int, data: Data) -> None:
    assert data["grant"] not in history.grants
    assert not history.embargoed(data["team"])
    _require_entitled(history, data)
    days = dict.fromkeys(_days(data["starts"], data["ends"]), int(data["quantity"] or 0))
    history.grants[data["grant"]] = Grant(data["team"], data["resource"], days)
    _require_held(history, data["resource"])


@rule("GrantAdjusted")
def adjusted(history: Lawful, _position: int, data: Data) -> None:
    grant = _running(history, data)
    before, days, starts = grant.days, dict(grant.days), _day(data["starts"])
    last = max(days)
    ends = last + 1 if data["ends"] is None else _day(data["ends"])
    for day in range(starts, ends):
        if data["quantity"] is not None:
            days[day] = int(data["quantity"])
        elif day not in days:
            days[day] = days[day - 1]
        if day > last and day - 1 in grant.suspended:
            grant.suspended.add(day)
    grant.days = {day: units for day, units in days.items() if day < ends}
    if any(units > before.get(day, -1) for day, units in grant.days.items()):
        _require_entitled(history, data)
    _require_held(history, data["resource"])
    _require_usage_within(grant)


@rule("GrantSuspended")
def suspended(history: Lawful, _position: int, data: Data) -> None:
    _switch(history, data, resumes=False)


@rule("GrantResumed")
def resumed(history: Lawful, _position: int, data: Data) -> None:
    _switch(history, data, resumes=True)


def _switch(history: Lawful, data: Data, *, resumes: bool) -> None:
    """Until the next switch of it that was decided before."""
    grant, day = _running(history, data), _day(data["starts"])
    assert (day in grant.suspended) == resumes
    assert not resumes or history.status[grant.team] != "withdrawn"
    while day in grant.days and (day in grant.suspended) == resumes:
        (grant.suspended.discard if resumes else grant.suspended.add)(day)
        day += 1
    _require_usage_within(grant)


@rule("GrantRevoked")
def revoked(history: Lawful, _position: int, data: Data) -> None:
    grant = _running(history, data)
    grant.days = {day: units for day, units in grant.days.items() if day < _day(data["starts"])}
    _require_usage_within(grant)


@rule("UsageReported")
def used(history: Lawful, _position: int, data: Data) -> None:
    grant: Grant = history.grants[data["grant"]]
    days = _days(data["starts"], data["ends"])
    assert (grant.team, grant.resource) == (data["team"], data["resource"])
    assert bool(data["correction"]) == any(day in grant.used for day in days)
    grant.used.update(dict.fromkeys(days, int(data["quantity"] or 0)))
    _require_usage_within(grant)


def _running(history: Lawful, data: Data) -> Grant:
    """On the day from which something is decided about it."""
    grant: Grant = history.grants[data["grant"]]
    assert (grant.team, grant.resource) == (data["team"], data["resource"])
    assert not history.embargoed(grant.team)
    assert _day(data["starts"]) in grant.days
    return grant


def _require_entitled(history: Lawful, data: Data) -> None:
    status = history.status[data["team"]]
    entitled = [each for each in history.charter["entitlements"] if each["status"] == status]
    assert any(data["resource"] in each["resources"] for each in entitled), f"{data['team']} is {status}"


def _require_held(history: Lawful, resource: str) -> None:
    """A suspended grant keeps its part."""
    total: dict[int, int] = {}
    for grant in history.grants.values():
        if grant.resource == resource:
            for day, units in grant.days.items():
                total[day] = total.get(day, 0) + units
    pool = history.pools[resource]
    for day, units in total.items():
        assert day in pool, f"no pool on {date.fromordinal(day)}"
        assert units <= pool[day], f"{units} of {pool[day]} on {date.fromordinal(day)}"


def _require_usage_within(grant: Grant) -> None:
    for day, units in grant.used.items():
        assert day in grant.days
        assert day not in grant.suspended
        assert units <= grant.days[day]
