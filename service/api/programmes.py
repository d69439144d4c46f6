"""Views of a programme."""

from __future__ import annotations

from functools import partial

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from domain.disclosure import PUBLIC
from domain.envelope import DataSet
from domain.views.audit_trail import Entry
from domain.views.calls import CallSummary
from domain.views.objections import ObjectionRow
from service.api.access import AnyRequest, principal_of, reader_of
from service.api.answers import PAGE, PAGE_LIMIT, next_link, only_parameters, whole_number
from service.api.as_of import AS_OF, EFFECTIVE, as_of, effective_at
from service.api.once import made_once
from service.api.parts import Parts, Wired
from service.api.prepared import Prepared, prepared
from service.api.spreadsheets import as_asked
from service.application.answers import ProgrammeSummary, TeamSummary
from service.application.tables import Table, grants_table, standings_table, trail_table


class ProgrammeList(msgspec.Struct, frozen=True):
    programmes: list[ProgrammeSummary]


class TeamList(msgspec.Struct, frozen=True, kw_only=True):
    """`position`: of the ledger when this was read, or as asked."""

    programme: str
    position: int
    data_set: DataSet
    teams: list[TeamSummary]


class CallList(msgspec.Struct, frozen=True, kw_only=True):
    """`position`: of the ledger when this was read, or as asked."""

    programme: str
    position: int
    data_set: DataSet
    calls: list[CallSummary]


class ObjectionList(msgspec.Struct, frozen=True, kw_only=True):
    """`position`: of the ledger when this was read, or as asked."""

    programme: str
    position: int
    data_set: DataSet
    objections: list[ObjectionRow]


class AuditTrail(msgspec.Struct, frozen=True, kw_only=True):
    """`position`: up to which the trail is complete."""

    programme: str
    position: int
    data_set: DataSet
    entries: list[Entry]


@get("/v1/programmes")
async def list_programmes(request: AnyRequest, parts: Wired) -> Response[bytes]:
    """Every programme."""
    only_parameters(request)

    async def make() -> Prepared:
        return prepared(ProgrammeList(await parts.run(parts.queries.programmes)))

    return await made_once(request, parts, None, PUBLIC, make)


@get("/v1/programmes/{programme:str}")
async def get_programme(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """One programme: its stages and how far they are."""
    only_parameters(request, *AS_OF)

    async def make() -> Prepared:
        position = await as_of(request, parts)
        return prepared(await parts.run(partial(parts.queries.programme, programme, as_of_position=position)))

    return await made_once(request, parts, programme, PUBLIC, make)


@get("/v1/programmes/{programme:str}/charter")
async def get_charter(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The charter in force, or any that was, by its rules hash: the canonical bytes of which that is the SHA-256."""
    only_parameters(request, "rules_hash")

    async def make() -> Prepared:
        asked = request.query_params.get("rules_hash")
        document, rules_hash = await parts.run(partial(parts.queries.charter, programme, asked))
        return prepared(document, headers={"Rules-Hash": rules_hash})

    return await made_once(request, parts, programme, PUBLIC, make)


@get("/v1/programmes/{programme:str}/teams")
async def list_teams(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Every team ever enrolled, and where it stands."""
    only_parameters(request, *EFFECTIVE)
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        asked = partial(
            parts.queries.teams,
            programme,
            reader,
            as_of_position=await as_of(request, parts),
            effective_at=effective_at(request),
        )
        teams, position = await parts.run(asked)
        data_set = await _data_set(parts, programme)
        return prepared(TeamList(programme=programme, position=position, data_set=data_set, teams=teams))

    return await made_once(request, parts, programme, reader, make)


@get("/v1/programmes/{programme:str}/calls")
async def list_calls(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Additional calls that were opened, with the applications that the reader may see."""
    only_parameters(request, *AS_OF)
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        asked = partial(parts.queries.calls, programme, reader, as_of_position=await as_of(request, parts))
        calls, position = await parts.run(asked)
        data_set = await _data_set(parts, programme)
        return prepared(CallList(programme=programme, position=position, data_set=data_set, calls=calls))

    return await made_once(request, parts, programme, reader, make)


@get("/v1/programmes/{programme:str}/objections")
async def list_objections(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Objections of teams, as far as the reader may see them."""
    only_parameters(request, "stage", *AS_OF)
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        stage = request.query_params.get("stage")
        asked = partial(parts.queries.objections, programme, stage, reader, as_of_position=await as_of(request, parts))
        rows, position = await parts.run(asked)
        data_set = await _data_set(parts, programme)
        return prepared(ObjectionList(programme=programme, position=position, data_set=data_set, objections=rows))

    return await made_once(request, parts, programme, reader, make)


@get("/v1/programmes/{programme:str}/standings")
async def get_standings(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """The standings of a stage, or counts while its results are under embargo."""
    only_parameters(request, "stage", *AS_OF, "min_position", "format")
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        asked = partial(
            parts.queries.standings,
            programme,
            request.query_params.get("stage"),
            reader,
            as_of_position=await as_of(request, parts),
            min_position=whole_number(request, "min_position", 0),
        )
        found = await parts.run(asked)
        return await as_asked(request, parts, found, partial(standings_table, found))

    return await made_once(request, parts, programme, reader, make)


@get("/v1/programmes/{programme:str}/grants")
async def get_grants(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Resource pools and what was granted from them."""
    only_parameters(request, *EFFECTIVE, "min_position", "format")
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        asked = partial(
            parts.queries.grants,
            programme,
            reader,
            as_of_position=await as_of(request, parts),
            min_position=whole_number(request, "min_position", 0),
            effective_at=effective_at(request),
        )
        found = await parts.run(asked)
        return await as_asked(request, parts, found, partial(grants_table, found))

    return await made_once(request, parts, programme, reader, make)


@get("/v1/programmes/{programme:str}/audit-trail")
async def get_audit_trail(request: AnyRequest, programme: FromPath[str], parts: Wired) -> Response[bytes]:
    """Who decided what, when, why and under which rules, in words too; a page at a time."""
    only_parameters(request, "after", "limit", *AS_OF, "min_position", "format")
    reader = reader_of(await principal_of(request, parts))

    async def make() -> Prepared:
        limit = whole_number(request, "limit", PAGE, low=1, high=PAGE_LIMIT)
        asked = partial(
            parts.queries.audit_trail,
            programme,
            reader,
            after=whole_number(request, "after", 0),
            limit=limit,
            as_of_position=await as_of(request, parts),
            min_position=whole_number(request, "min_position", 0),
        )
        entries, position = await parts.run(asked)
        more = next_link(request, entries[-1].position, limit) if len(entries) == limit else {}
        data_set = await _data_set(parts, programme)
        found = AuditTrail(programme=programme, position=position, data_set=data_set, entries=entries)

        def table(answer: bytes) -> Table:
            return trail_table(programme, data_set, entries[-1].position if more else position, entries, answer)

        return await as_asked(request, parts, found, table, more)

    return await made_once(request, parts, programme, reader, make)


async def _data_set(parts: Parts, programme: str) -> DataSet:
    """Whose figures are real, each answer says."""
    return await parts.run(partial(parts.queries.data_set, programme))


HANDLERS = [
    list_programmes,
    get_programme,
    get_charter,
    list_teams,
    list_calls,
    list_objections,
    get_standings,
    get_grants,
    get_audit_trail,
]
