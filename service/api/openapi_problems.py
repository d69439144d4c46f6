"""The part of the OpenAPI document about what goes wrong: an answer for each status, which operations name."""

from __future__ import annotations

from typing import Any, Final

from service.api.openapi_examples import problem_examples
from service.api.openapi_parts import Json, problem_name, with_headers
from service.api.problems import MEDIA_TYPE, Problem, catalogue

_HEADERS: Final = {401: ("WWW-Authenticate",), 415: ("Accept-Encoding",), 429: ("Retry-After",), 503: ("Retry-After",)}
_OF_NO_OPERATION: Final = (405, 500)
"""Statuses that no operation is to have."""


def problem_answers(named: dict[Any, Json]) -> Json:
    """The problems of each status, by the name of the component."""
    by_status: dict[int, list[str]] = {}
    for slug, (status, _title) in catalogue().items():
        if status not in _OF_NO_OPERATION:
            by_status.setdefault(status, []).append(slug)
    return {
        problem_name(status): {
            "description": "; ".join(slugs),
            "content": {MEDIA_TYPE: {"schema": named[Problem], **problem_examples(slugs)}},
            **with_headers(*_HEADERS.get(status, ())),
        }
        for status, slugs in sorted(by_status.items())
    }
