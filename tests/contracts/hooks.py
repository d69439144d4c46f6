"""What schemathesis is to know of the media types that are the service's own."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def write_lines(_context: Any, value: Any) -> bytes:
    """A line for each; of what the contract calls one line, one."""
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


@schemathesis.deserializer("application/x-ndjson")
def read_lines(_context: Any, response: Any) -> Any:
    """The first line: each is of the same shape."""
    lines = response.text.splitlines()
    return json.loads(lines[0]) if lines else {}
