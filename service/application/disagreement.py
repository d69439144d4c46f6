"""How far the evaluators of a stage are apart, for those who may read their sheets."""

from __future__ import annotations

import msgspec

from domain.disagreement import Spread, disagreement
from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.refusal import Refusal
from domain.views.standings import STANDINGS, facts_of
from service.application.reading import Queries
from service.application.reading_refusals import unknown_stage


class SheetsNotYoursToReadError(Refusal):
    """What evaluators gave is read by the agencies of the programme, its auditors and its evaluators."""

    KIND = "forbidden"


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """As of `position`."""

    programme: str
    stage: str
    position: int
    data_set: DataSet
    spreads: list[Spread]


def disagreement_of(
    queries: Queries,
    programme: str,
    stage_id: str | None,
    reader: Reader,
    *,
    as_of_position: int | None = None,
    min_position: int = 0,
) -> Disagreement:
    """Of a stage, the first one if none is named. Raises `SheetsNotYoursToReadError`, and as `Queries.standings`."""
    disclosure = queries.disclosure(programme, reader)
    evaluator = disclosure.reader.subject if disclosure.reader.role == "evaluator" else None
    if evaluator is None and not disclosure.reader.reads_embargoed:
        raise SheetsNotYoursToReadError(
            f"the sheets of {programme} are not for everybody",
            rule="Agencies, auditors, and evaluators whose own sheet is in, read what single evaluators gave.",
        )
    stage = disclosure.charter.stage(stage_id) if stage_id else disclosure.charter.stages[0]
    if stage is None:
        raise unknown_stage(programme, stage_id or "")
    with queries.views.rows(STANDINGS, programme, as_of_position, min_position) as (rows, position):
        course, cells = facts_of(rows, stage.id)
    return Disagreement(
        programme=programme,
        stage=stage.id,
        position=position,
        data_set=disclosure.charter.data_set,
        spreads=disagreement(stage, course, cells, evaluator),
    )
