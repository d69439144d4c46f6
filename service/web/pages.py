"""Pages of a programme: what anybody may read of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from litestar import Response, get
from litestar.params import FromPath

from domain import charter_document
from domain.boundary import QueryItem, tag
from domain.charter import CHARTER_EVENTS
from domain.charter_document import Charter
from domain.disclosure import PUBLIC
from domain.outcome_events import DeviationRecorded, IndependenceRuled
from domain.standings import Standings
from domain.views.audit_trail import Entry
from domain.views.timeline import STORY, Moment, moment_of
from service.api.access import AnyRequest
from service.api.answers import only_parameters, sent, whole_number
from service.api.as_of import AS_OF, as_of
from service.api.once import made_once
from service.api.parts import Parts, Wired
from service.api.prepared import Prepared
from service.api.problems import ApiProblem
from service.application.explain import Explanation, UnknownTeamError, explanation_of
from service.application.reading import UnknownStageError
from service.application.timeline import timeline_of
from service.web.rendering import Label, html

LATEST: Final = 6
PAGE: Final = 50
_OF_TEAMS: Final = tuple(sorted(STORY - {cls.TYPE for cls in CHARTER_EVENTS}))
"""What is told of the story on a team's page."""
_LANGUAGES: Final = ("ko", "en")


def page(path: str) -> Callable[[Any], Any]:
    """A handler of the page in each language."""
    return get([f"/{each}{path}" for each in _LANGUAGES])


async def _charter(parts: Parts, programme: str) -> Charter:
    document, _rules_hash = await parts.run(partial(parts.queries.charter, programme))
    return charter_document.parse(document)


def _label(charter: Charter) -> Label:
    return Label(charter.data_set, charter.notice)


@page("/")
async def show_programmes(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Every programme."""
    only_parameters(request)

    async def make() -> Prepared:
        return html(request, "programmes.html", programmes=await parts.run(parts.queries.programmes))

    return await made_once(request, parts, None, PUBLIC, make)


@page("/{programme:str}")
async def show_programme(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """One programme: its stages, who is in, what comes next, what was decided last."""
    only_parameters(request)
    charter = await _charter(parts, programme)
    detail = await parts.run(partial(parts.queries.programme, programme))
    teams, _position = await parts.run(partial(parts.queries.teams, programme, PUBLIC))
    story = await parts.run(partial(timeline_of, parts.queries, programme, PUBLIC, limit=10**6))
    values: dict[str, Any] = {
        "charter": charter,
        "detail": detail,
        "teams": teams,
        "story": story,
        "latest": story.moments[: -LATEST - 1 : -1],
        "programme": programme,
    }
    # What lies ahead depends on the time of day.
    return sent(request, html(request, "programme.html", label=_label(charter), **values))


@page("/{programme:str}/standings")
async def show_standings(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Standings of a stage, with what every figure consists of."""
    only_parameters(request, "stage", *AS_OF)

    async def make() -> Prepared:
        charter = await _charter(parts, programme)
        position = await as_of(request, parts)
        stage_id = request.query_params.get("stage") or charter.stages[0].id
        asked = partial(parts.queries.standings, programme, stage_id, PUBLIC, as_of_position=position)
        found = await parts.run(asked)
        return html(
            request,
            "standings.html",
            section="standings",
            label=_label(charter),
            programme=programme,
            charter=charter,
            stage=charter.stage(stage_id),
            found=found,
            shown=isinstance(found, Standings),
            travelled=position,
            head=await parts.run(parts.ready),
        )

    return await made_once(request, parts, programme, PUBLIC, make)


@page("/{programme:str}/teams/{team:str}")
async def show_team(
    request: AnyRequest, programme: FromPath[str], team: FromPath[str], parts: Wired
) -> Response[bytes]:
    """A team's story: who it is, why it stands where it stands, what concerned it."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await _charter(parts, programme)
        position = await as_of(request, parts)
        teams, _position = await parts.run(partial(parts.queries.teams, programme, PUBLIC, as_of_position=position))
        known = next((each for each in teams if each.team == team), None)
        if known is None:
            raise ApiProblem("not-found", f"there is no team {team[:80]!r} in {programme}")
        asked = partial(_explanations, parts, programme, team, charter, position)
        about = partial(_moments_about, parts, programme, team, position)
        return html(
            request,
            "team.html",
            label=_label(charter),
            programme=programme,
            charter=charter,
            team=known,
            names={each.team: each.names for each in teams},
            explanations=await parts.run(asked),
            moments=await parts.run(about),
        )

    return await made_once(request, parts, programme, PUBLIC, make)


def _explanations(parts: Parts, programme: str, team: str, charter: Charter, position: int | None) -> list[Explanation]:
    """Of every stage that the team takes part in."""
    found = []
    for stage in charter.stages:
        with suppress(UnknownTeamError, UnknownStageError):
            asked = explanation_of(parts.queries, programme, team, stage.id, PUBLIC, as_of_position=position)
            found.append(asked)
    return found


def _moments_about(parts: Parts, programme: str, team: str, position: int | None) -> list[Moment]:
    """What the public may read of the story that is tagged with the team, the latest first."""
    disclosure = parts.queries.disclosure(programme, PUBLIC, position)
    upto = position or parts.ready()
    about = QueryItem(types=_OF_TEAMS, tags=(tag("team", programme, team),))
    entries = parts.queries.retold(disclosure, (about,), upto=upto)
    return [moment_of(each) for each in reversed(entries) if each.withheld is None and each.type in _OF_TEAMS]


@page("/{programme:str}/independence")
async def show_independence(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Rulings by perspective and condition, and what else the plan did not foresee."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await _charter(parts, programme)
        asked = partial(timeline_of, parts.queries, programme, PUBLIC, limit=10**6)
        story = await parts.run(partial(asked, as_of_position=await as_of(request, parts)))
        return html(
            request,
            "independence.html",
            section="independence",
            label=_label(charter),
            programme=programme,
            charter=charter,
            rulings=[each for each in story.moments if each.type == IndependenceRuled.TYPE],
            deviations=[each for each in story.moments if each.type == DeviationRecorded.TYPE],
        )

    return await made_once(request, parts, programme, PUBLIC, make)


@page("/{programme:str}/calls")
async def show_calls(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Additional calls: for whom, until when, and what came of them."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await _charter(parts, programme)
        asked = partial(parts.queries.calls, programme, PUBLIC, as_of_position=await as_of(request, parts))
        calls, _position = await parts.run(asked)
        teams, _position = await parts.run(partial(parts.queries.teams, programme, PUBLIC))
        return html(
            request,
            "calls.html",
            section="calls",
            label=_label(charter),
            programme=programme,
            charter=charter,
            calls=calls,
            names={each.team: each.names for each in teams},
        )

    return await made_once(request, parts, programme, PUBLIC, make)


@page("/{programme:str}/timeline")
async def show_timeline(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """What happened when, the latest first."""
    only_parameters(request, "before", *AS_OF)
    position = await as_of(request, parts)
    before = whole_number(request, "before", 0)
    charter = await _charter(parts, programme)
    asked = partial(timeline_of, parts.queries, programme, PUBLIC, limit=10**6, as_of_position=position)
    story = await parts.run(asked)
    moments = [each for each in reversed(story.moments) if not before or each.position < before]
    values: dict[str, Any] = {
        "charter": charter,
        "story": story,
        "moments": moments[:PAGE],
        "earlier": moments[PAGE - 1].position if len(moments) > PAGE else None,
        "travelled": position,
        "head": await parts.run(parts.ready),
        "programme": programme,
        "section": "timeline",
    }
    # What lies ahead depends on the time of day.
    return sent(request, html(request, "timeline.html", label=_label(charter), **values))


@page("/{programme:str}/decisions/{position:int}")
async def show_decision(
    request: AnyRequest, programme: FromPath[str], position: FromPath[int], parts: Wired
) -> Response[bytes]:
    """One entry of the record: what it says, who decided it, and where it is proved."""
    only_parameters(request)

    async def make() -> Prepared:
        charter = await _charter(parts, programme)
        entry = await _entry(parts, programme, position)
        agencies = {each.id: each.name for each in charter.agencies}
        return html(
            request,
            "decision.html",
            label=_label(charter),
            programme=programme,
            charter=charter,
            entry=entry,
            agencies=agencies,
        )

    return await made_once(request, parts, programme, PUBLIC, make)


async def _entry(parts: Parts, programme: str, position: int) -> Entry:
    if position > 0:
        asked = partial(parts.queries.audit_trail, programme, PUBLIC, after=position - 1, limit=1)
        entries: Sequence[Entry] = (await parts.run(asked))[0]
        if entries and entries[0].position == position:
            return entries[0]
    raise ApiProblem("not-found", f"{programme} has no entry at position {position}")


@page("/{programme:str}/grants")
async def show_grants(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Pools, and what was granted from them."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        charter = await _charter(parts, programme)
        position = await as_of(request, parts)
        found = await parts.run(partial(parts.queries.grants, programme, PUBLIC, as_of_position=position))
        teams, _position = await parts.run(partial(parts.queries.teams, programme, PUBLIC, as_of_position=position))
        return html(
            request,
            "grants.html",
            section="grants",
            label=_label(charter),
            programme=programme,
            charter=charter,
            found=found,
            names={each.team: each.names for each in teams},
            resources={each.id: each.title for each in charter.resources},
        )

    return await made_once(request, parts, programme, PUBLIC, make)


@page("/{programme:str}/charter")
async def show_charter(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The charter as a document."""
    only_parameters(request, "rules_hash")

    async def make() -> Prepared:
        asked = partial(parts.queries.charter, programme, request.query_params.get("rules_hash"))
        document, rules_hash = await parts.run(asked)
        charter = charter_document.parse(document)
        return html(
            request,
            "charter.html",
            section="charter",
            label=_label(charter),
            programme=programme,
            charter=charter,
            rules_hash=rules_hash,
            agencies={each.id: each.name for each in charter.agencies},
        )

    return await made_once(request, parts, programme, PUBLIC, make)


HANDLERS = [
    show_programmes,
    show_programme,
    show_standings,
    show_team,
    show_independence,
    show_calls,
    show_timeline,
    show_decision,
    show_grants,
    show_charter,
]
