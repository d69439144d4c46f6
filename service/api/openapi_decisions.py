"""The part of the OpenAPI document about decisions: submitting, previewing and settling them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from domain.decision import Decision
from domain.rulebook import DECISIONS
from domain.signatures import MAX_LENGTH
from service.api.decisions import BODY_LIMIT, SETTLEMENTS, DecisionRecorded, DecisionWaits
from service.api.openapi_parts import CREDENTIALS, PROGRAMME, Json, Operation, content, problems, read, with_headers
from service.api.problems import STATUS
from service.application.previewing import Preview, ProposalAnswer

ANSWERS: Final = (DecisionRecorded, DecisionWaits, Preview, ProposalAnswer)

_HEADERS: Final = with_headers("Idempotency-Replayed", "Preference-Applied")


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    """Every operation."""
    for decision in DECISIONS.values():
        yield (
            f"/v1/programmes/{{programme}}/decisions/{decision.type}",
            "post",
            _submit(decision.type, decision, named[decision.command], named),
        )
    for step, settling in SETTLEMENTS.items():
        yield f"/v1/proposals/{{proposal}}/{step}", "post", _settle(DECISIONS[settling], named)
    yield "/v1/proposals/{proposal}", "get", _proposal(named)
    yield "/v1/programmes/{programme}/decisions/{decision}/preview", "post", _preview(named)


def _submit(name: str, decision: Decision, command: Json, named: dict[Any, Json]) -> Json:
    statuses = sorted({STATUS[kind] for kind in STATUS} | {400, 401, 408, 412, 413, 415, 429, 503})
    return {
        "operationId": name,
        "tags": ["decisions"],
        "summary": decision.summary,
        "security": CREDENTIALS,
        "parameters": [
            PROGRAMME,
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Your own name for this request: the same key with the same body is recorded once. "
                "With a signature it is another request than without.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
            },
            {
                "name": "JWS-Signature",
                "in": "header",
                "required": False,
                "description": "The signature over the body of whoever decides, a detached JWS by a key that they "
                "registered; required where the charter asks for it.",
                "schema": {"type": "string", "maxLength": MAX_LENGTH},
            },
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "For agencies of the programme: a position in quotes, as views and previews state it; "
                "refused with 412 if anything that the decision depends on has changed after it.",
                "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'},
            },
            {
                "name": "Prefer",
                "in": "header",
                "required": False,
                "description": "`wait=projected`: answer once every view has the decision; `wait=sealed`: once its "
                "receipt is there. After some seconds the answer comes anyway; `Preference-Applied` says that it is.",
                "schema": {"type": "string"},
            },
        ],
        "requestBody": {
            "required": True,
            "description": f"At most {BODY_LIMIT} bytes.",
            "content": {"application/json": {"schema": command}},
        },
        "responses": {
            **_accepted(decision, named),
            **problems(statuses),
        },
    }


def _accepted(decision: Decision, named: dict[Any, Json]) -> Json:
    """Who settles proposals, or decides about itself, waits for nobody; to propose is to wait."""
    recorded = {**content("Recorded.", named[DecisionRecorded], "application/json"), **_HEADERS}
    said = "Proposed: another agency has to approve."
    waits = {**content(said, named[DecisionWaits], "application/json"), **_HEADERS}
    return {**({"201": recorded} if decision.comes_to else {}), **({"202": waits} if may_wait(decision) else {})}


def may_wait(decision: Decision) -> bool:
    """Whether a second agency may have to approve."""
    return decision.mandated or not decision.comes_to


_PROPOSAL: Final = {
    "name": "proposal",
    "in": "path",
    "required": True,
    "description": "The id that the proposing decision's answer gave.",
    "schema": {"type": "string", "maxLength": 128},
}


def _proposal(named: dict[Any, Json]) -> Json:
    summary = "A proposal and, while it waits, what it would come to now; for the programme's agencies and auditors. "
    summary += "The team that made it reads what became of it."
    operation = read("get-proposal", summary, named[ProposalAnswer], with_key=True)
    unknown = problems([404])
    return {
        **operation,
        "tags": ["decisions"],
        "parameters": [_PROPOSAL, *operation["parameters"]],
        "responses": dict(sorted({**operation["responses"], **unknown}.items())),
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
        "parameters": [PROGRAMME, decision],
        "requestBody": {
            "required": True,
            "description": f"The body as it would be submitted; at most {BODY_LIMIT} bytes.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "responses": {
            "200": content("What it would come to.", named[Preview], "application/json"),
            **problems([400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503]),
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
    operation = _submit(f"{decision.type}-proposal", decision, schema, named)
    operation["parameters"][0] = _PROPOSAL
    return operation
