"""The part of the OpenAPI document about endpoints, and about what is sent to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.endpoints import STATES
from service.api.openapi_parts import (
    CREDENTIALS,
    LIMIT,
    PROGRAMME,
    Json,
    Operation,
    content,
    problems,
    queries,
    read,
)
from service.application.delivering import SCHEDULE
from service.application.endpoints import (
    Confirmation,
    DeliveryPage,
    DeliveryRecord,
    EndpointIssued,
    EndpointList,
    EndpointRecord,
    NewEndpoint,
    NewState,
)
from service.application.notice_messages import ChallengeEvent, DisabledEvent, NoticeEvent

ANSWERS: Final = (
    NewEndpoint,
    NewState,
    Confirmation,
    EndpointList,
    EndpointRecord,
    EndpointIssued,
    DeliveryPage,
    DeliveryRecord,
    NoticeEvent,
    ChallengeEvent,
    DisabledEvent,
)
_RECIPIENT: Final = (
    "recipient",
    "For agencies and auditors: only those of this consortium.",
    {"type": "string", "maxLength": 64},
)
WEBHOOK_HEADERS: Final = {
    "webhook-id": "The same whenever it is sent again.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "v1 (HMAC-SHA256) and v1a (Ed25519) by the current secret, and for a day by the one before.",
}
WEBHOOKS_SAY: Final = (
    "Standard Webhooks. Any 2xx takes it; 410 disables the endpoint; anything else, redirects among it, is tried "
    f"again after {', '.join(str(each) for each in SCHEDULE)}, or later if Retry-After says so. Of one endpoint each "
    "waits for those before it."
)


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    """Every operation."""
    endpoints, deliveries = "/v1/programmes/{programme}/endpoints", "/v1/programmes/{programme}/deliveries"
    one = f"{endpoints}/{{endpoint}}"

    def change(
        name: str, summary: str, gives: Any, *, asks: Any = None, of: str | None = "endpoint", status: str = "200"
    ) -> Json:
        statuses = [400, 401, 403, 404, 409, 429, 503, *([408, 413, 415, 422] if asks else [])]
        done: Json = {"description": "Done."}
        if gives is not None:
            done = content("Not to be kept.", named[gives], "application/json")
        operation: Json = {
            "operationId": name,
            "tags": ["notices"],
            "summary": summary,
            "security": CREDENTIALS,
            "parameters": [PROGRAMME, *([_of_path(of)] if of else [])],
            "responses": {status: done, **problems(sorted(statuses))},
        }
        if asks is not None:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": named[asks]}}}
        return operation

    listed = _listing("list-endpoints", "The endpoints of the consortium that asks.", named[EndpointList])
    listed["parameters"] += queries(_RECIPIENT)
    yield endpoints, "get", listed
    summary = "Register an endpoint; its secret is shown this once. It gets notices once it is confirmed."
    registered = change("register-endpoint", summary, EndpointIssued, asks=NewEndpoint, of=None, status="201")
    yield endpoints, "post", registered
    removed = "Remove an endpoint, for ever; what went there stays as evidence."
    yield one, "delete", change("remove-endpoint", removed, None, status="204")
    summary = "Pause an endpoint, so that notices wait; or make it active again, also one that was disabled."
    yield f"{one}/state", "post", change("set-endpoint-state", summary, EndpointRecord, asks=NewState)
    summary = "Give an endpoint a new secret and key; those before it go on signing for a day."
    yield f"{one}/secrets", "post", change("rotate-endpoint", summary, EndpointIssued, status="201")
    summary = "Send a test, with a challenge; an answer that gives it back confirms the endpoint."
    yield f"{one}/tests", "post", change("test-endpoint", summary, DeliveryRecord, status="201")
    summary = "Confirm an endpoint by the challenge of a test."
    yield f"{one}/confirmation", "post", change("confirm-endpoint", summary, EndpointRecord, asks=Confirmation)
    evidence = read(
        "list-deliveries",
        "Evidence: who was sent what, when, by which channel, with which answer.",
        named[DeliveryPage],
        _RECIPIENT,
        ("endpoint", "Only what went there.", {"type": "string", "maxLength": 64}),
        ("state", "Only such deliveries.", {"enum": list(STATES), "default": STATES[0]}),
        ("after", "Only what has a greater number.", {"type": "integer", "minimum": 0}),
        LIMIT,
        of_programme=True,
        with_key=True,
    )
    yield deliveries, "get", evidence
    summary = "Try again what was given up."
    yield f"{deliveries}/{{delivery}}/resend", "post", change("resend-delivery", summary, DeliveryRecord, of="delivery")


def webhooks(named: dict[Any, Json]) -> Json:
    """What is sent to endpoints."""
    return {
        "notice": _webhook("receive-notice", "A consortium is told.", WEBHOOKS_SAY, named[NoticeEvent]),
        "endpoint-test": _webhook(
            "receive-test",
            "A test.",
            "Once. An answer of JSON that gives `challenge` back confirms the endpoint.",
            named[ChallengeEvent],
        ),
        "endpoint-disabled": _webhook(
            "receive-disabled",
            "Nothing goes any more to another endpoint of the same consortium.",
            "Once.",
            named[DisabledEvent],
        ),
    }


def _webhook(name: str, summary: str, said: str, schema: Json) -> Json:
    parameters = [
        {"name": each, "in": "header", "required": True, "description": meaning, "schema": {"type": "string"}}
        for each, meaning in WEBHOOK_HEADERS.items()
    ]
    operation = {
        "operationId": name,
        "tags": ["notices"],
        "summary": summary,
        "description": said,
        "security": [],
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/cloudevents+json": {"schema": schema}}},
        "responses": {"204": {"description": "It was taken."}},
    }
    return {"post": operation}


def _listing(name: str, summary: str, schema: Json) -> Json:
    return {
        "operationId": name,
        "tags": ["notices"],
        "summary": summary,
        "security": CREDENTIALS,
        "parameters": [PROGRAMME],
        "responses": {
            "200": content("Not to be kept.", schema, "application/json"),
            **problems([400, 401, 403, 404, 429, 503]),
        },
    }


def _of_path(name: str) -> Json:
    schema: Json = {"type": "integer", "minimum": 1} if name == "delivery" else {"type": "string", "maxLength": 64}
    return {"name": name, "in": "path", "required": True, "description": f"The id of the {name}.", "schema": schema}
