"""What queries of a programme answer; views of their own say theirs in `domain.views`."""

from __future__ import annotations

import msgspec

from domain.charter_document import Charter
from domain.envelope import DataSet
from domain.rubric import Calendar
from domain.scalars import Names
from domain.teams import Status
from domain.views.amendments import AmendmentSummary
from domain.views.grants import ResourceUse


class ProgrammeSummary(msgspec.Struct, frozen=True, kw_only=True):
    programme: str
    title: Names
    data_set: DataSet
    notice: Names
    rules_hash: str


class StageSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`calendar`: the days that were planned, null if the charter says nothing."""

    id: str
    title: Names
    published: bool
    calendar: Calendar | None


class ProgrammeDetail(ProgrammeSummary, frozen=True, kw_only=True):
    """`position`: of the ledger when this was read."""

    position: int
    owner: str
    seats: str
    stages: tuple[StageSummary, ...]
    amendments: tuple[AmendmentSummary, ...]


class TeamSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`status`: null where the outcome is under embargo. `reenters`: the team that it was before, if it was one.

    `titles`: those that it bears. `members`: its organisations, as far as they were recorded, the lead first.
    """

    team: str
    name: str
    names: Names
    status: Status | None
    reenters: str | None
    titles: tuple[str, ...]
    members: tuple[str, ...]


class GrantsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    programme: str
    position: int
    data_set: DataSet
    resources: tuple[ResourceUse, ...]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What may be known of a stage under embargo: how many events of each type, never their content."""

    programme: str
    stage: str
    position: int
    data_set: DataSet
    embargo: str
    events: dict[str, int]


def summary(charter: Charter, rules_hash: str) -> ProgrammeSummary:
    return ProgrammeSummary(
        programme=charter.programme,
        title=charter.title,
        data_set=charter.data_set,
        notice=charter.notice,
        rules_hash=rules_hash,
    )
