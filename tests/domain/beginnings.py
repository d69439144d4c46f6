"""Where random histories begin, and with which decisions they go on."""

from __future__ import annotations

from typing import Final

from tests.domain.bodies import BODIES
from tests.domain.lives import LIVES

_SCORING: Final = {
    "appoint-evaluator",
    "declare-conflict",
    "recuse-evaluator",
    "replace-evaluator",
    "submit-score",
    "correct-score",
    "record-measurement",
    "correct-measurement",
    "record-exclusion",
    "close-scoring",
    "certify-figure",
    "consolidate-stage",
    "reopen-scoring",
    "reconsolidate-stage",
    "publish-results",
    "finalise-stage",
}
_GRANTS: Final = {
    "set-resource-pool",
    "grant-resource",
    "adjust-grant",
    "suspend-grant",
    "resume-grant",
    "revoke-grant",
    "report-usage",
}
_HEARING: Final = {
    "amend-charter",
    "declare-conflict",
    "register-evidence",
    "open-independence-review",
    "request-statement",
    "give-statement",
    "give-opinion",
    "rule-independence",
    "file-objection",
    "decide-objection",
}
_RULES: Final = {
    "amend-charter",
    "assent-amendment",
    "register-key",
    "revoke-key",
    "erase-subject",
    "seal-field",
    "open-stage",
}
_OUTCOMES: Final = (set(BODIES) - _SCORING - _GRANTS - _RULES - _HEARING) | {
    "rule-independence",
    "file-objection",
    "decide-objection",
}


def _beginnings() -> list[tuple[str, tuple[str, ...]]]:
    found = [(life, set(BODIES)) for life in LIVES]
    found += [(life, _SCORING) for life in ("scored", "replaced", "closed", "proposed", "reopened")]
    found += [(life, _GRANTS) for life in ("called", "granted", "granted", "revoked")] * 2
    found += [
        (life, _OUTCOMES) for life in ("consolidated", "agreed", "published", "upheld", "upheld", "flipped", "final")
    ]
    found += [(life, _HEARING) for life in ("hearing", "hearing", "heard", "heard", "left under review")]
    found += [(life, _RULES) for life in ("rules", "heard", "rules")]
    found += [(life, _OUTCOMES) for life in ("all stay", "two leave", "left")]
    found += [(life, _SCORING) for life in ("certified", "published anew")]
    return [(life, tuple(sorted(decisions))) for life, decisions in found]


BEGINNINGS: Final = _beginnings()
"""Lives to begin after, and the decisions to go on with: those of one topic meet more often than those of all."""
