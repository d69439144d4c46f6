"""The part of the OpenAPI document about what auditors and agencies ask of scores and rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.openapi_parts import AS_OF, STAGE, Json, Operation, asks, read
from service.application.revealing import DisclosureFindings, DisclosureQuestion
from service.application.what_if import SensitivityAnswer, WhatIfAnswer, WhatIfQuestion

ANSWERS: Final = (DisclosureQuestion, DisclosureFindings, WhatIfQuestion, WhatIfAnswer, SensitivityAnswer)


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    one = "/v1/programmes/{programme}"
    check = asks(
        "check-disclosure",
        "What figures would give away before they are published; nothing is recorded.",
        named[DisclosureQuestion],
        named[DisclosureFindings],
        named,
    )
    yield f"{one}/disclosure-check", "post", check
    what_if = asks(
        "ask-what-if",
        "What would follow from other scores or rules; for agencies and auditors. Unofficial, nothing is recorded.",
        named[WhatIfQuestion],
        named[WhatIfAnswer],
        named,
        *AS_OF,
    )
    yield f"{one}/what-if", "post", what_if
    sensitivity = read(
        "get-sensitivity",
        "The smallest changes after which something else would follow; for agencies and auditors. Unofficial.",
        named[SensitivityAnswer],
        named,
        STAGE,
        *AS_OF,
        of_programme=True,
        with_key=True,
    )
    yield f"{one}/sensitivity", "get", sensitivity
