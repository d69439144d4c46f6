"""A team: why it stands where it stands, and what concerned it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

from litestar import Response
from litestar.params import FromPath

from domain.boundary import QueryItem, tag
from domain.charter import CHARTER_EVENTS
from domain.charter_document import Charter
from domain.disclosure import PUBLIC
from domain.rubric import Stage
from domain.standings import Row, Standings
from domain.views.timeline import STORY, Moment, moment_of
from service.api.access import AnyRequest
from service.api.answers import only_parameters
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Parts, Wired
from service.api.prepared import Prepared
from service.api.problems import ApiProblem
from service.application.explain import Explanation, UnknownTeamError, explanation_of
from service.application.reading_refusals import UnknownStageError
from service.web.common import charter_of, of_programme, page
from service.web.rendering import html

_OF_TEAMS: Final = tuple(sorted(STORY - {cls.TYPE for cls in CHARTER_EVENTS}))
"""What is told of the story on a team's page."""


@page("/{programme:str}/teams/{team:str}")
async def show_team(
    request: AnyRequest, programme: FromPath[str], team: FromPath[str], parts: Wired
) -> Response[bytes]:
    """A team's story: who it is, why it stands where it stands, what concerned it."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await charter_of(parts, programme)
        position = await as_of(request, parts)
        teams, _position = await parts.run(partial(parts.queries.teams, programme, PUBLIC, as_of_position=position))
        known = next((each for each in teams if each.team == team), None)
        if known is None:
            raise ApiProblem("not-found", f"there is no team {team[:80]!r} in {programme}")
        asked = partial(_in_stages, parts, programme, team, charter, position)
        about = partial(_moments_about, parts, programme, team, position)
        return html(
            request,
            "team.html",
            **of_programme(charter),
            team=known,
            travelled=position,
            names={each.team: each.names for each in teams},
            taken_part=await parts.run(asked),
            moments=await parts.run(about),
        )

    return await made_once(request, parts, programme, PUBLIC, make)


class InStage(NamedTuple):
    """A team in a stage: its figures, unless they are under embargo, and why they are so."""

    stage: Stage
    row: Row | None
    why: Explanation


def _in_stages(parts: Parts, programme: str, team: str, charter: Charter, position: int | None) -> list[InStage]:
    """Every stage that the team takes part in."""
    found = []
    for stage in charter.stages:
        with suppress(UnknownTeamError, UnknownStageError):
            why = explanation_of(parts.queries, programme, team, stage.id, PUBLIC, as_of_position=position)
            standings = parts.queries.standings(programme, stage.id, PUBLIC, as_of_position=position)
            rows = standings.rows if isinstance(standings, Standings) else ()
            found.append(InStage(stage, next((row for row in rows if row.team == team), None), why))
    return found


def _moments_about(parts: Parts, programme: str, team: str, position: int | None) -> list[Moment]:
    """What the public may read of the story that is tagged with the team, the latest first."""
    disclosure = parts.queries.disclosure(programme, PUBLIC, position)
    upto = position or parts.ready()
    about = QueryItem(types=_OF_TEAMS, tags=(tag("team", programme, team),))
    entries = parts.queries.retold(disclosure, (about,), upto=upto)
    return [moment_of(each) for each in reversed(entries) if each.withheld is None and each.type in _OF_TEAMS]


HANDLERS = [show_team]
