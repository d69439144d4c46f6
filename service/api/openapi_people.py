"""The part of the OpenAPI document about people: who they are, and how they sign in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from service.api.oauth import FORM
from service.api.openapi_access import administering
from service.api.openapi_parts import Json, Operation, content, problems, with_headers
from service.api.openapi_problems import problem_answers
from service.api.people import PersonList, SessionList
from service.api.sessions import SessionState
from service.api.sign_in import RETURN_TO
from service.application.identity import ExternalIdentity, Membership
from service.application.people import NewPerson, PersonRecord

ANSWERS: Final = (PersonList, PersonRecord, NewPerson, Membership, ExternalIdentity, SessionList, SessionState)

_PAGE: Final[Json] = {"type": "string"}


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    """Every operation."""
    administer = administering(named)
    people, one = "/v1/people", "/v1/people/{person_id}"
    of_person = ("person_id",)
    yield people, "get", administer("list-people", "Every person.", gives=PersonList)
    yield people, "post", administer("add-person", "Add a person.", gives=PersonRecord, asks=NewPerson)
    yield one, "get", administer("get-person", "One person.", gives=PersonRecord, parameters=of_person)
    revoked = "Revoke a person, for ever, and end their sessions."
    yield one, "delete", administer("revoke-person", revoked, parameters=of_person)
    for name, summary, asks, where in (
        ("grant-membership", "Let a person act for somebody.", Membership, "memberships"),
        ("link-identity", "Say that an account at an issuer is a person's.", ExternalIdentity, "identities"),
    ):
        operation = administer(name, summary, gives=PersonRecord, asks=asks, parameters=of_person)
        yield f"{one}/{where}", "post", operation
    withdrawn = "Let a person act for somebody no longer: role:subject."
    operation = administer("withdraw-membership", withdrawn, parameters=("person_id", "membership"))
    yield f"{one}/memberships/{{membership}}", "delete", operation
    listed = administer("list-sessions-of", "A person's sessions.", gives=SessionList, parameters=of_person)
    yield f"{one}/sessions", "get", listed
    ended = administer("end-session-of", "End a person's session.", parameters=("person_id", "session_id"))
    yield f"{one}/sessions/{{session_id}}", "delete", ended

    own = {"whom": "whoever is signed in"}
    yield "/v1/session", "get", administer("get-session", "Who is signed in.", gives=SessionState, **own)
    yield "/v1/sessions", "get", administer("list-sessions", "One's own sessions.", gives=SessionList, **own)
    ended = administer("end-session", "End one of one's own sessions.", parameters=("session_id",), **own)
    yield "/v1/sessions/{session_id}", "delete", ended

    def browser(name: str, summary: str, responses: Json, statuses: list[int], *parameters: str, **more: Any) -> Json:
        return {
            "operationId": name,
            "tags": ["signing in"],
            "summary": summary,
            "security": [],
            "parameters": [
                {
                    "name": each,
                    "in": "query",
                    "required": False,
                    "description": meaning[each],
                    "schema": patterns.get(each, _PAGE),
                }
                for each in parameters
            ],
            "responses": {**responses, **problems(statuses)},
            **more,
        }

    meaning = {
        "return_to": "A path of this service, where the browser goes afterwards.",
        "state": "As it was sent to the issuer.",
        "code": "What the issuer gives an ID token for.",
        "iss": "The issuer (RFC 9207).",
        "error": "Why the issuer signed nobody in.",
        "secret": "The link's secret.",
    }

    patterns: dict[str, Json] = {"return_to": {"type": "string", "pattern": f"^{RETURN_TO}$"}}

    def form(*fields: str) -> Json:
        properties = {field: patterns.get(field, {"type": "string"}) for field in fields}
        schema = {"type": "object", "properties": properties}
        return {"requestBody": {"required": False, "content": {FORM: {"schema": schema}}}}

    page = content("A page.", _PAGE, "text/html")
    refused = content("A page that says why nobody was signed in; or a problem.", _PAGE, "text/html")
    refused["content"].update(problem_answers(named)["problem-403"]["content"])
    elsewhere = {"description": "On to where Location says.", **with_headers("Location")}
    begun = browser(
        "sign-in",
        "Sign in at the OIDC issuer; where there is none, a page that says how.",
        {"200": page, "303": elsewhere},
        [400, 403, 503],
        "return_to",
    )
    yield "/sign-in", "get", begun
    completed = browser(
        "complete-sign-in",
        "Where the issuer sends the browser back to.",
        {"303": elsewhere},
        [400, 409, 429, 503],
        "state",
        "code",
        "iss",
        "error",
    )
    completed["responses"]["403"] = refused
    yield "/sign-in/callback", "get", completed
    shown = browser("show-link", "A button for a sign-in link.", {"200": page}, [400], "secret", "return_to")
    shown["responses"]["403"] = refused
    yield "/sign-in/link", "get", shown
    used = browser(
        "use-link",
        "Sign in by a link, once.",
        {"303": elsewhere},
        [400, 408, 409, 413, 415, 429, 503],
        **form("secret", "return_to"),
    )
    used["responses"]["403"] = refused
    yield "/sign-in/link", "post", used
    out = browser(
        "sign-out", "End the session.", {"200": page}, [400, 401, 403, 408, 413, 415, 429, 503], **form("csrf_token")
    )
    yield "/sign-out", "post", out
