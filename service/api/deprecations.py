"""Operations that are to go: each of their answers says so (RFC 9745, RFC 8594), and so does the OpenAPI document."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Final, NamedTuple, cast

from litestar.enums import HttpMethod
from litestar.types import HTTPScope, Message, Scope


class Deprecation(NamedTuple):
    """From which day on an operation is better not called, on which day it is gone, and what does the same instead."""

    since: date
    sunset: date
    successor: str


Named = tuple[str, str]
"""Method in upper case, and path, as the OpenAPI document has them."""

DEPRECATED: Final[dict[Named, Deprecation]] = {}
"""What is to go. At least half a year lies between its two days."""


def operation_of(scope: HTTPScope) -> Named:
    """Which operation a request is of; each type of decision has its own."""
    path = str(scope.get("path_template", ""))
    decision = scope.get("path_params", {}).get("decision_type")
    if decision is not None:
        path = path.replace("{decision_type}", str(decision))
    return HttpMethod(scope["method"]).value, path


async def tell_of_deprecation(message: Message, scope: Scope) -> None:
    """Before an answer is sent."""
    if not DEPRECATED or message["type"] != "http.response.start":
        return
    found = DEPRECATED.get(operation_of(cast("HTTPScope", scope)))
    if found is not None:
        message["headers"] = [
            *message["headers"],
            (b"deprecation", f"@{int(_midnight(found.since).timestamp())}".encode()),
            (b"sunset", format_datetime(_midnight(found.sunset), usegmt=True).encode()),
            (b"link", f'<{found.successor}>; rel="successor-version"'.encode()),
        ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
