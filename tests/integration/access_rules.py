"""Who may ask for what, by hand: decisions and operations by credential, in their own and in another programme.

What no rule names is given to the agency with the mandate alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple

CREDENTIALS: Final = ("nobody", "owner", "second", "idle", "team", "rival", "evaluator", "auditor", "operator")
"""Of the first programme: an agency with most mandates, one with few, one with none; the team that a decision is about,
another team; an evaluator of its panel. An auditor and an operator are of no programme."""
SIGNED_IN: Final = {"member": "owner", "steward": "operator"}
"""Who is signed in, and the credential whose rules hold for them: they act for the same agency, or as an operator."""
PLACES: Final = ("own", "other")
IN_PERSON: Final = {
    *("acknowledge-notice", "assent-amendment", "file-objection", "give-statement", "waive-objections"),
    "withdraw-team",
}
DECIDED_BY: Final[dict[str, set[str]]] = {
    **{decision: {"team"} for decision in IN_PERSON},
    **{decision: {"team", "owner"} for decision in ("apply-to-call", "report-usage")},
    **{decision: {"owner", "second"} for decision in ("decide-objection", "issue-certificate", "publish-results")},
    **{decision: {"second"} for decision in ("approve", "reject")},
}
"""Who may make a decision in its own programme, if it is not the owner alone; in another programme nobody may."""
REFUSED_BY: Final = {
    **dict.fromkeys(("register-key", "revoke-key"), "not-own-agency"),
    **dict.fromkeys(("approve", "reject"), "not-countersigner"),
    "issue-certificate": "not-joint-publishers",
    "withdraw-proposal": "not-proposer",
}
"""Why agencies and teams may not, if it is not for want of a mandate."""

EVERYBODY: Final = {*CREDENTIALS}
INSIDERS: Final = {"owner", "second", "idle", "auditor"}
TEAMS: Final = {"team", "rival"}
"""Let in, each finds a proposal of its own only."""


class Rule(NamedTuple):
    """Who is let in, in their own programme and in another, and the problems of all others.

    `stranger`: of an agency of another programme. `nobody`: of who shows no key. `problem`: of who else holds one.
    """

    own: set[str]
    other: set[str]
    problem: str = ""
    stranger: str = ""
    nobody: str = "unauthenticated"


KEYLESS: Final = Rule({*EVERYBODY, "revoked"}, {*EVERYBODY, "revoked"})
"""No key is looked at, not even a wrong one."""
READ_BY_ALL: Final = Rule(EVERYBODY, EVERYBODY)
OPERATORS: Final = Rule({"operator"}, {"operator"}, "wrong-role", "wrong-role")
REACTIONS: Final = "reactions-not-yours-to-read"
WORKLOAD: Final = "workload-not-yours-to-read"
PERSONAL: Final = "personal-data-not-yours"
SHEETS: Final = "sheets-not-yours-to-read"
PROGRAMME: Final = "/v1/programmes/{programme}"
TOLD: Final = Rule(
    {*INSIDERS, "team", "rival"}, {"auditor", "team", "rival"}, "wrong-role", "notices-not-yours-to-read"
)
"""A consortium is told of additional calls of any programme."""
OPERATIONS: Final[dict[str, Rule]] = {
    **dict.fromkeys(
        (
            *("GET /docs", "GET /docs/openapi.json", "GET /openapi.json", "GET /problems", "GET /problems/{slug}"),
            *("GET /.well-known/jwks.json", "GET /.well-known/oauth-authorization-server"),
            *("GET /v1/ledger/log", "GET /v1/ledger/checkpoint", "GET /v1/ledger/checkpoint/{size}"),
            *("GET /v1/ledger/tile/{path}", "GET /v1/ledger/leaves", "GET /v1/ledger/receipts/{position}"),
            *("GET /v1/ledger/logs/{number}/checkpoint", "GET /v1/ledger/logs/{number}/tile/{path}"),
            *("GET /v1/ledger/proofs/inclusion", "GET /v1/ledger/proofs/consistency"),
            *("GET /health/live", "GET /health/ready", "GET /metrics"),
            *("GET /v1/programmes", f"GET {PROGRAMME}", f"GET {PROGRAMME}/charter"),
        ),
        KEYLESS,
    ),
    **{
        f"GET {PROGRAMME}/{view}": READ_BY_ALL
        for view in (
            "audit-trail",
            "calls",
            "diff",
            "explain",
            "grants",
            "objections",
            "standings",
            "teams",
            "timeline",
        )
    },
    "GET /v1/ledger/events": READ_BY_ALL,
    "GET /v1/ledger/stream": READ_BY_ALL,
    "GET /v1/ledger/export": READ_BY_ALL,
    **dict.fromkeys(
        (
            *("GET /v1/keys", "POST /v1/keys", "DELETE /v1/keys/{key_id}"),
            *("GET /v1/clients", "POST /v1/clients", "GET /v1/clients/{client_id}", "DELETE /v1/clients/{client_id}"),
            *("POST /v1/clients/{client_id}/keys", "DELETE /v1/clients/{client_id}/keys/{kid}"),
            *("GET /v1/people", "POST /v1/people", "GET /v1/people/{person_id}", "DELETE /v1/people/{person_id}"),
            *("POST /v1/people/{person_id}/memberships", "DELETE /v1/people/{person_id}/memberships/{membership}"),
            *("POST /v1/people/{person_id}/identities", "GET /v1/people/{person_id}/sessions"),
            "DELETE /v1/people/{person_id}/sessions/{session_id}",
        ),
        OPERATORS,
    ),
    f"GET {PROGRAMME}/workload": Rule(INSIDERS, {"auditor"}, WORKLOAD, WORKLOAD, WORKLOAD),
    f"POST {PROGRAMME}/subjects": Rule({"owner"}, set(), PERSONAL, PERSONAL, PERSONAL),
    f"GET {PROGRAMME}/subjects/{{subject}}": Rule({"owner", "auditor"}, {"auditor"}, PERSONAL, PERSONAL, PERSONAL),
    f"GET {PROGRAMME}/disagreement": Rule({*INSIDERS, "evaluator"}, {"auditor", "evaluator"}, SHEETS, SHEETS, SHEETS),
    **dict.fromkeys((f"GET {PROGRAMME}/notices", f"GET {PROGRAMME}/notices/{{notice}}"), TOLD),
    **dict.fromkeys((f"GET {PROGRAMME}/endpoints", f"GET {PROGRAMME}/deliveries"), TOLD),
    f"GET {PROGRAMME}/notice-evidence": TOLD,
    f"GET {PROGRAMME}/reactions": Rule(INSIDERS, {"auditor"}, REACTIONS, REACTIONS, REACTIONS),
    **dict.fromkeys(
        (
            f"POST {PROGRAMME}/endpoints",
            f"DELETE {PROGRAMME}/endpoints/{{endpoint}}",
            *(
                f"POST {PROGRAMME}/endpoints/{{endpoint}}/{each}"
                for each in ("state", "secrets", "tests", "confirmation")
            ),
        ),
        Rule(TEAMS, TEAMS, "wrong-role", "wrong-role"),
    ),
    f"POST {PROGRAMME}/deliveries/{{delivery}}/resend": Rule(
        {*INSIDERS - {"auditor"}, *TEAMS}, TEAMS, "wrong-role", "notices-not-yours-to-read"
    ),
    f"POST {PROGRAMME}/what-if": Rule(INSIDERS, {"auditor"}, "wrong-role", "what-if-not-yours-to-ask"),
    f"GET {PROGRAMME}/sensitivity": Rule(INSIDERS, {"auditor"}, "wrong-role", "what-if-not-yours-to-ask"),
    f"POST {PROGRAMME}/disclosure-check": Rule(INSIDERS, {"auditor"}, "wrong-role", "check-not-yours-to-ask"),
    "GET /v1/proposals/{proposal}": Rule(
        {*INSIDERS, *TEAMS}, {"auditor", *TEAMS}, "wrong-role", "preview-not-yours-to-read"
    ),
}
"""Who may call an operation that submits no decision; besides, a key that was revoked is none to any of them."""
OF_DECISIONS: Final = {
    f"POST {PROGRAMME}/decisions",
    f"POST {PROGRAMME}/decisions/{{decision_type}}",
    f"POST {PROGRAMME}/decisions/{{decision_type}}/preview",
    "POST /v1/proposals/{proposal}/{step}",
}
OF_CLIENTS: Final = {"POST /oauth/token"}
"""Asks for credentials of its own: see `test_tokens`."""
OF_BROWSERS: Final = {
    *("GET /sign-in", "GET /sign-in/callback", "GET /sign-in/link", "POST /sign-in/link", "POST /sign-out"),
    *("GET /v1/session", "GET /v1/sessions", "DELETE /v1/sessions/{session_id}"),
}
"""Looks at cookies: see `test_sessions`, `test_sign_in_at_issuer` and `test_sign_in_links`."""


def submitting(decision: str, credential: str, place: str) -> str:
    """The problem that a decision is refused with for who asks; none if it is let in."""
    if credential == "nobody":
        return "unauthenticated"
    if credential in ("evaluator", "auditor", "operator"):
        return "wrong-role"
    if place == "own" and credential in DECIDED_BY.get(decision, {"owner"}):
        return ""
    return REFUSED_BY.get(decision, "not-mandated")


def previewing(decision: str, credential: str, place: str) -> str:
    """The same for its preview, which is for agencies of the programme."""
    if credential in ("team", "rival"):
        return "wrong-role"
    if credential in INSIDERS - {"auditor"} and place == "other":
        return "preview-not-yours-to-read"
    return submitting(decision, credential, place)


def calling(rule: Rule, credential: str, place: str) -> str:
    """The same for an operation that submits no decision."""
    if credential in (rule.own if place == "own" else rule.other):
        return ""
    if credential == "revoked":
        return "unauthenticated"
    if credential == "nobody":
        return rule.nobody
    return rule.stranger if credential in INSIDERS else rule.problem
