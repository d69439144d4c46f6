"""What events would change of what people look at: teams, standings, grants and pools, before and after."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from domain.boundary import QueryItem, tag
from domain.charter import CHARTER_EVENTS
from domain.charter_document import Charter
from domain.decision import Case
from domain.event import Event
from domain.foreseen import Foreseen, effects_of
from domain.grant_events import ResourcePoolSet
from domain.record import COURSE_EVENTS, SCORE_EVENTS
from domain.scalars import Names
from domain.standings import IndependenceStatus, PointsValue, RankValue, Row, Standings, TeamStatus
from domain.teams import ROSTER_EVENTS, Roster, Status
from domain.views import MemoryRows, Occurrence, Rows
from domain.views.grants import GRANT_EVENTS, GRANTS, GrantRow, PoolRow, ResourceUse, resource_use
from domain.views.standings import STANDINGS


class TeamChange(msgspec.Struct, frozen=True, kw_only=True):
    """A team's place in the programme. `was` is null of a team that comes in."""

    team: str
    name: Names
    was: Status | None
    becomes: Status


class Stands(msgspec.Struct, frozen=True, kw_only=True):
    """A team's row in standings, without its breakdown."""

    rank: RankValue
    total: PointsValue
    status: TeamStatus
    cause: str | None
    independence: IndependenceStatus


class StandingChange(msgspec.Struct, frozen=True, kw_only=True):
    """A team's row in the standings of a stage. Null: it has none."""

    stage: str
    team: str
    name: Names
    was: Stands | None
    becomes: Stands | None


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A pool, or a grant from it, as it was set last. `quantity` is null of what is not counted."""

    quantity: str | None
    starts: str
    ends: str
    state: str


class HoldingChange(msgspec.Struct, frozen=True, kw_only=True):
    """A pool or, with `grant` and `team`, a grant. `was` is null of what is new."""

    resource: str
    grant: str | None
    team: str | None
    was: Holding | None
    becomes: Holding


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What would be seen to change. Standings of a stage that takes scores are worked out once scoring closes."""

    teams: tuple[TeamChange, ...]
    standings: tuple[StandingChange, ...]
    holdings: tuple[HoldingChange, ...]

    def foreseen(self, events: Sequence[Event]) -> Foreseen:
        """The digests of these changes, and of the events that bring them."""
        return foreseen(events, self.teams, self.standings, self.holdings)


def ahead(case: Case, events: Sequence[Event]) -> list[Occurrence]:
    """Events as though they were recorded after the position of the case."""
    return [
        Occurrence(case.position + n, case.decided_at, each.VERSION, b"", each)
        for n, each in enumerate(events, start=1)
    ]


def teams_changed(roster: Roster, coming: Sequence[Occurrence]) -> tuple[TeamChange, ...]:
    """How teams change by what comes, which the roster takes in."""
    statuses: dict[str, Status] = dict(roster.status)
    for each in coming:
        if any(each.event.TYPE in item.types for item in roster.selects):
            roster.apply(each.position, each.event)
    return tuple(team_changes(statuses, roster.status, roster.names))


def standings_changed(rows: Rows, coming: Sequence[Occurrence]) -> tuple[StandingChange, ...]:
    """How standings change by what comes, which is folded into their rows."""
    before = dict(rows.scan("standings/"))
    STANDINGS.fold(rows, coming)
    after = dict(rows.scan("standings/"))
    return tuple(
        change
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
        for change in standing_changes(
            key.removeprefix("standings/"), _standings(before.get(key)), _standings(after.get(key))
        )
    )


def holdings_changed(rows: Rows, coming: Sequence[Occurrence]) -> tuple[HoldingChange, ...]:
    """How pools and grants change by what comes, which is folded into their rows."""
    before = _uses(rows)
    GRANTS.fold(rows, coming)
    return tuple(holding_changes(before, _uses(rows)))


def changes_after(programme: str, before: Sequence[Occurrence], coming: Sequence[Occurrence]) -> Changes:
    """What would change by what comes, after all that was recorded of a programme."""
    roster, standings, grants = Roster(programme), MemoryRows(), MemoryRows()
    teams_changed(roster, before)
    STANDINGS.fold(standings, before)
    GRANTS.fold(grants, before)
    return Changes(
        teams=teams_changed(roster, coming),
        standings=standings_changed(standings, coming),
        holdings=holdings_changed(grants, coming),
    )


def _standings(stored: bytes | None) -> Standings | None:
    return msgspec.json.decode(stored, type=Standings) if stored else None


def _uses(rows: Rows) -> tuple[ResourceUse, ...]:
    return resource_use([*rows.scan("grant/"), *rows.scan("pool/")])


def foreseen(
    events: Iterable[Event],
    teams: Sequence[TeamChange],
    standings: Sequence[StandingChange],
    holdings: Sequence[HoldingChange],
) -> Foreseen:
    """The digests of what would come."""
    changes = {"teams": teams, "standings": standings, "holdings": holdings}
    hashed = {kind: hashlib.sha256(msgspec.json.encode(found)).hexdigest() for kind, found in changes.items()}
    return Foreseen(events=effects_of(events), **hashed)


def shown_from(programme: str, charter: Charter, teams: Iterable[str]) -> tuple[QueryItem, ...]:
    """Every event that a preview's changes come from; `teams`: all that were ever in the programme."""
    stages = tuple(cls.TYPE for cls in (*COURSE_EVENTS, *SCORE_EVENTS))
    programmes = tuple(dict.fromkeys(cls.TYPE for cls in (*CHARTER_EVENTS, *ROSTER_EVENTS)))
    grants = tuple(cls.TYPE for cls in GRANT_EVENTS)
    return (
        QueryItem(types=programmes, tags=(tag("programme", programme),)),
        *(QueryItem(types=stages, tags=(tag("stage", programme, each.id),)) for each in charter.stages),
        *(QueryItem(types=grants, tags=(tag("team", programme, each),)) for each in teams),
        *(
            QueryItem(types=(ResourcePoolSet.TYPE,), tags=(tag("resource", programme, each.id),))
            for each in charter.resources
        ),
    )


def team_changes(
    before: Mapping[str, Status], after: Mapping[str, Status], names: Mapping[str, Names]
) -> Iterator[TeamChange]:
    for team, status in after.items():
        if before.get(team) != status:
            yield TeamChange(team=team, name=names[team], was=before.get(team), becomes=status)


def standing_changes(stage: str, before: Standings | None, after: Standings | None) -> Iterator[StandingChange]:
    """Teams as they stand after, then those that have no row any more."""
    was = {row.team: row for row in (before.rows if before else ())}
    becomes = {row.team: row for row in (after.rows if after else ())}
    for team, row in {**was, **becomes}.items():
        stands = tuple(_stands(rows.get(team)) for rows in (was, becomes))
        if stands[0] != stands[1]:
            yield StandingChange(stage=stage, team=team, name=row.names, was=stands[0], becomes=stands[1])


def _stands(row: Row | None) -> Stands | None:
    if row is None:
        return None
    return Stands(rank=row.rank, total=row.total, status=row.status, cause=row.cause, independence=row.independence)


def holding_changes(before: Sequence[ResourceUse], after: Sequence[ResourceUse]) -> Iterator[HoldingChange]:
    was = dict(_holdings(before))
    for (resource, grant, team), holding in _holdings(after):
        earlier = was.get((resource, grant, team))
        if earlier != holding:
            yield HoldingChange(resource=resource, grant=grant, team=team, was=earlier, becomes=holding)


def _holdings(uses: Sequence[ResourceUse]) -> Iterator[tuple[tuple[str, str | None, str | None], Holding]]:
    for use in uses:
        if use.pool is not None:
            yield (use.resource, None, None), _holding(use.pool, "open")
        for grant in use.grants:
            yield (use.resource, grant.grant, grant.team), _holding(grant, grant.state)


def _holding(of: PoolRow | GrantRow, state: str) -> Holding:
    return Holding(quantity=of.quantity, starts=of.starts, ends=of.ends, state=state)
