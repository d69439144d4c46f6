"""Contracts of what is read of the ledger: a JSON Schema for each event type and version, and the AsyncAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import msgspec

from domain.event import Event
from domain.rulebook import EVENTS
from service.api.openapi_endpoints import WEBHOOK_HEADERS, WEBHOOKS_SAY
from service.api.openapi_ledger import STREAM_SAYS
from service.application.cloud_events import CloudEvent
from service.application.notice_messages import ChallengeEvent, DisabledEvent, NoticeEvent

Json = dict[str, Any]

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_WHEN: Final = {
    "at-once": "The public reads it at once.",
    "with-results": "The public reads it once the results of its stage are published.",
    "agencies": "Agencies and auditors read it, the public never does.",
}

_WEBHOOKS: Final = {
    "notice": ("A consortium is told.", NoticeEvent),
    "endpoint-test": ("A test.", ChallengeEvent),
    "endpoint-disabled": ("Another endpoint was disabled.", DisabledEvent),
}


def schema_name(type_: str, version_: int) -> str:
    """The file of a version's schema, in `api_specs/events/`."""
    return f"{type_}.v{version_}.json"


def specification(content: Json) -> str:
    """As it is checked in: two spaces, a final newline."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def event_schemas() -> Iterator[tuple[str, Json]]:
    """The current version of each type, by the name of its file. Files of versions before stay as they were."""
    for type_, cls in sorted(EVENTS.items()):
        yield schema_name(type_, cls.VERSION), _schema(cls)


def _schema(cls: type[Event]) -> Json:
    (reference,), components = msgspec.json.schema_components([cls], ref_template="#/$defs/{name}")
    whole = components.pop(reference["$ref"].rpartition("/")[2])
    _drop_discriminators([whole, components])
    said = f"{whole.get('description', '')} {_WHEN[cls.PUBLIC]}".strip()
    return {
        "$schema": DRAFT,
        "$id": schema_name(cls.TYPE, cls.VERSION),
        **{**whole, "title": cls.TYPE, "description": said},
        **({"$defs": components} if components else {}),
    }


def _drop_discriminators(part: Any) -> None:
    """Take away what only OpenAPI knows; that each alternative has a kind of its own is said in JSON Schema, too."""
    if isinstance(part, dict):
        if isinstance(part.get("discriminator"), dict):
            del part["discriminator"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            _drop_discriminators(each)


def asyncapi() -> Json:
    """AsyncAPI 3.1: what a follower of the ledger is sent, and a consortium's endpoint."""
    messages = {type_: _message(cls) for type_, cls in sorted(EVENTS.items())}
    webhooks = {name: _webhook(name, *of) for name, of in _WEBHOOKS.items()}
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Sillok, events of the ledger",
            "version": version("sillok"),
            "description": "Every decision is an event in an append-only ledger. Events leave as CloudEvents 1.0.2; of "
            "one that a reader may not see yet, programme, type, position and time are told, and `withheld`. "
            "Consortiums are sent notices, to the endpoints that they registered.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:8000",
                "protocol": "http",
                "description": "The service that `make run` starts; PORT names another port.",
            }
        },
        "channels": {
            "ledger": {
                "address": "/v1/ledger/stream",
                "title": "The ledger as it grows",
                "description": STREAM_SAYS,
                "servers": [{"$ref": "#/servers/local"}],
                "messages": {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in messages},
            },
            "endpoint": {
                "address": None,
                "title": "A consortium's own endpoint",
                "description": WEBHOOKS_SAY,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in webhooks},
            },
        },
        "operations": {
            "followLedger": {
                "action": "receive",
                "channel": {"$ref": "#/channels/ledger"},
                "summary": "Events in order of position, and what was withheld once it is public.",
                "description": "Whoever comes back with Last-Event-ID goes on where they were.",
                "bindings": {"http": {"method": "GET", "bindingVersion": "0.3.0"}},
                "messages": [{"$ref": f"#/channels/ledger/messages/{type_}"} for type_ in messages],
            },
            "takeNotices": {
                "action": "receive",
                "channel": {"$ref": "#/channels/endpoint"},
                "summary": "What a consortium is told, by POST.",
                "description": "As the `webhooks` of the OpenAPI document have it.",
                "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
                "messages": [{"$ref": f"#/channels/endpoint/messages/{name}"} for name in webhooks],
            },
        },
        "components": {
            "messages": {**messages, **webhooks},
            "schemas": _envelope(),
        },
    }


def _message(cls: type[Event]) -> Json:
    return {
        "name": cls.TYPE,
        "title": cls.SAYS.title.en,
        "summary": _WHEN[cls.PUBLIC],
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": cls.TYPE},
                        "data": {"$ref": f"events/{schema_name(cls.TYPE, cls.VERSION)}"},
                    },
                },
            ]
        },
    }


def _webhook(name: str, title: str, cls: type) -> Json:
    headers = {each: {"type": "string", "description": said} for each, said in WEBHOOK_HEADERS.items()}
    return {
        "name": name,
        "title": title,
        "contentType": "application/cloudevents+json",
        "headers": {"type": "object", "properties": headers, "required": list(headers)},
        "payload": {"$ref": f"#/components/schemas/{cls.__name__}"},
    }


def _envelope() -> Json:
    sent = [CloudEvent, *(cls for _title, cls in _WEBHOOKS.values())]
    _references, components = msgspec.json.schema_components(sent, ref_template="#/components/schemas/{name}")
    return dict(sorted(components.items()))
