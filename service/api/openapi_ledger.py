"""What the OpenAPI document says of the ledger itself: pages of its events, and following them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from domain.exported import ExportedEvent
from service.api.export import EXPORT_LIMIT, EXPORT_PAGE
from service.api.openapi_parts import AFTER, CREDENTIALS, LIMIT, Json, Operation, content, problems, queries, read
from service.application.cloud_events import CloudEvent

ANSWERS: Final = (CloudEvent, ExportedEvent)

_FILTERS: Final = (
    ("type", "Only events of this type.", {"type": "string"}),
    ("tag", "Only events that carry this tag.", {"type": "string"}),
    ("programme", "Only events of this programme.", {"type": "string"}),
)
STREAM_SAYS: Final = (
    "Server-sent events: `id` is the position, `data` one CloudEvent as in a page of events. It begins after "
    "`Last-Event-ID`, else after `after`, else now. An `id` without data, at least every 15 seconds, says how far the "
    "ledger was looked through. The stream ends with the credential that it was opened with, or when nothing of it is "
    "taken for 30 seconds; whoever comes back with the last id misses nothing. What was withheld as it came, as an "
    "outcome before its stage's `ResultsPublished`, is sent once that is reached, just before it, in order of position "
    "and as far as it matches the filters: also where the withheld one was not sent, and to who comes back in between. "
    "`revealedby` is the position of the publication, `position` and the CloudEvent's `id` are the event's own, and no "
    "`id` of the stream comes with it: whoever comes back before the publication itself was sent is sent it again. "
    "Pages at `/v1/ledger/events` have each event in its place, as it is public when they are read, and nothing twice."
)
_EXPORT: Final = """The record as a verifier takes it: every event of every programme with its entry; for auditors, of
the programme asked for, also all that the entry commits to. `sillok export` makes a bundle of it. Where no line comes,
there is no more up to `size`."""


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    """Each operation on the ledger."""
    events = read(
        "list-events",
        "Events in order of position, one CloudEvent a line.",
        named[CloudEvent],
        AFTER,
        LIMIT,
        *_FILTERS,
        media_type="application/x-ndjson",
        headers=("Ledger-Head",),
    )
    yield "/v1/ledger/events", "get", events
    yield "/v1/ledger/stream", "get", _stream()
    yield "/v1/ledger/export", "get", _export(named)


def _export(named: dict[Any, Json]) -> Json:
    limit = {"type": "integer", "minimum": 1, "maximum": EXPORT_LIMIT, "default": EXPORT_PAGE}
    asked = queries(
        ("programme", "Whose events an auditor is to be shown in full.", {"type": "string"}),
        AFTER,
        ("limit", "So many at most.", limit),
        (
            "size",
            "Up to this position, at most that of the last checkpoint, which is the default.",
            {"type": "integer"},
        ),
    )
    return {
        "operationId": "export-ledger",
        "tags": ["ledger"],
        "summary": "Every event with its entry, one a line.",
        "description": _EXPORT.replace("\n", " "),
        "security": [{}, *CREDENTIALS],
        "parameters": asked,
        "responses": {
            "200": content("In order of position.", named[ExportedEvent], "application/x-ndjson"),
            **problems([400, 401, 404, 429, 503]),
        },
    }


def _stream() -> Json:
    last = {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "The last `id` that was read: the stream goes on after it.",
        "schema": {"type": "integer", "minimum": 0},
    }
    return {
        "operationId": "stream-events",
        "tags": ["ledger"],
        "summary": "Events as they come.",
        "description": STREAM_SAYS,
        "security": [{}, *CREDENTIALS],
        "parameters": [last, *queries(AFTER, *_FILTERS)],
        "responses": {
            "200": content("Events, until either side ends it.", {"type": "string"}, "text/event-stream"),
            **problems([400, 401, 404, 429, 503]),
        },
    }
