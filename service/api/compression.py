"""Answers in gzip, for those who take it."""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Final

COMPRESSED_FROM: Final = 1024
"""Bytes; of fewer nothing is gained."""
_LEVEL: Final = 5


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an `Accept-Encoding` names gzip, or anything, with a weight above zero; gzip itself counts for more."""
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, _, parameter = part.partition(";")
        name, _, weight = parameter.strip().partition("=")
        weights[coding.strip().lower()] = _weight(weight) if name.strip().lower() == "q" else 1.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@lru_cache(maxsize=32)
def gzipped(body: bytes) -> bytes:
    """The same bytes for the same body; what is asked for again and again is made once."""
    return gzip.compress(body, _LEVEL, mtime=0)
