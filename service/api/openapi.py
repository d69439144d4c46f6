"""The OpenAPI 3.1 document, made from the types that the handlers use and from the registry of decisions.

`api_specs/openapi.json` is this document, checked in; a test holds both against each other and against the routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import msgspec

from domain.charter_document import Charter
from domain.rulebook import DECISIONS
from domain.standings import Standings
from service.api import (
    openapi_access,
    openapi_audit,
    openapi_decisions,
    openapi_endpoints,
    openapi_ledger,
    openapi_many,
    openapi_notices,
    openapi_people,
    openapi_reactions,
    openapi_sealed_fields,
    openapi_tree,
)
from service.api.deprecations import DEPRECATED
from service.api.health import Health
from service.api.metrics import MEDIA_TYPE as METRICS_MEDIA_TYPE
from service.api.openapi_examples import with_examples
from service.api.openapi_links import LINKS, add_links
from service.api.openapi_parts import (
    AFTER,
    AS_OF,
    EFFECTIVE_AT,
    LIMIT,
    MINIMUM,
    STAGE,
    Json,
    Operation,
    as_spreadsheet,
    content,
    header_parts,
    problems,
    read,
)
from service.api.openapi_problems import problem_answers
from service.api.problems import Problem
from service.api.programmes import AuditTrail, CallList, ObjectionList, ProgrammeList, TeamList
from service.application.answers import Counts, GrantsAnswer, ProgrammeDetail
from service.application.disagreement import Disagreement
from service.application.timeline import Timeline
from service.application.workload import Workload

_ANSWERS: Final = (
    *openapi_decisions.ANSWERS,
    *openapi_many.ANSWERS,
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
    *openapi_ledger.ANSWERS,
    *openapi_audit.ANSWERS,
    *openapi_notices.ANSWERS,
    *openapi_reactions.ANSWERS,
    *openapi_endpoints.ANSWERS,
    Health,
    Problem,
    *openapi_access.ANSWERS,
    *openapi_people.ANSWERS,
    *openapi_sealed_fields.ANSWERS,
    *openapi_tree.ANSWERS,
)

_TAGS: Final = {
    "decisions": "What agencies and consortiums decide, and what they foresee and approve of it.",
    "views": "What follows from the ledger, of a programme.",
    "notices": "Where consortiums want their notices besides their inbox, and what came of each.",
    "ledger": "The events themselves.",
    "personal data": "What the ledger holds a commitment to, of persons, until they are erased.",
    "tree": "What the ledger is verified by.",
    "tokens": "Credentials for services, and what verifies them.",
    "administration": "For operators: keys, clients, people.",
    "signing in": "People, in a browser.",
    "health": "For who runs the service.",
}
"""Kinds of operations, and what each is for."""


def document() -> Json:
    """The whole document, deterministic."""
    commands = [decision.command for decision in DECISIONS.values()]
    schemas, components = msgspec.json.schema_components(
        [*_ANSWERS, *commands], ref_template="#/components/schemas/{name}"
    )
    named = dict(zip([*_ANSWERS, *commands], schemas, strict=True))
    paths: dict[str, Json] = {}
    for path, method, operation in _operations(named):
        add_links(operation)
        operation = with_examples(operation)
        if (method.upper(), path) in DEPRECATED:
            operation["deprecated"] = True
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
        "servers": [{"url": "/", "description": "The service that this document is from."}],
        "tags": [{"name": name, "description": said} for name, said in _TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "webhooks": openapi_endpoints.webhooks(named),
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": problem_answers(named),
            "headers": header_parts(),
            "links": LINKS,
            "securitySchemes": openapi_access.SCHEMES,
        },
    }


def _operations(named: dict[Any, Json]) -> Iterator[Operation]:
    yield from openapi_decisions.operations(named)
    yield openapi_many.operation(named)
    one = "/v1/programmes/{programme}"
    yield "/v1/programmes", "get", read("list-programmes", "Every programme.", named[ProgrammeList])
    detail = read("get-programme", "One programme.", named[ProgrammeDetail], *AS_OF, of_programme=True)
    yield one, "get", detail
    charter = read(
        "get-charter",
        "The charter in force, or one that was.",
        named[Charter],
        ("rules_hash", "The SHA-256 (hex) of any charter ever in force.", {"type": "string"}),
        of_programme=True,
        headers=("Rules-Hash",),
    )
    yield f"{one}/charter", "get", charter
    yield (
        f"{one}/teams",
        "get",
        read("list-teams", "Its teams.", named[TeamList], *AS_OF, EFFECTIVE_AT, of_programme=True),
    )
    calls = read("list-calls", "Additional calls.", named[CallList], *AS_OF, of_programme=True)
    yield f"{one}/calls", "get", calls
    objections = read(
        "list-objections",
        "Objections of teams.",
        named[ObjectionList],
        ("stage", "A stage of the charter; every one if none is named.", {"type": "string"}),
        *AS_OF,
        of_programme=True,
    )
    yield f"{one}/objections", "get", objections
    standings = read(
        "get-standings",
        "The standings of a stage; counts while its results are under embargo.",
        {"anyOf": [named[Standings], named[Counts]]},
        STAGE,
        *AS_OF,
        MINIMUM,
        of_programme=True,
    )
    yield f"{one}/standings", "get", as_spreadsheet(standings)
    disagreement = read(
        "get-disagreement",
        "How far evaluators are apart; for agencies, auditors, and evaluators where their own sheet is in.",
        named[Disagreement],
        STAGE,
        *AS_OF,
        MINIMUM,
        of_programme=True,
        with_key=True,
    )
    yield f"{one}/disagreement", "get", disagreement
    grants = read(
        "get-grants", "Pools and grants.", named[GrantsAnswer], *AS_OF, EFFECTIVE_AT, MINIMUM, of_programme=True
    )
    yield f"{one}/grants", "get", as_spreadsheet(grants)
    trail = read(
        "get-audit-trail",
        "Who decided what.",
        named[AuditTrail],
        AFTER,
        LIMIT,
        *AS_OF,
        MINIMUM,
        of_programme=True,
    )
    yield f"{one}/audit-trail", "get", as_spreadsheet(trail)
    timeline = read(
        "get-timeline",
        "What happened when, what is planned, and which deadlines run.",
        named[Timeline],
        AFTER,
        LIMIT,
        *AS_OF,
        MINIMUM,
        of_programme=True,
    )
    yield f"{one}/timeline", "get", timeline
    workload = read(
        "get-workload",
        "What agencies decided, what waits for them, and how long things took; for agencies and auditors.",
        named[Workload],
        *AS_OF,
        MINIMUM,
        of_programme=True,
        with_key=True,
    )
    yield f"{one}/workload", "get", workload
    yield from openapi_ledger.operations(named)
    yield from openapi_audit.operations(named)
    yield from openapi_notices.operations(named)
    yield from openapi_reactions.operations(named)
    yield from openapi_endpoints.operations(named)
    yield from openapi_access.operations(named)
    yield from openapi_people.operations(named)
    yield from openapi_sealed_fields.operations(named)
    yield from openapi_tree.operations(named)
    yield "/health/live", "get", _health("live", "The process answers.", named, ready=False)
    yield "/health/ready", "get", _health("ready", "Decisions can be taken.", named, ready=True)
    yield "/metrics", "get", _metrics()


def _health(name: str, summary: str, named: dict[Any, Json], *, ready: bool) -> Json:
    return {
        "operationId": name,
        "tags": ["health"],
        "summary": summary,
        "responses": {
            "200": content(summary, named[Health], "application/json"),
            **(problems([503]) if ready else {}),
        },
    }


def _metrics() -> Json:
    summary = "Where the ledger and every view stand, for Prometheus."
    return {
        "operationId": "metrics",
        "tags": ["health"],
        "summary": summary,
        "responses": {
            "200": content(summary, {"type": "string"}, METRICS_MEDIA_TYPE),
            **problems([503]),
        },
    }
