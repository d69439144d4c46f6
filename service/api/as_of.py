"""As of when an answer is asked: a position, or the one that stood at a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Final

from domain.deadlines import is_date
from domain.refusal import FieldError
from service.api.access import AnyRequest
from service.api.answers import whole_number
from service.api.parts import Parts
from service.api.problems import ApiProblem

AS_OF: Final = ("as_of_position", "as_of")
"""The parameters; one of them at most."""
EFFECTIVE: Final = (*AS_OF, "effective_at")
"""With that of what has days of its own: on which day it holds, whenever it was recorded."""

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


async def as_of(request: AnyRequest, parts: Parts) -> int | None:
    """The position that an answer is asked as of, if it is, which the answer cites (`answers.cited`).

    Raises 400; 404 for a time that no position stood at.
    """
    position = whole_number(request, "as_of_position", 0, low=1) or None
    text = request.query_params.get("as_of")
    if text is not None:
        if position is not None:
            raise _wrong("as_of", "not beside as_of_position")
        position = await _stood_at(text, "as_of", parts)
    request.state.as_of = position
    return position


def effective_at(request: AnyRequest) -> str | None:
    """The day that is asked about, if one is. Raises 400."""
    text = request.query_params.get("effective_at")
    if text is not None and not is_date(text):
        raise _wrong("effective_at", "a day such as 2026-03-01")
    return text


async def position_of(text: str, parameter: str, parts: Parts) -> int:
    """The position that a parameter names, or the one that stood at the time that it names. Raises as `as_of`."""
    if text.isascii() and text.isdigit() and len(text) <= 18 and int(text):
        return int(text)
    return await _stood_at(text, parameter, parts)


async def _stood_at(text: str, parameter: str, parts: Parts) -> int:
    return await parts.run(partial(parts.queries.position_at, _time(text, parameter)))


def _time(text: str, parameter: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # the calendar of the machine ends with the years 1 and 9999, in UTC
        pass
    position = "" if parameter == "as_of" else "a position, or "
    example = f"{position}a time of RFC 3339 such as 2026-02-01T09:00:00+09:00, its + written as %2B"
    raise _wrong(parameter, example)


def _wrong(parameter: str, detail: str) -> ApiProblem:
    said = f"{parameter}: {detail}"
    return ApiProblem("invalid-parameter", said, errors=(FieldError(f"/{parameter}", said),))
