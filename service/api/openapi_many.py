"""The part of the OpenAPI document about many decisions in one request."""

from __future__ import annotations

from typing import Any, Final

from domain.rulebook import DECISIONS
from domain.signatures import MAX_LENGTH
from service.api.decisions import DecisionRecorded, DecisionWaits
from service.api.line_stream import LINE_LIMIT
from service.api.many_decisions import MEDIA_TYPE, TOGETHER_LIMIT, LineAnswer
from service.api.openapi_parts import CREDENTIALS, PROGRAMME, Json, Operation, content, problems
from service.api.problems import Problem
from service.application.lines import KEY_PATTERN
from service.application.submitting_together import LINES

ANSWERS: Final = (LineAnswer,)

_KEY: Final = {"type": "string", "pattern": f"^{KEY_PATTERN}$"}


def operation(named: dict[Any, Json]) -> Operation:
    """The one operation."""
    return "/v1/programmes/{programme}/decisions", "post", _submit(named)


def _submit(named: dict[Any, Json]) -> Json:
    bodies = [named[DecisionRecorded], named[DecisionWaits], named[Problem]]
    answer = {"allOf": [named[LineAnswer], {"type": "object", "properties": {"body": {"anyOf": bodies}}}]}
    return {
        "operationId": "submit-decisions",
        "tags": ["decisions"],
        "summary": "Submit many decisions, a line each.",
        "description": "Line by line, each decision stands for itself, as if they were submitted one after the other; "
        "what is refused fails no other one. Lines are answered while others are still sent: read the answers as you "
        "send, for what is not read stops the reading of lines. A line answered 503 may be recorded next time: send it "
        "again with its key, and what was refused after it. A credential that ends meanwhile ends the request, "
        "with a last answer that says so (401). After a cut, send the same lines again: what was "
        "recorded is answered as it was. With atomic=true, for agencies, all decisions are recorded or none, and each "
        "sees those before it. A line that is signed is signed under its key or, with atomic=true, "
        "under the header's key, a space, and the line's number.",
        "security": CREDENTIALS,
        "parameters": [
            PROGRAMME,
            {
                "name": "atomic",
                "in": "query",
                "required": False,
                "description": f"All or none, of at most {LINES} lines and {TOGETHER_LIMIT} bytes.",
                "schema": {"enum": ["false", "true"], "default": "false"},
            },
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Required with atomic=true, as your own name for all lines together; not given without.",
                "schema": _KEY,
            },
        ],
        "requestBody": {
            "required": True,
            "description": f"NDJSON: a decision a line, of at most {LINE_LIMIT} bytes; blank lines are passed over.",
            "content": {MEDIA_TYPE: {"schema": {"oneOf": [_line(each, named) for each in sorted(DECISIONS)]}}},
        },
        "responses": {
            "200": content("Line by line: an answer for each line, in order.", answer, MEDIA_TYPE),
            "201": content("Together: all are recorded; an answer for each line, in order.", answer, MEDIA_TYPE),
            **problems([400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503]),
        },
    }


def _line(decision: str, named: dict[Any, Json]) -> Json:
    """`key`: with atomic=true there is none."""
    return {
        "type": "object",
        "properties": {
            "decision": {"const": decision},
            "key": {**_KEY, "description": "Your own name for this line, as Idempotency-Key; none with atomic=true."},
            "body": named[DECISIONS[decision].command],
            "signature": {"type": ["string", "null"], "maxLength": MAX_LENGTH, "description": "As JWS-Signature."},
        },
        "required": ["decision", "body"],
        "additionalProperties": False,
    }
