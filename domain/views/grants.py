"""Grants: what there is of each resource, who was granted what and used how much, over time.

Keys: `pool/<resource>` · `grant/<id>`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from domain.event import Event
from domain.grant_course import GrantCourse, GrantSpan, evolved, pool_after
from domain.grant_events import (
    GrantAdjusted,
    GrantResumed,
    GrantRevoked,
    GrantSuspended,
    ResourceGranted,
    ResourcePoolSet,
    UsageReported,
)
from domain.periods import Span, on, peak
from domain.scalars import Names
from domain.views import Occurrence, Rows, View, encode_row, keyed, one_by_one

GRANT_EVENTS = (ResourceGranted, GrantAdjusted, GrantSuspended, GrantResumed, GrantRevoked, UsageReported)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One event about a pool or a grant. `starts`: the day from which it holds."""

    position: int
    recorded_at: str
    event: str
    starts: str
    ends: str | None
    quantity: str | None
    reason: Names | None


class GrantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A grant after all that was decided about it so far: its latest `quantity`, its period, the state it ends in.

    `spans`: what is reserved for it, day by day. `usage`: what was reported. `position`: at which it was given.
    """

    grant: str
    team: str
    resource: str
    quantity: str | None
    starts: str
    ends: str
    position: int
    state: Literal["running", "suspended", "revoked"]
    spans: tuple[GrantSpan, ...]
    usage: tuple[Span, ...]
    history: tuple[Change, ...]


class PoolRow(msgspec.Struct, frozen=True, kw_only=True):
    """A pool as it was set last, at `position`. `spans`: how much there is, day by day."""

    resource: str
    quantity: str | None
    starts: str
    ends: str
    position: int
    spans: tuple[Span, ...]
    history: tuple[Change, ...]


class TeamUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a team was granted (the `suspended` part included) and used; null: uncounted, or not to be read."""

    team: str
    granted: str | None
    suspended: str | None
    used: str | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which nothing changes: what the pool holds, what of it is granted, suspended and used, and by whom."""

    starts: str
    ends: str
    pool: str | None
    granted: str | None
    suspended: str | None
    used: str | None
    teams: tuple[TeamUse, ...]


class ResourceUse(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: its pool, the most ever granted at one time (null: uncounted), its grants by id, and over time."""

    resource: str
    pool: PoolRow | None
    peak_granted: str | None
    grants: tuple[GrantRow, ...]
    steps: tuple[Step, ...]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A stored grant: its course and its history."""

    course: GrantCourse
    history: tuple[Change, ...]


def fold(rows: Rows, occurrences: Iterable[Occurrence]) -> None:
    """One row a pool and one a grant."""

    def take(occurrence: Occurrence) -> None:
        event = occurrence.event
        if isinstance(event, ResourcePoolSet):
            key = f"pool/{event.resource}"
            stored = rows.get(key)
            before = None if stored is None else msgspec.json.decode(stored, type=PoolRow)
            pool = PoolRow(
                resource=event.resource,
                quantity=event.quantity,
                starts=event.starts,
                ends=event.ends,
                position=occurrence.position,
                spans=pool_after(before.spans if before else (), event),
                history=(*(before.history if before else ()), _change(occurrence, event)),
            )
            rows.put(key, encode_row(pool))
        elif isinstance(event, GRANT_EVENTS):
            key = f"grant/{event.grant}"
            stored = rows.get(key)
            kept = Kept(course=GrantCourse(), history=()) if stored is None else _decode(stored)
            course = evolved(kept.course, occurrence.position, event)
            rows.put(key, encode_row(Kept(course=course, history=(*kept.history, _change(occurrence, event)))))

    one_by_one(occurrences, take)


def _decode(stored: bytes) -> Kept:
    return msgspec.json.decode(stored, type=Kept)


def _change(occurrence: Occurrence, event: Event) -> Change:
    said = msgspec.structs.asdict(event)
    return Change(
        position=occurrence.position,
        recorded_at=occurrence.recorded_at,
        event=event.TYPE,
        starts=said["starts"],
        ends=said.get("ends"),
        quantity=said.get("quantity"),
        reason=said.get("reason") or said.get("correction"),
    )


class Shown(msgspec.Struct, frozen=True):
    """What a reader may see. Grants are what all of their events but usage come to: one type withheld hides them."""

    pools: bool = True
    grants: bool = True
    usage: bool = True


ALL_SHOWN: Final = Shown()


def grants_shown(shows_type: Callable[[str], bool]) -> Shown:
    """What may be seen by a reader to whom events are shown by their type."""
    grants = all(shows_type(each.TYPE) for each in GRANT_EVENTS if each is not UsageReported)
    return Shown(pools=shows_type(ResourcePoolSet.TYPE), grants=grants, usage=grants and shows_type(UsageReported.TYPE))


def resource_use(rows: Iterable[tuple[str, bytes]], shows: Shown = ALL_SHOWN) -> tuple[ResourceUse, ...]:
    """Every resource that has a pool, with its grants, from the rows of the view, as far as they are shown."""
    stored = list(rows)
    pools = [
        msgspec.json.decode(value, type=PoolRow)
        for _key, value in keyed([row for row in stored if row[0].startswith("pool/")], "pool/")
    ]
    kept = [_decode(value) for key, value in stored if key.startswith("grant/") and shows.grants]
    grants = [_row(each, shows) for each in kept]
    return tuple(_use(pool, tuple(each for each in grants if each.resource == pool.resource), shows) for pool in pools)


def effective_on(use: ResourceUse, day: str) -> ResourceUse:
    """What of it holds on one day, which says nothing about when that was decided: pool, grants as they are then, use.

    `peak_granted` and histories stay whole.
    """
    holding = [(each, span) for each in use.grants if (span := on(each.spans, day)) is not None]
    return ResourceUse(
        resource=use.resource,
        pool=None if use.pool is None else msgspec.structs.replace(use.pool, spans=_on(use.pool.spans, day)),
        peak_granted=use.peak_granted,
        grants=tuple(
            msgspec.structs.replace(
                each,
                quantity=span.quantity,
                state="suspended" if span.suspended else "running",
                spans=(span,),
                usage=_on(each.usage, day),
            )
            for each, span in holding
        ),
        steps=tuple(each for each in use.steps if each.starts <= day < each.ends),
    )


def _on(spans: Sequence[Span], day: str) -> tuple[Span, ...]:
    return tuple(each for each in spans if each.starts <= day < each.ends)


def _row(kept: Kept, shows: Shown) -> GrantRow:
    course = kept.course
    decided = [each for each in kept.history if each.event in (ResourceGranted.TYPE, GrantAdjusted.TYPE)]
    last = course.spans[-1] if course.spans else None
    starts = kept.history[0].starts
    return GrantRow(
        grant=course.grant,
        team=course.team,
        resource=course.resource,
        quantity=next((each.quantity for each in reversed(decided) if each.quantity is not None), None),
        starts=starts,
        ends=last.ends if last else starts,
        position=course.granted,
        state="revoked" if course.revoked else "suspended" if last and last.suspended else "running",
        spans=course.spans,
        usage=course.usage if shows.usage else (),
        history=tuple(each for each in kept.history if shows.usage or each.event != UsageReported.TYPE),
    )


def _use(pool: PoolRow, grants: tuple[GrantRow, ...], shows: Shown) -> ResourceUse:
    counted = pool.quantity is not None
    return ResourceUse(
        resource=pool.resource,
        pool=pool if shows.pools else None,
        peak_granted=str(peak(span for each in grants for span in each.spans)) if counted and shows.grants else None,
        grants=grants,
        steps=tuple(
            _steps(pool.spans if shows.pools else (), grants, shows if counted else Shown(False, False, False))
        ),
    )


def _steps(pool: Sequence[Span], grants: Sequence[GrantRow], counts: Shown) -> Iterator[Step]:
    """From each day on which something changes to the next, while there is anything. `counts`: what to add up."""
    spans = [*pool, *(span for each in grants for span in (*each.spans, *each.usage))]
    days = sorted({day for span in spans for day in (span.starts, span.ends)})
    for starts, ends in itertools.pairwise(days):
        held = on(pool, starts)
        active = [(each.team, on(each.spans, starts), on(each.usage, starts)) for each in grants]
        teams = {
            team: [row[1:] for row in active if row[0] == team] for team, span, _used in active if span is not None
        }
        if held is None and not teams:
            continue
        uses = tuple(TeamUse(team=team, **_sums(found, counts)) for team, found in sorted(teams.items()))
        yield Step(
            starts=starts,
            ends=ends,
            pool=held.quantity if held and counts.pools else "0" if counts.pools else None,
            teams=uses,
            **_sums([row[1:] for row in active], counts),
        )


def _sums(found: Sequence[tuple[GrantSpan | None, Span | None]], counts: Shown) -> dict[str, str | None]:
    def total(spans: Iterable[Span | None]) -> str:
        return str(sum(int(span.quantity or 0) for span in spans if span is not None))

    return {
        "granted": total(span for span, _used in found) if counts.grants else None,
        "suspended": total(span for span, _used in found if span and span.suspended) if counts.grants else None,
        "used": total(used for _span, used in found) if counts.usage else None,
    }


GRANTS = View(name="grants", version=2, fold=fold, remembers=True)
