"""JSON of a bundle, where a name that stands twice would be read by one reader as this and by another as that."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


def read_json(content: bytes) -> Any:
    """What UTF-8 bytes say. Raises `ValueError`, also for a name that stands twice in an object."""
    try:
        said = _decode(content)
        if _encode(said) == content:  # as this project writes it: whatever stood twice would be gone
            return said
    except (msgspec.DecodeError, RecursionError):
        pass  # the other reader says why, or reads it
    try:
        said = json.loads(content.decode(), object_pairs_hook=_once)
        json.dumps(said, ensure_ascii=False).encode()  # half a character is none
    except RecursionError:
        raise ValueError("it goes too deep") from None
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found
