"""The part of the OpenAPI document about what follows by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.openapi_parts import Json, Operation, read
from service.application.following import Reactions

ANSWERS: Final = (Reactions,)


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    summary = "What the charter has follow by itself and is not decided: when it is due, and what holds it."
    found = read("get-reactions", summary, named[Reactions], of_programme=True, with_key=True)
    yield "/v1/programmes/{programme}/reactions", "get", found
