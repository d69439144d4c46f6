"""The part of the OpenAPI document about what consortiums were told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.openapi_parts import LIMIT, Json, Operation, read
from service.application.inbox import Inbox, NoticeAnswer
from service.application.notice_evidence import EvidenceTable

ANSWERS: Final = (Inbox, NoticeAnswer, EvidenceTable)
_RECIPIENT: Final = (
    "recipient",
    "For agencies and auditors: only what this consortium was told.",
    {"type": "string", "maxLength": 64},
)
_AFTER: Final = ("after", "Only what has a greater number.", {"type": "integer", "minimum": 0})


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    path = "/v1/programmes/{programme}/notices"
    inbox = read(
        "get-notices",
        "The inbox of the consortium that asks; for agencies and auditors what all were told, as evidence.",
        named[Inbox],
        _RECIPIENT,
        _AFTER,
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
    evidence = read(
        "get-notice-evidence",
        "Evidence for a dispute: who was told what, when, by which channel, with which answer.",
        named[EvidenceTable],
        _RECIPIENT,
        ("notice", "Only of the notice of this id.", {"type": "string", "maxLength": 128}),
        _AFTER,
        LIMIT,
        of_programme=True,
        with_key=True,
    )
    yield "/v1/programmes/{programme}/notice-evidence", "get", evidence
