"""What if: what would follow from other facts or rules, and how little of them it takes. Unofficial, never recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import msgspec

from domain.alterations import AnyAlteration
from domain.bounds import Contradiction
from domain.charter_document import rules_hash
from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.record import Course
from domain.refusal import InvalidCommandError, Refusal
from domain.rubric import Stage
from domain.scalars import Identifier
from domain.sensitivity import Sensitivity, sensitivity
from domain.sentences import Words
from domain.stages import facts_contradict
from domain.tally import Cells
from domain.views.standings import STANDINGS, facts_of, rules_of
from domain.what_if import WhatIfRow, what_if
from service.application.reading import Queries
from service.application.reading_refusals import not_opened, unknown_stage

UNOFFICIAL: Final = Words(
    "Unofficial: nobody decided this, and nothing of it is recorded.",
    "비공식: 누구도 이렇게 결정하지 않았으며, 아무것도 기록되지 않는다.",
)

MOST: Final = 100
"""Alterations in one question."""


class WhatIfNotYoursToAskError(Refusal):
    """What other scores would have led to is asked by who may read the scores: the programme's agencies, auditors."""

    KIND = "forbidden"


class WhatIfQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`stage`: the first one if none is named. `alterations`: made one after the other, 1 to 100 of them."""

    stage: Identifier | None = None
    alterations: tuple[AnyAlteration, ...]


class _Unofficial(msgspec.Struct, frozen=True, kw_only=True):
    """From the facts as of `position`, under the rules of that hash."""

    programme: str
    stage: str
    position: int
    data_set: DataSet
    rules_hash: str
    unofficial: Literal[True] = True
    notice: Words = UNOFFICIAL


class WhatIfAnswer(_Unofficial, frozen=True, kw_only=True):
    """What would follow for each team, beside what does."""

    alterations: tuple[AnyAlteration, ...]
    rows: list[WhatIfRow]


class SensitivityAnswer(_Unofficial, frozen=True, kw_only=True):
    """How much it takes for something else to follow."""

    sensitivity: Sensitivity


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    stage: Stage
    course: Course
    cells: Cells
    position: int
    data_set: DataSet
    rules_hash: str


def what_if_of(
    queries: Queries, programme: str, asked: WhatIfQuestion, reader: Reader, *, as_of_position: int | None = None
) -> WhatIfAnswer:
    """Raises `WhatIfNotYoursToAskError`, `InvalidCommandError`, `FactsContradictError`, and as `Queries.standings`."""
    if not 1 <= len(asked.alterations) <= MOST:
        raise InvalidCommandError(
            f"alterations: {len(asked.alterations)} of them",
            rule=f"From 1 to {MOST} alterations are asked at a time.",
            pointer="/alterations",
        )
    with _facts(queries, programme, asked.stage, reader, as_of_position) as facts:
        rows = what_if(facts.stage, facts.course, facts.cells, asked.alterations)
    return WhatIfAnswer(
        programme=programme,
        stage=facts.stage.id,
        position=facts.position,
        data_set=facts.data_set,
        rules_hash=facts.rules_hash,
        alterations=asked.alterations,
        rows=rows,
    )


def sensitivity_of(
    queries: Queries, programme: str, stage: str | None, reader: Reader, *, as_of_position: int | None = None
) -> SensitivityAnswer:
    """Raises as `what_if_of`."""
    with _facts(queries, programme, stage, reader, as_of_position) as facts:
        found = sensitivity(facts.stage, facts.course, facts.cells)
    return SensitivityAnswer(
        programme=programme,
        stage=facts.stage.id,
        position=facts.position,
        data_set=facts.data_set,
        rules_hash=facts.rules_hash,
        sensitivity=found,
    )


@contextmanager
def _facts(
    queries: Queries, programme: str, stage_id: str | None, reader: Reader, as_of_position: int | None
) -> Iterator[_Facts]:
    disclosure = queries.disclosure(programme, reader)
    if not disclosure.reader.reads_embargoed:
        raise WhatIfNotYoursToAskError(
            f"the scores of {programme} are not for everybody",
            rule="Agencies of the programme, and auditors, ask what other scores or rules would have led to.",
        )
    stage_id = stage_id or disclosure.charter.stages[0].id
    with queries.views.rows(STANDINGS, programme, as_of_position, 0) as (rows, position):
        document, stage = rules_of(rows, stage_id)
        course, cells = facts_of(rows, stage_id)
    if stage is None:
        raise unknown_stage(programme, stage_id)
    if not course.opened:
        raise not_opened(programme, stage_id, position)
    try:
        yield _Facts(
            stage=stage,
            course=course,
            cells=cells,
            position=position,
            data_set=disclosure.charter.data_set,
            rules_hash=rules_hash(document),
        )
    except Contradiction as why:
        raise facts_contradict(why) from why
