"""JSON of a bundle, where a name that stands twice would be read by one reader as this and by another as that."""

from __future__ import annotations

import json
from typing import Any


def read_json(content: bytes) -> Any:
    """What UTF-8 bytes say. Raises `ValueError`, also for a name that stands twice in an object."""
    try:
        return json.loads(content.decode(), object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it goes too deep") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found
