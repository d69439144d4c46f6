"""The part of the OpenAPI document about who comes in: tokens, keys, clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from service.api.administration import ClientList, KeyIssued, KeyList
from service.api.oauth import BY_ASSERTION, FORM, GRANT, KeySet, ServerMetadata, TokenAnswer, TokenFault
from service.api.openapi_parts import CREDENTIALS, SESSION, Json, Operation, content, problems
from service.application.administration import ClientRecord, NewClient, NewKey, PublicJwk
from service.application.people import PersonRecord
from service.application.tokens import ENDPOINT

SCHEMES: Final[Json] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key, `prefix_id.secret`, or an access token.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key, or an access token."},
    "clientCredentials": {
        "type": "oauth2",
        "description": "A client signs an assertion (private_key_jwt, RFC 7523) and is given a token for five minutes.",
        "flows": {"clientCredentials": {"tokenUrl": ENDPOINT, "scopes": {}}},
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-sillok-session",
        "description": "Of a person who signed in at /sign-in; looked at only where there is no other credential. A "
        "change is asked for by a page of the service itself, with the X-CSRF-Token that GET /v1/session gives. Who "
        "acts for several says for whom in Sillok-Acting-For: role:subject. Without HTTPS, on loopback, it is "
        "sillok-session.",
    },
}

ANSWERS: Final = (
    TokenAnswer,
    TokenFault,
    KeySet,
    ServerMetadata,
    KeyList,
    KeyIssued,
    ClientList,
    ClientRecord,
    NewKey,
    NewClient,
    PublicJwk,
)

_FORM: Final[Json] = {
    "type": "object",
    "required": ["grant_type", "client_assertion_type", "client_assertion"],
    "properties": {
        "grant_type": {"const": GRANT},
        "client_assertion_type": {"const": BY_ASSERTION},
        "client_assertion": {
            "type": "string",
            "maxLength": 4096,
            "description": "A JWT signed with the client's key: alg EdDSA or Ed25519, kid; iss and sub the client_id, "
            "aud the issuer or this address, jti once each, exp two minutes ahead at most.",
        },
        "client_id": {"type": "string", "description": "May be left out; else the assertion's."},
    },
}


def operations(named: dict[Any, Json]) -> Iterator[Operation]:
    """Every operation."""

    def fault(meaning: str) -> Json:
        return content(meaning, named[TokenFault], "application/json")

    yield (
        ENDPOINT,
        "post",
        {
            "operationId": "issue-token",
            "tags": ["tokens"],
            "summary": "A token for a client's signed assertion (RFC 6749 4.4, 7523, 9068).",
            "security": [],
            "requestBody": {"required": True, "content": {FORM: {"schema": _FORM}}},
            "responses": {
                "200": content("An access token, at+jwt.", named[TokenAnswer], "application/json"),
                "400": fault("invalid_request; unsupported_grant_type; invalid_scope"),
                "401": fault("invalid_client"),
                **problems([408, 413, 415, 429, 503]),
            },
        },
    )
    for path, name, summary, schema, media_type in (
        ("jwks.json", "get-jwks", "The keys that tokens are signed with.", KeySet, "application/jwk-set+json"),
        ("oauth-authorization-server", "get-metadata", "RFC 8414.", ServerMetadata, "application/json"),
    ):
        found = {"200": content(summary, named[schema], media_type)}
        operation = {"operationId": name, "tags": ["tokens"], "summary": summary, "security": [], "responses": found}
        yield f"/.well-known/{path}", "get", operation

    administer = administering(named)
    keys, clients = "/v1/keys", "/v1/clients"
    yield keys, "get", administer("list-keys", "Every key, without its secret.", gives=KeyList)
    issued = administer("issue-key", "Issue a key; it is shown this once.", gives=KeyIssued, asks=NewKey)
    yield keys, "post", issued
    yield f"{keys}/{{key_id}}", "delete", administer("revoke-api-key", "Revoke a key.", parameters=("key_id",))
    yield clients, "get", administer("list-clients", "Every client, with its public keys.", gives=ClientList)
    registered = administer("register-client", "Register a client.", gives=ClientRecord, asks=NewClient)
    yield clients, "post", registered
    one = f"{clients}/{{client_id}}"
    yield one, "get", administer("get-client", "One client.", gives=ClientRecord, parameters=("client_id",))
    yield one, "delete", administer("revoke-client", "Revoke a client and its tokens.", parameters=("client_id",))
    added = administer(
        "add-client-key", "Add a public key.", gives=ClientRecord, asks=PublicJwk, parameters=("client_id",)
    )
    yield f"{one}/keys", "post", added
    revoked = administer("revoke-client-key", "Revoke a public key and its tokens.", parameters=("client_id", "kid"))
    yield f"{one}/keys/{{kid}}", "delete", revoked


def administering(named: dict[Any, Json]) -> Callable[..., Json]:
    """Makes an operation that gives, takes away or lists credentials; `whom`: for operators, or who is signed in."""

    def administer(
        name: str,
        summary: str,
        *,
        gives: Any = None,
        asks: Any = None,
        parameters: tuple[str, ...] = (),
        whom: str = "operators",
    ) -> Json:
        statuses = [400, 401, 403, 429, 503, *([404] if parameters else []), *([408, 413, 415, 422] if asks else [])]
        if asks is not None and gives in (ClientRecord, PersonRecord):
            statuses.append(409)
        status = "204" if gives is None else "201" if asks else "200"
        done = (
            {"description": "Done."} if gives is None else content("Not to be kept.", named[gives], "application/json")
        )
        operation: Json = {
            "operationId": name,
            "tags": ["administration" if whom == "operators" else "signing in"],
            "summary": f"{summary} For {whom}.",
            "security": CREDENTIALS if whom == "operators" else [SESSION],
            "parameters": [
                {"name": each, "in": "path", "required": True, "description": "Its id.", "schema": {"type": "string"}}
                for each in parameters
            ],
            "responses": {status: done, **problems(sorted(statuses))},
        }
        if asks is not None:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": named[asks]}}}
        return operation

    return administer
