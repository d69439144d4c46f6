"""The OpenAPI 3.1 document, made from the types that the handlers use and from the registry of decisions.

`api_specs/openapi.json` is this document, checked in; a test holds both against each other and against the routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import msgspec

from domain.charter_document import Charter
from domain.decision import Decision
from domain.rulebook import DECISIONS
from domain.signatures import MAX_LENGTH
from domain.standings import Standings
from service.api import openapi_access
from service.api.decisions import BODY_LIMIT, SETTLEMENTS, DecisionRecorded, DecisionWaits
from service.api.health import Health
from service.api.metrics import MEDIA_TYPE as METRICS_MEDIA_TYPE
from service.api.problems import MEDIA_TYPE, STATUS, Problem, catalogue
from service.api.programmes import AuditTrail, CallList, ObjectionList, ProgrammeList, TeamList
from service.application.answers import Counts, GrantsAnswer, ProgrammeDetail
from service.application.cloud_events import CloudEvent
from service.application.disagreement import Disagreement
from service.application.previewing import Preview, ProposalAnswer
from service.application.revealing import DisclosureFindings, DisclosureQuestion
from service.application.timeline import Timeline
from service.application.workload import Workload

Json = dict[str, Any]

_ANSWERS: Final = (
    DecisionRecorded,
    DecisionWaits,
    Preview,
    ProposalAnswer,
    ProgrammeList,
    ProgrammeDetail,
    Charter,
    TeamList,
    CallList,
    ObjectionList,
    Standings,
    Counts,
    Disagreement,
    GrantsAnswer,
    AuditTrail,
    Timeline,
    Workload,
    CloudEvent,
    DisclosureQuestion,
    DisclosureFindings,
    Health,
    Problem,
    *openapi_access.ANSWERS,
)

_PROGRAMME: Final = {
    "name": "programme",
    "in": "path",
    "required": True,
    "description": "The id of a programme.",
    "schema": {"type": "string", "maxLength": 64},
}
_STAGE: Final = ("stage", "A stage of the charter; the first one if none is named.", {"type": "string"})
_AS_OF: Final = ("as_of_position", "The answer as it was at this position.", {"type": "integer", "minimum": 1})
_MINIMUM: Final = ("min_position", "Wait until the view has reached this position.", {"type": "integer", "minimum": 0})
_AFTER: Final = ("after", "Only what comes after this position.", {"type": "integer", "minimum": 0})
_LIMIT: Final = ("limit", "So many at most.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})

Parameter = tuple[str, str, Json]


def document() -> Json:
    """The whole document, deterministic."""
    commands = [decision.command for decision in DECISIONS.values()]
    schemas, components = msgspec.json.schema_components(
        [*_ANSWERS, *commands], ref_template="#/components/schemas/{name}"
    )
    named = dict(zip([*_ANSWERS, *commands], schemas, strict=True))
    paths: dict[str, Json] = {}
    for path, method, operation in _operations(named):
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sillok",
            "version": version("sillok"),
            "summary": "A governance ledger for national competitive programmes.",
            "description": "Agencies submit decisions; everything that readers see is derived from the ledger of their "
            "events. Errors are RFC 9457 problem details.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": openapi_access.SCHEMES,
        },
    }


def _operations(named: dict[Any, Json]) -> Iterator[tuple[str, str, Json]]:
    for decision in DECISIONS.values():
        yield (
            f"/v1/programmes/{{programme}}/decisions/{decision.type}",
            "post",
            _submit(decision.type, decision.summary, named[decision.command], named),
        )
    for step, settling in SETTLEMENTS.items():
        yield f"/v1/proposals/{{proposal}}/{step}", "post", _settle(DECISIONS[settling], named)
    yield "/v1/proposals/{proposal}", "get", _proposal(named)
    yield "/v1/programmes/{programme}/decisions/{decision}/preview", "post", _preview(named)
    one = "/v1/programmes/{programme}"
    yield "/v1/programmes", "get", _read("list-programmes", "Every programme.", named[ProgrammeList], named)
    detail = _read("get-programme", "One programme.", named[ProgrammeDetail], named, _AS_OF, of_programme=True)
    yield one, "get", detail
    charter = _read(
        "get-charter",
        "The charter in force, or one that was.",
        named[Charter],
        named,
        ("rules_hash", "The SHA-256 (hex) of any charter ever in force.", {"type": "string"}),
        of_programme=True,
    )
    yield f"{one}/charter", "get", charter
    yield f"{one}/teams", "get", _read("list-teams", "Its teams.", named[TeamList], named, _AS_OF, of_programme=True)
    calls = _read("list-calls", "Additional calls.", named[CallList], named, _AS_OF, of_programme=True)
    yield f"{one}/calls", "get", calls
    objections = _read(
        "list-objections",
        "Objections of teams.",
        named[ObjectionList],
        named,
        ("stage", "A stage of the charter; every one if none is named.", {"type": "string"}),
        _AS_OF,
        of_programme=True,
    )
    yield f"{one}/objections", "get", objections
    standings = _read(
        "get-standings",
        "The standings of a stage; counts while its results are under embargo.",
        {"anyOf": [named[Standings], named[Counts]]},
        named,
        _STAGE,
        _AS_OF,
        _MINIMUM,
        of_programme=True,
    )
    yield f"{one}/standings", "get", standings
    disagreement = _read(
        "get-disagreement",
        "How far evaluators are apart; for agencies, auditors, and evaluators where their own sheet is in.",
        named[Disagreement],
        named,
        _STAGE,
        _AS_OF,
        _MINIMUM,
        of_programme=True,
        with_key=True,
    )
    yield f"{one}/disagreement", "get", disagreement
    grants = _read("get-grants", "Pools and grants.", named[GrantsAnswer], named, _AS_OF, _MINIMUM, of_programme=True)
    yield f"{one}/grants", "get", grants
    trail = _read(
        "get-audit-trail",
        "Who decided what.",
        named[AuditTrail],
        named,
        _AFTER,
        _LIMIT,
        _AS_OF,
        _MINIMUM,
        of_programme=True,
    )
    yield f"{one}/audit-trail", "get", trail
    timeline = _read(
        "get-timeline",
        "What happened when, what is planned, and which deadlines run.",
        named[Timeline],
        named,
        _AFTER,
        _LIMIT,
        _AS_OF,
        _MINIMUM,
        of_programme=True,
    )
    yield f"{one}/timeline", "get", timeline
    workload = _read(
        "get-workload",
        "What agencies decided, what waits for them, and how long things took; for agencies and auditors.",
        named[Workload],
        named,
        _AS_OF,
        _MINIMUM,
        of_programme=True,
        with_key=True,
    )
    yield f"{one}/workload", "get", workload
    events = _read(
        "list-events",
        "Events in order of position, one CloudEvent a line.",
        named[CloudEvent],
        named,
        _AFTER,
        _LIMIT,
        ("type", "Only events of this type.", {"type": "string"}),
        ("tag", "Only events that carry this tag.", {"type": "string"}),
        ("programme", "Only events of this programme.", {"type": "string"}),
        media_type="application/x-ndjson",
    )
    yield "/v1/ledger/events", "get", events
    yield f"{one}/disclosure-check", "post", _check_disclosure(named)
    yield from openapi_access.operations(named, _content, _problems)
    yield "/health/live", "get", _health("live", "The process answers.", named, ready=False)
    yield "/health/ready", "get", _health("ready", "Decisions can be taken.", named, ready=True)
    yield "/metrics", "get", _metrics(named)


def _submit(name: str, summary: str, command: Json, named: dict[Any, Json]) -> Json:
    statuses = sorted({STATUS[kind] for kind in STATUS} | {400, 401, 413, 415, 429, 503})
    return {
        "operationId": name,
        "tags": ["decisions"],
        "summary": summary,
        "security": openapi_access.CREDENTIALS,
        "parameters": [
            _PROGRAMME,
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Your own name for this request: the same key with the same body is recorded once.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
            },
            {
                "name": "JWS-Signature",
                "in": "header",
                "required": False,
                "description": "The agency's signature over the body, a detached JWS by a key that it registered; "
                "required where the charter asks for it.",
                "schema": {"type": "string", "maxLength": MAX_LENGTH},
            },
        ],
        "requestBody": {
            "required": True,
            "description": f"At most {BODY_LIMIT} bytes.",
            "content": {"application/json": {"schema": command}},
        },
        "responses": {
            "201": _content("Recorded.", named[DecisionRecorded], "application/json"),
            "202": _content("Proposed: another agency has to approve.", named[DecisionWaits], "application/json"),
            **_problems(statuses, named),
        },
    }


def _check_disclosure(named: dict[Any, Json]) -> Json:
    return {
        "operationId": "check-disclosure",
        "tags": ["views"],
        "summary": "What figures would give away before they are published; nothing is recorded.",
        "security": openapi_access.CREDENTIALS,
        "parameters": [_PROGRAMME],
        "requestBody": {"required": True, "content": {"application/json": {"schema": named[DisclosureQuestion]}}},
        "responses": {
            "200": _content("All that follows.", named[DisclosureFindings], "application/json"),
            **_problems([400, 401, 403, 404, 409, 413, 415, 422, 429, 503], named),
        },
    }


_PROPOSAL: Final = {
    "name": "proposal",
    "in": "path",
    "required": True,
    "description": "The id that the proposing decision's answer gave.",
    "schema": {"type": "string", "maxLength": 128},
}


def _proposal(named: dict[Any, Json]) -> Json:
    summary = "A proposal and, while it waits, what it would come to now; for the programme's agencies and auditors."
    operation = _read("get-proposal", summary, named[ProposalAnswer], named, with_key=True)
    problems = _problems([404], named)
    return {
        **operation,
        "tags": ["decisions"],
        "parameters": [_PROPOSAL],
        "responses": dict(sorted({**operation["responses"], **problems}.items())),
    }


def _preview(named: dict[Any, Json]) -> Json:
    decision = {
        "name": "decision",
        "in": "path",
        "required": True,
        "description": "The decision that would be submitted.",
        "schema": {"enum": sorted(DECISIONS)},
    }
    return {
        "operationId": "preview-decision",
        "tags": ["decisions"],
        "summary": "What a decision would come to if it were submitted now; nothing is recorded.",
        "security": [{"bearer": []}, {"apiKey": []}],
        "parameters": [_PROGRAMME, decision],
        "requestBody": {
            "required": True,
            "description": f"The body as it would be submitted; at most {BODY_LIMIT} bytes.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "responses": {
            "200": _content("What it would come to.", named[Preview], "application/json"),
            **_problems([400, 401, 403, 404, 409, 413, 415, 422, 429, 503], named),
        },
    }


def _settle(decision: Decision, named: dict[Any, Json]) -> Json:
    """The decision without the field that its address stands for."""
    fields = [field for field in msgspec.structs.fields(decision.command) if field.name != "proposal"]
    types = [field.type for field in fields]
    schemas, _components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema = {
        "type": "object",
        "properties": dict(zip((field.name for field in fields), schemas, strict=True)),
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }
    operation = _submit(f"{decision.type}-proposal", decision.summary, schema, named)
    operation["parameters"][0] = _PROPOSAL
    return operation


def _read(
    name: str,
    summary: str,
    schema: Json,
    named: dict[Any, Json],
    *parameters: Parameter,
    of_programme: bool = False,
    with_key: bool = False,
    media_type: str = "application/json",
) -> Json:
    queries = [
        {"name": each, "in": "query", "required": False, "description": meaning, "schema": type_}
        for each, meaning, type_ in parameters
    ]
    names_one = of_programme or any(each == "programme" for each, _meaning, _type in parameters)
    statuses = [400, 401, 429, 503] + ([404] if names_one else []) + ([403] if with_key else [])
    return {
        "operationId": name,
        "tags": ["views" if of_programme else "ledger"],
        "summary": summary,
        "security": [*([] if with_key else [{}]), *openapi_access.CREDENTIALS],
        "parameters": [*([_PROGRAMME] if of_programme else []), *queries],
        "responses": {
            "200": _content("As of the position that it states.", schema, media_type),
            "304": {"description": "What If-None-Match names is still true."},
            **_problems(sorted(statuses), named),
        },
    }


def _health(name: str, summary: str, named: dict[Any, Json], *, ready: bool) -> Json:
    return {
        "operationId": name,
        "tags": ["health"],
        "summary": summary,
        "responses": {
            "200": _content(summary, named[Health], "application/json"),
            **(_problems([503], named) if ready else {}),
        },
    }


def _metrics(named: dict[Any, Json]) -> Json:
    summary = "Where the ledger and every view stand, for Prometheus."
    return {
        "operationId": "metrics",
        "tags": ["health"],
        "summary": summary,
        "responses": {
            "200": _content(summary, {"type": "string"}, METRICS_MEDIA_TYPE),
            **_problems([503], named),
        },
    }


def _problems(statuses: list[int], named: dict[Any, Json]) -> Json:
    titles = catalogue()
    return {
        str(status): _content(
            "; ".join(sorted(slug for slug, (its_status, _title) in titles.items() if its_status == status)),
            named[Problem],
            MEDIA_TYPE,
        )
        for status in statuses
    }


def _content(description: str, schema: Json, media_type: str) -> Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}
