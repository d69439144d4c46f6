"""The part of the OpenAPI document about what consortiums were told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.openapi_parts import LIMIT, Json, Operation, read
from service.application.inbox import Inbox, NoticeAnswer

ANSWERS: Final = (Inbox, NoticeAnswer)


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    path = "/v1/programmes/{programme}/notices"
    inbox = read(
        "get-notices",
        "The inbox of the consortium that asks; for agencies and auditors what all were told, as evidence.",
        named[Inbox],
        (
            "recipient",
            "For agencies and auditors: only what this consortium was told.",
            {"type": "string", "maxLength": 64},
        ),
        ("after", "Only what has a greater number.", {"type": "integer", "minimum": 0}),
        LIMIT,
        of_programme=True,
        with_key=True,
    )
    yield path, "get", inbox
    one = read(
        "get-notice",
        "A notice with all that it says. When its recipient first asked for it is kept, as opened_at.",
        named[NoticeAnswer],
        of_programme=True,
        with_key=True,
    )
    notice = {"name": "notice", "in": "path", "required": True, "description": "The id of a notice."}
    one["parameters"].append({**notice, "schema": {"type": "string", "maxLength": 128}})
    yield f"{path}/{{notice}}", "get", one
