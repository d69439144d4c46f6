"""The part of the OpenAPI document that says where one answer leads."""

from __future__ import annotations

from typing import Final

from domain.rulebook import DECISIONS
from service.api.decisions import SETTLEMENTS
from service.api.openapi_decisions import may_wait
from service.api.openapi_parts import Json

_RECORDED: Final = "$response.body#/events/0/position"
_PROGRAMME: Final = {"programme": "$request.path.programme"}


def _link(operation: str, description: str, parameters: dict[str, str], body: dict[str, str] | None = None) -> Json:
    asked = {} if body is None else {"requestBody": body}
    return {"operationId": operation, "description": description, "parameters": parameters, **asked}


_SEES: Final = "The view once it has the decision: the position is that of the decision's first event."
_PROPOSAL: Final = {"proposal": "$response.body#/proposal"}

LINKS: Final[dict[str, Json]] = {
    "receipt": _link("get-receipt", "The proof of what was recorded; 404 until it is sealed.", {"position": _RECORDED}),
    "since": _link("list-events", "What was recorded after it.", {"after": _RECORDED}),
    **{
        view: _link(f"get-{view}", _SEES, {**_PROGRAMME, "min_position": _RECORDED})
        for view in ("standings", "grants", "audit-trail", "timeline", "workload")
    },
    "proposal": _link("get-proposal", "What another agency has to approve, and what it would come to.", _PROPOSAL),
    "approve": _link(
        "approve-proposal",
        "For an agency that is awaited.",
        _PROPOSAL,
        {"command_hash": "$response.body#/command_hash"},
    ),
    "reject": _link("reject-proposal", "For an agency that is awaited; the body says why.", _PROPOSAL),
    "withdraw": _link("withdraw-proposal", "For who proposed it; the body names the proposal.", _PROGRAMME),
    "programme": _link("get-programme", "The first of them.", {"programme": "$response.body#/programmes/0/programme"}),
    "stage-standings": _link(
        "get-standings", "Of its first stage.", {**_PROGRAMME, "stage": "$response.body#/stages/0/id"}
    ),
    "explanation": _link(
        "get-explanation",
        "Why the first team stands where it does.",
        {**_PROGRAMME, "team": "$response.body#/rows/0/team", "stage": "$response.body#/stage"},
    ),
    "same-again": _link(
        "get-standings",
        "The same standings, whatever is recorded later.",
        {**_PROGRAMME, "stage": "$response.body#/stage", "as_of_position": "$response.body#/position"},
    ),
    "changes": _link(
        "get-diff",
        "What has been recorded and changed up to where it stands.",
        {**_PROGRAMME, "from": "1", "to": "$response.body#/position"},
    ),
    "entry-receipt": _link(
        "get-receipt", "The proof of its first entry.", {"position": "$response.body#/entries/0/position"}
    ),
    "first-notice": _link(
        "get-notice", "The first of them.", {**_PROGRAMME, "notice": "$response.body#/notices/0/notice"}
    ),
    "client": _link("get-client", "The client.", {"client_id": "$response.body#/client_id"}),
    "client-key": _link("add-client-key", "Another key of it.", {"client_id": "$response.body#/client_id"}),
    "client-revoked": _link("revoke-client", "The end of it.", {"client_id": "$response.body#/client_id"}),
    "first-client": _link("get-client", "The first of them.", {"client_id": "$response.body#/clients/0/client_id"}),
    "key-revoked": _link("revoke-api-key", "The end of it.", {"key_id": "$response.body#/key_id"}),
    "person": _link("get-person", "The person.", {"person_id": "$response.body#/person_id"}),
    "membership": _link("grant-membership", "For whom the person acts.", {"person_id": "$response.body#/person_id"}),
    "identity": _link(
        "link-identity", "How the person signs in elsewhere.", {"person_id": "$response.body#/person_id"}
    ),
    "person-revoked": _link("revoke-person", "The end of it.", {"person_id": "$response.body#/person_id"}),
    "first-person": _link("get-person", "The first of them.", {"person_id": "$response.body#/people/0/person_id"}),
}
"""By name."""

_AFTER_RECORDING: Final = ("receipt", "since", "standings", "grants", "audit-trail", "timeline", "workload")
_OF_PROPOSALS: Final = ("proposal", "approve", "reject", "withdraw")

FROM: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    **{(name, "201"): _AFTER_RECORDING for name, decision in DECISIONS.items() if decision.comes_to},
    **{
        (name, "202"): (*_OF_PROPOSALS, *_AFTER_RECORDING) for name, decision in DECISIONS.items() if may_wait(decision)
    },
    **{(f"{settling}-proposal", "201"): ("receipt", "since") for settling in SETTLEMENTS.values()},
    ("get-proposal", "200"): ("approve", "reject"),
    ("list-programmes", "200"): ("programme",),
    ("get-programme", "200"): ("stage-standings",),
    ("get-standings", "200"): ("explanation", "same-again", "changes"),
    ("get-audit-trail", "200"): ("entry-receipt",),
    ("get-notices", "200"): ("first-notice",),
    ("register-client", "201"): ("client", "client-key", "client-revoked"),
    ("list-clients", "200"): ("first-client",),
    ("issue-key", "201"): ("key-revoked",),
    ("add-person", "201"): ("person", "membership", "identity", "person-revoked"),
    ("list-people", "200"): ("first-person",),
}
"""Operation and status → the links that its answer has."""


def add_links(operation: Json) -> None:
    """Say where its answers lead."""
    for status, answer in operation["responses"].items():
        names = FROM.get((operation["operationId"], status), ())
        if names:
            answer["links"] = {name: {"$ref": f"#/components/links/{name}"} for name in names}
