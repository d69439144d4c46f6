"""What differs between two positions, as far as a reader may see it as of each."""

from __future__ import annotations

from typing import Final

import msgspec

from domain.differences import told_changes
from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.refusal import Refusal
from domain.sentences import Words
from domain.standings import Standings
from domain.views.audit_trail import Entry
from domain.views.effects import Changes, holding_changes, standing_changes, team_changes
from domain.views.grants import ResourceUse
from service.application.answers import TeamSummary
from service.application.reading import Queries
from service.application.reading_refusals import UnknownStageError

MOST: Final = 1000
"""Entries of the audit trail in one answer."""


class PositionsOutOfOrderError(Refusal):
    """A difference is from a position to a later one."""

    KIND = "invalid"


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """`says`: every change in words, in the order of `changes`. `entries`: what was recorded after the first position,
    up to the second, a thousand at most; `more`: the audit trail has the rest."""

    programme: str
    data_set: DataSet
    earlier: int
    later: int
    changes: Changes
    says: list[Words]
    entries: list[Entry]
    more: bool


def diff_of(queries: Queries, programme: str, reader: Reader, earlier: int, later: int) -> Diff:
    """Standings under embargo, and what a stage had before it was opened, are no rows; what became public since is not
    shown as of then. Raises `PositionsOutOfOrderError`, and as `Queries.audit_trail`."""
    if earlier > later:
        raise PositionsOutOfOrderError(
            f"from: {earlier} is after {later}", rule="A difference is from a position to a later one.", pointer="/from"
        )
    disclosure = queries.disclosure(programme, reader, later)
    teams, standings, uses = zip(
        *(_seen(queries, programme, reader, position) for position in (earlier, later)), strict=True
    )
    names = {each.team: each.names for seen in teams for each in seen}
    was, becomes = ({each.team: each.status for each in seen} for seen in teams)
    stages = dict.fromkeys((*standings[0], *standings[1]))
    changes = Changes(
        teams=tuple(team_changes(was, becomes, names)),
        standings=tuple(
            change
            for stage in stages
            for change in standing_changes(stage, standings[0].get(stage), standings[1].get(stage))
        ),
        holdings=tuple(holding_changes(*uses)),
    )
    entries, _position = queries.audit_trail(programme, reader, after=earlier, limit=MOST + 1, as_of_position=later)
    return Diff(
        programme=programme,
        data_set=disclosure.charter.data_set,
        earlier=earlier,
        later=later,
        changes=changes,
        says=list(told_changes(changes, queries.naming(programme, disclosure).at(later))),
        entries=entries[:MOST],
        more=len(entries) > MOST,
    )


def _seen(
    queries: Queries, programme: str, reader: Reader, position: int
) -> tuple[list[TeamSummary], dict[str, Standings], tuple[ResourceUse, ...]]:
    """Teams, standings by stage, and resources as of a position."""
    charter = queries.disclosure(programme, reader, position).charter_at(position)
    teams, _position = queries.teams(programme, reader, as_of_position=position)
    standings = {}
    for stage in charter.stages:
        try:
            found = queries.standings(programme, stage.id, reader, as_of_position=position)
        except UnknownStageError:
            continue
        if isinstance(found, Standings):
            standings[stage.id] = found
    return teams, standings, queries.grants(programme, reader, as_of_position=position).resources
