"""The part of the OpenAPI document about personal data that the ledger holds a commitment to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.openapi_parts import CREDENTIALS, PROGRAMME, Json, Operation, content, problems
from service.application.sealed_fields import FieldCommitment, FieldText, SubjectAnswer

ANSWERS: Final = (FieldText, FieldCommitment, SubjectAnswer)
_SUBJECT: Final[Json] = {
    "name": "subject",
    "in": "path",
    "required": True,
    "description": "A person's opaque id.",
    "schema": {"type": "string", "maxLength": 64},
}


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    """Every operation."""
    subjects = "/v1/programmes/{programme}/subjects"
    yield (
        subjects,
        "post",
        {
            "operationId": "keep-field",
            "tags": ["personal data"],
            "summary": "Keep a field of a person's, sealed; the answer is the command that `seal-field` takes.",
            "security": CREDENTIALS,
            "parameters": [PROGRAMME],
            "requestBody": {"required": True, "content": {"application/json": {"schema": named[FieldText]}}},
            "responses": {
                "201": content("Not to be kept.", named[FieldCommitment], "application/json"),
                **problems([400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503]),
            },
        },
    )
    yield (
        f"{subjects}/{{subject}}",
        "get",
        {
            "operationId": "get-subject",
            "tags": ["personal data"],
            "summary": "What is known about a person, with what verifies it; for who seals, and auditors.",
            "security": CREDENTIALS,
            "parameters": [PROGRAMME, _SUBJECT],
            "responses": {
                "200": content("Not to be kept.", named[SubjectAnswer], "application/json"),
                **problems([400, 401, 403, 404, 429, 503]),
            },
        },
    )
