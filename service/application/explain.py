"""Why a team stands where it stands, or has a figure, as far as the reader may know it."""

from __future__ import annotations

import msgspec

from domain import charter_document
from domain.boundary import QueryItem, tag
from domain.bounds import Contradiction
from domain.disclosure import Reader
from domain.envelope import DataSet
from domain.explain import RANK, explain
from domain.explained import Explained
from domain.explaining_criterion import rests_on_the_field
from domain.explaining_rank import tells_totals
from domain.objections import OBJECTION_EVENTS
from domain.outcome_events import review_tag
from domain.reasons import Reason
from domain.record import COURSE_EVENTS, SCORE_EVENTS
from domain.refusal import Refusal
from domain.rubric import Stage
from domain.stages import facts_contradict
from domain.views.standings import STANDINGS, facts_of, rules_of
from service.application.reading import Queries
from service.application.reading_refusals import not_opened, unknown_stage, until_published


class UnknownTeamError(Refusal):
    """The team does not take part in the stage."""

    KIND = "unknown"


class UnknownFigureError(Refusal):
    """The rubric has no such figure, or the team has none of it."""

    KIND = "unknown"


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """As of `position`. `tree`: null while the results of the stage are under `embargo`, which says until when."""

    programme: str
    stage: str
    team: str
    node: str | None
    position: int
    data_set: DataSet
    rules_hash: str | None
    embargo: str | None
    tree: Reason | None


def explanation_of(
    queries: Queries,
    programme: str,
    team: str,
    stage_id: str | None,
    reader: Reader,
    *,
    node: str | None = None,
    as_of_position: int | None = None,
    min_position: int = 0,
) -> Explanation:
    """Of a team in a stage, the first one if none is named; of a single figure with `node`.

    Raises `UnknownTeamError`, `UnknownFigureError`, and as `Queries.standings`.
    """
    disclosure = queries.disclosure(programme, reader, as_of_position)
    stage_id = stage_id or disclosure.charter.stages[0].id
    if disclosure.charter.stage(stage_id) is None:
        raise unknown_stage(programme, stage_id)
    publications = disclosure.publications
    embargoed = not (disclosure.reader.reads_embargoed or publications.current(stage_id))
    if embargoed and (reopened := publications.upto.get(stage_id)):
        return explanation_of(queries, programme, team, stage_id, reader, node=node, as_of_position=reopened - 1)
    with queries.views.rows(STANDINGS, programme, as_of_position, min_position) as (rows, position):
        if rows.get(f"standings/{stage_id}") is None:
            raise not_opened(programme, stage_id, position)
        answer = Explanation(
            programme=programme,
            stage=stage_id,
            team=team,
            node=node,
            position=position,
            data_set=disclosure.charter.data_set,
            rules_hash=None,
            embargo=until_published(stage_id),
            tree=None,
        )
        if embargoed:
            return answer
        course, cells = facts_of(rows, stage_id)
        document, stage = rules_of(rows, stage_id)
    if stage is None:
        raise unknown_stage(programme, stage_id)
    if team not in course.teams and team not in course.eliminated:
        raise UnknownTeamError(
            f"{team[:80]!r} takes no part in {stage_id}", rule="A stage is opened for the teams that hold a seat."
        )
    charter, rules_hash = charter_document.parse(document), charter_document.rules_hash(document)
    field = rests_on_the_field(stage) or (node == RANK and tells_totals(cells))
    entries = queries.retold(disclosure, _about(programme, stage, team, field=field), upto=position)
    names = queries.naming(programme, disclosure).at(position)
    try:
        tree = explain(Explained(charter, rules_hash, stage, course, cells, entries, names, team), node)
    except Contradiction as why:
        raise facts_contradict(why) from why
    if tree is None:
        raise UnknownFigureError(
            f"{team} has no figure {(node or '')[:80]!r} in {stage_id}",
            rule="A figure is the rank, the total, an assessment, assessment/criterion or an index.",
        )
    return msgspec.structs.replace(answer, rules_hash=rules_hash, embargo=None, tree=tree)


def _about(programme: str, stage: Stage, team: str, *, field: bool) -> tuple[QueryItem, ...]:
    """Every event that an explanation may rest on. `field`: on the scores of all teams."""
    of_stage, of_team = tag("stage", programme, stage.id), tag("team", programme, team)
    scores = (of_stage,) if field else (of_stage, of_team)
    return (
        QueryItem(types=tuple(cls.TYPE for cls in (*COURSE_EVENTS, *OBJECTION_EVENTS)), tags=(of_stage,)),
        QueryItem(types=tuple(cls.TYPE for cls in SCORE_EVENTS), tags=scores),
        QueryItem(tags=(review_tag(programme, stage.id, team),)),
    )
