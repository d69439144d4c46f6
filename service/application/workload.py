"""What each agency of a programme has done, and what waits for it; for agencies and auditors."""

from __future__ import annotations

import msgspec

from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.refusal import Refusal
from domain.views.waiting import AgencyWork, work_of_agencies
from domain.views.workload import WORKLOAD
from service.application.reading import Queries


class WorkloadNotYoursToReadError(Refusal):
    """What agencies have to do is read by the agencies of the programme and its auditors."""

    KIND = "forbidden"


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """As of `position`; deadlines are held against now, or against the time of the position asked."""

    programme: str
    position: int
    data_set: DataSet
    agencies: tuple[AgencyWork, ...]


def workload_of(
    queries: Queries, programme: str, reader: Reader, *, as_of_position: int | None = None, min_position: int = 0
) -> Workload:
    """Every agency of the charter. Raises `WorkloadNotYoursToReadError`, and as `Queries.grants`."""
    disclosure = queries.disclosure(programme, reader, as_of_position)
    if not disclosure.reader.reads_embargoed:
        raise WorkloadNotYoursToReadError(
            f"the workload of {programme} is not for everybody",
            rule="Agencies of the programme and auditors read what agencies have to do.",
        )
    at = queries.moment(as_of_position)
    with queries.views.rows(WORKLOAD, programme, as_of_position, min_position) as (rows, position):
        agencies = work_of_agencies(rows, at)
    return Workload(programme=programme, position=position, data_set=disclosure.charter.data_set, agencies=agencies)
