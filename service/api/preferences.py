"""What a decision's request says beside its body: what must not have changed, and what its answer is to wait for."""

from __future__ import annotations

import re
from typing import Final

from litestar.datastructures import Headers

from service.api.conditions import tags_in
from service.api.headers import only_header
from service.api.problems import ApiProblem

PROJECTED: Final = "projected"
"""`Prefer: wait=projected`: until every view of the programme has the decision."""
SEALED: Final = "sealed"
"""`Prefer: wait=sealed`: until a checkpoint covers it, and its receipt is there."""

_POSITION: Final = re.compile(r"[0-9]{1,18}")
_WAIT: Final = re.compile(r'wait\s*=\s*"?([a-z]+)"?\s*(;.*)?', re.IGNORECASE)


def unchanged_since(headers: Headers) -> int | None:
    """The position in `If-Match`, as views and previews state it: nothing that the decision depends on came after it.

    Of several the last counts: it is enough that one is true. `*` asks for nothing. Raises 400; 412 for weak ones only.
    """
    text = only_header(headers, "If-Match")
    if text is None or text.strip() == "*":
        return None
    named = list(tags_in(text))
    if not named or not all(_POSITION.fullmatch(each.text) for each in named):
        raise ApiProblem("invalid-parameter", 'If-Match: the position that was looked at, in quotes, such as "1024"')
    strong = [int(each.text) for each in named if not each.weak]
    if not strong:
        raise ApiProblem("not-that-answer", "If-Match: a weak tag, W/, is never enough to decide on")
    return max(strong)


def waits_for(headers: Headers) -> str | None:
    """What `Prefer: wait=` names, if it names something (RFC 7240): what is not known is not minded, and the first
    counts."""
    for preference in ",".join(headers.getall("prefer", [])).split(","):
        if found := _WAIT.fullmatch(preference.strip()):
            return found[1].lower()
    return None
