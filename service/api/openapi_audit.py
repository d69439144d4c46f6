"""The part of the OpenAPI document about why things are as they are, and what is asked of scores and rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.openapi_parts import AS_OF, MINIMUM, STAGE, Json, Operation, asks, read
from service.application.differing import Diff
from service.application.explain import Explanation
from service.application.revealing import DisclosureFindings, DisclosureQuestion
from service.application.what_if import SensitivityAnswer, WhatIfAnswer, WhatIfQuestion

ANSWERS: Final = (
    Diff,
    Explanation,
    DisclosureQuestion,
    DisclosureFindings,
    WhatIfQuestion,
    WhatIfAnswer,
    SensitivityAnswer,
)


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    one = "/v1/programmes/{programme}"
    explanation = read(
        "get-explanation",
        "Why a team has its outcome in a stage, or a figure: reasons down to positions, rules and receipts.",
        named[Explanation],
        STAGE,
        (
            "node",
            "One figure only: `rank`, `total`, an assessment, `assessment/criterion` or an index.",
            {"type": "string"},
        ),
        *AS_OF,
        MINIMUM,
        of_programme=True,
    )
    team = {"name": "team", "in": "query", "required": True, "description": "The id of a team of the stage."}
    explanation["parameters"].insert(1, {**team, "schema": {"type": "string", "maxLength": 64}})
    yield f"{one}/explain", "get", explanation
    check = asks(
        "check-disclosure",
        "What figures would give away before they are published; nothing is recorded.",
        named[DisclosureQuestion],
        named[DisclosureFindings],
    )
    yield f"{one}/disclosure-check", "post", check
    what_if = asks(
        "ask-what-if",
        "What would follow from other scores or rules; for agencies and auditors. Unofficial, nothing is recorded.",
        named[WhatIfQuestion],
        named[WhatIfAnswer],
        *AS_OF,
    )
    yield f"{one}/what-if", "post", what_if
    sensitivity = read(
        "get-sensitivity",
        "The smallest changes after which something else would follow; for agencies and auditors. Unofficial.",
        named[SensitivityAnswer],
        STAGE,
        *AS_OF,
        of_programme=True,
        with_key=True,
    )
    yield f"{one}/sensitivity", "get", sensitivity
    diff = read(
        "get-diff",
        "What changed between two positions, in words too, and what was recorded between them.",
        named[Diff],
        *(
            (each, "A position, or the one that stood at a time (RFC 3339) that is past.", {"type": "string"})
            for each in ("from", "to")
        ),
        of_programme=True,
    )
    for parameter in diff["parameters"]:
        parameter["required"] = parameter["in"] != "header"
    yield f"{one}/diff", "get", diff
